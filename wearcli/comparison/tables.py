"""The embeddings tables of models, kept so that a rerun embeds nothing twice."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wearcli.comparison.models import Entry
from wearcli.comparison.options import CompareOptions
from wearcli.embedding.embed import embed
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.stream import Stream
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.models.folder import Model
from wearcli.recordings.recording import Source


@dataclass
class Tables:
    """The tables of the models.

    Attributes:
        paths: The table of each model.
        to_embed: How many recordings were new or changed, for each model.
        failed: The recordings that could not be embedded, and the error.
        errors: The models that could embed none, and the error.
    """

    paths: dict[str, Path] = field(default_factory=dict)
    to_embed: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, WearcliError] = field(default_factory=dict)


def embed_tables(
    entries: dict[str, Entry],
    options: CompareOptions,
    folder: Path,
    dry_run: bool,
    watch: Callable[[str, float], None],
) -> Tables:
    """Embed the recordings with every model into a table; an existing table is brought up to date.

    Args:
        entries: The models and tables.
        options: The recordings, and how they are read.
        folder: The folder of the tables.
        dry_run: Count only.
        watch: Called with the model and the share of everything that is done.

    Returns:
        The tables.

    Raises:
        KeyboardInterrupt: After an interrupt; complete recordings are then in their table.
    """
    tables = Tables()
    for number, (name, entry) in enumerate(entries.items()):
        if isinstance(entry.source, Path):
            tables.paths[name] = entry.source
            continue

        def model_share(share: float, name: str = name, number: int = number) -> None:
            watch(name, (number + share) / len(entries))

        path = folder / _file_name(entry.source, options.stride_s)
        try:
            result = _embed(entry.source, path, options, dry_run, _watcher(model_share))
        except WearcliError as error:
            tables.errors[name] = error
            continue
        if result.interrupted:
            raise KeyboardInterrupt(f"what was embedded is kept in {folder}: the same command does the rest")
        tables.to_embed[name] = len(result.sizes)
        tables.failed |= {failure["recording"]: failure["error"] for failure in result.failed}
        if result.output:
            tables.paths[name] = path
        else:
            tables.errors[name] = InputError(f"not one recording of {options.recordings} could be embedded")
        model_share(1.0)
    return tables


def _embed(model: Model, path: Path, options: CompareOptions, dry_run: bool, watcher: Watcher) -> EmbedResult:
    """Embed the recordings with one model."""
    assert options.recordings is not None  # models always have recordings, see `task.compared_recordings`
    run = partial(
        embed,
        [options.recordings],
        path,
        model=model.folder,
        stride_s=options.stride_s,
        participant_from=options.participant_from,
        reading=options.reading,
        dry_run=dry_run,
        watcher=watcher,
    )
    try:
        return run()
    except UsageError:
        if not path.is_file():
            raise
        # A table of other recordings, or of another version: nothing in it can be kept.
        return run(overwrite=True)


def _file_name(model: Model, stride_s: float | None) -> str:
    """Return the name of a table, by the weights: a model trained anew under an old name has a new table."""
    name = re.sub(r"[^\w.-]+", "_", model.name)
    stride = "" if stride_s is None else f"-every-{stride_s:g}s"
    return f"{name}-{model.config.sha256[:8]}{stride}.parquet"


def _watcher(advance: Callable[[float], None]) -> Watcher:
    """Return a watcher that reports the share of the bytes that is embedded."""
    sizes: dict[str, int] = {}
    done = 0

    def planned(result: EmbedResult) -> None:
        sizes.update(result.sizes)

    def advanced(source: Source, windows: int, share: float) -> None:
        advance((done + share * sizes[source.recording]) / max(1, sum(sizes.values())))

    def finished(stream: Stream) -> None:
        nonlocal done
        done += sizes[stream.source.recording]

    return Watcher(planned, advanced, finished)
