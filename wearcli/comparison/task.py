"""The task of a comparison, and the recordings that its models embed."""

from pathlib import Path

from wearcli.comparison.models import Entry
from wearcli.comparison.options import CompareOptions
from wearcli.embedding.metadata import EmbedArguments, TableMetadata
from wearcli.embedding.table import read_table
from wearcli.errors import UsageError, WearcliError
from wearcli.labels.clock_labels import recording_clocks
from wearcli.labels.shared import one_error
from wearcli.labels.tasks import Task, one_against_rest, resolve_task
from wearcli.models.folder import Model
from wearcli.recordings.study.discovery import find_recordings


def compared_recordings(recordings: Path | None, entries: dict[str, Entry]) -> Path | None:
    """Return the recordings of a comparison.

    Args:
        recordings: The recordings as given; None: recordings/.
        entries: The models and tables.

    Returns:
        The recordings; None where only tables are compared, whose own documents name them.

    Raises:
        UsageError: No recordings are given, and there is no folder recordings/.
    """
    if recordings is not None:
        return recordings
    if all(isinstance(entry.source, Path) for entry in entries.values()):
        return None
    if not Path("recordings").is_dir():
        raise UsageError("no recordings named and no folder recordings/ here: name them with --recordings")
    return Path("recordings")


def compared_task(options: CompareOptions, entries: dict[str, Entry]) -> Task:
    """Return the task of the recordings, or of the first table, before anything is embedded.

    Args:
        options: The arguments of `wearcli.compare`.
        entries: The models and tables.

    Returns:
        The task.

    Raises:
        UsageError: There is no such task, or no recording of any signal that a model takes.
    """
    beside = clocks = None
    if options.recordings is not None:
        metadata = TableMetadata(arguments=EmbedArguments((str(options.recordings),)))
        names = _recordings(options.recordings, options.participant_from, entries)
    else:
        beside = next(entry.source for entry in entries.values() if isinstance(entry.source, Path))
        table, metadata = read_table(beside)
        names = table["recording"].unique().to_pylist()
        clocks = recording_clocks(table, metadata)
    task = resolve_task(
        options.task, options.labels, options.target, options.kind, metadata, beside, names, clocks
    )
    return task if options.positive is None else one_against_rest(task, options.positive)


def overlap_warnings(entries: dict[str, Entry], recordings: Path | None) -> list[str]:
    """Return a warning for each model that was trained on a set of the recordings' name.

    The people of such a set may be those of the recordings.

    Args:
        entries: The models and tables.
        recordings: The recordings, or None.

    Returns:
        The warnings.
    """
    if recordings is None:
        return []
    here = recordings.resolve().name
    return [
        f"{name} was trained on a set named '{here}', as these recordings are: if they are its people, its "
        "score says nothing of new ones"
        for name, entry in entries.items()
        if isinstance(entry.source, Model)
        and here in {item.name for item in entry.source.config.training_sets}
    ]


def _recordings(place: Path, participant_from: str | None, entries: dict[str, Entry]) -> list[str]:
    """Return the names of the recordings of any signal that a model takes."""
    signals = {entry.source.modality: None for entry in entries.values() if isinstance(entry.source, Model)}
    names: dict[str, None] = {}
    errors: dict[str, WearcliError] = {}
    for signal in signals or {"acc": None}:
        try:
            files = find_recordings([place], participant_from=participant_from, modality=signal)
            names |= dict.fromkeys(source.recording for source in files.sources)
        except UsageError as error:  # a model of this signal fails by name later, when it embeds
            errors[signal] = error
    if not names:
        raise one_error(errors)
    return list(names)
