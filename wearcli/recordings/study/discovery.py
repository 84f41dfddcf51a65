"""Find the recordings in files and folders, with their sidecars and participants."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wearcli.errors import UsageError, printable
from wearcli.modality import Modality
from wearcli.recordings.formats.registry import accepted_formats
from wearcli.recordings.recording import Source
from wearcli.recordings.study.naming import (
    Entries,
    Named,
    RecordingFile,
    name_recordings,
    named_signal,
    unique_people,
)
from wearcli.recordings.study.participants import participant_rule, rule_in_words
from wearcli.recordings.study.search import search


@dataclass
class Folder:
    """The recordings of a study, and what lies beside them.

    Attributes:
        sources: The recordings, sorted by path.
        rule: How the participants were recognised, in one sentence.
        sidecars: Files of the tables beside them by name: recordings, participants, labels, gait, and other
            target tables.
        problems: What was left out or is in doubt, one line each.
    """

    sources: list[Source]
    rule: str
    sidecars: dict[str, list[Path]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def find_recordings(
    paths: Sequence[Path | str], *, participant_from: str | None = None, modality: Modality = "acc"
) -> Folder:
    """Search files and folders for recordings; no signal is read yet.

    Several paths are a choice from the folder above them all: `study/P01 study/P02` is `study` without the
    rest. Only a folder with a recordings.csv or participants.csv of its own stays a study of its own.

    Args:
        paths: Files, and folders that are searched with all their subfolders.
        participant_from: Rule that recognises participants: folder, file, recording or regex:PATTERN; None
            takes recordings.csv, or else the usual rule.
        modality: Signal that chooses a file where one recording has several, by recordings.csv or by names
            such as x.acc.csv and x.ppg.csv.

    Returns:
        The recordings, sorted by path, with their sidecars.

    Raises:
        UsageError: A path is not there, or there is nothing to read.
        InputError: A recordings.csv cannot be read.

    Example:
        >>> folder = find_recordings(["recordings"])
        >>> [source.participant for source in folder.sources]
        ['P01', 'P02']
    """
    files, sidecars, problems = search([Path(path) for path in paths])
    if not files:
        raise UsageError(
            f"{', '.join(map(str, paths))}: no recordings found: wearcli reads {accepted_formats()}"
        )
    entries = Entries(sidecars.get("recordings", []))
    problems = [*problems, *entries.problems]
    rule = participant_rule(participant_from, {item.below for item in files if item.path.is_dir()})
    used: Counter[str] = Counter()
    chosen, people = [], []
    for recording, item in _choose_files(name_recordings(files, entries), modality, problems):
        if participant_from is None and item.entry and item.entry.participant:
            participant, how = item.entry.participant, "recordings.csv"
        else:
            participant, how = rule(item.below, recording.name, item.root)
        used[how] += 1
        chosen.append((recording, item))
        people.append((participant, item.root))
    if not chosen:
        raise UsageError(f"{', '.join(map(str, paths))}: {problems[-1]}")
    participants, notes = unique_people(people)
    sources = []
    for (recording, item), participant in zip(chosen, participants, strict=True):
        entry = item.entry
        facts = (entry.placement or None, entry.rate_hz, entry.start) if entry else (None, None, None)
        # A name may hold what no table and no terminal takes, such as a line break.
        name, person = printable(recording.name), printable(participant)
        sources.append(Source(name, item.path, item.format.name, person, *facts, item.root))
    return Folder(sources, rule_in_words(used, len({*participants})), sidecars, problems + notes)


def find_sidecars(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the sidecars of paths as they are now, by name; a path that is gone by now has none."""
    return search([path for path in paths if path.exists()]).sidecars


def _choose_files(
    recordings: Sequence[Named], modality: Modality, problems: list[str]
) -> Iterator[tuple[Named, RecordingFile]]:
    """One file a recording: where there are several, the one that holds the modality."""
    without = []
    for recording in recordings:
        files = recording.files
        fitting = files if len(files) == 1 else [item for item in files if _holds(item, modality)]
        if len(fitting) == 1:
            yield recording, fitting[0]
        elif fitting:
            listed = ", ".join(str(item.below) for item in fitting)
            problems.append(
                f"recording '{recording.name}' has several files of {modality} ({listed}): left out"
            )
        else:
            without.append(recording.name)
    if without:
        problems.append(f"{len(without)} recordings without {modality}, such as '{without[0]}': left out")


def _holds(item: RecordingFile, modality: Modality) -> bool:
    signal = named_signal(item.path)
    return item.format.holds(item.path, modality) if signal is None else signal == modality
