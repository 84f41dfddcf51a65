"""Find the recordings in files and folders, with their sidecars and participants."""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath

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
from wearcli.recordings.study.other_sensors import without_other_sensors
from wearcli.recordings.study.participants import (
    doubt_in_words,
    participant_rule,
    people_by_names,
    rule_in_words,
)
from wearcli.recordings.study.people import Person
from wearcli.recordings.study.search import search
from wearcli.recordings.study.sisters import Sisters
from wearcli.recordings.study.unread import unread_counts
from wearcli.words import counted


@dataclass
class Folder:
    """The recordings of a study, and what lies beside them.

    Attributes:
        sources: The recordings, sorted by path.
        rule: How the participants were recognised, in one sentence.
        sidecars: Files of the tables beside them by name: recordings, participants, labels, gait, and other
            target tables.
        problems: What was left out or is in doubt, one line each.
        not_read: How many files that may be recordings are not read, by suffix.
        closed: Folders that cannot be entered, with the reason.
        doubt: Why the participants are not certain, in one line; "" where a rule or recordings.csv says them.
    """

    sources: list[Source]
    rule: str
    sidecars: dict[str, list[Path]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    doubt: str = ""
    not_read: dict[str, int] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    @cached_property
    def sisters(self) -> Sisters:
        """What opens the recordings of the study: those in doubt about their unit as their sisters are."""
        return Sisters(self.sources)

    def failures(self) -> list[dict[str, str]]:
        """Return the folders that cannot be entered as the outputs list what failed."""
        return [{"recording": folder, "error": reason} for folder, reason in self.closed.items()]


def find_recordings(
    paths: Sequence[Path | str], *, participant_from: str | None = None, modality: Modality = "acc"
) -> Folder:
    """Search files and folders for recordings; no signal is read yet.

    Several paths are a choice from the folder above them all: `study/P01 study/P02` is `study` without the
    rest. Only a folder with a recordings.csv or participants.csv of its own stays a study of its own.

    Args:
        paths: Files, and folders that are searched with all their subfolders.
        participant_from: Rule that recognises participants: folder, file, recording or regex:PATTERN; None
            takes recordings.csv, or else the names in the paths.
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
    files, sidecars, problems, unread, closed = search([Path(path) for path in paths])
    if not files:
        rest = "; ".join([*problems, *closed.values()])
        raise UsageError(
            f"{', '.join(map(str, paths))}: no recordings found{f' ({rest})' if rest else ''}: wearcli reads "
            f"{accepted_formats()}"
        )
    entries = Entries(sidecars.get("recordings", []))
    problems = [*problems, *entries.problems]
    chosen = list(_choose_files(name_recordings(files, entries), modality, problems))
    chosen, left = without_other_sensors(chosen, modality)
    problems += left
    if not chosen:
        raise UsageError(f"{', '.join(map(str, paths))}: {problems[-1]}")
    people, doubt = _people(chosen, participant_from, {item.below for item in files if item.path.is_dir()})
    roots = [item.root for _, item in chosen]
    participants, notes = unique_people(list(zip([person.name for person in people], roots, strict=True)))
    sources = []
    for (recording, item), participant, person in zip(chosen, participants, people, strict=True):
        entry = item.entry
        facts = (entry.placement or None, entry.rate_hz, entry.start) if entry else (None, None, None)
        own = entry.reading if entry else None
        # A name may hold what no table and no terminal takes, such as a line break.
        name, participant = printable(recording.name), printable(participant)
        sources.append(
            Source(name, item.path, item.format.name, participant, *facts, item.root, person.how, own)
        )
    used = Counter(person.how for person in people)
    rule = rule_in_words(used, len({*participants}))
    warning = printable(doubt_in_words(doubt, participants))
    return Folder(
        sources,
        rule,
        sidecars,
        problems + notes,
        warning,
        unread_counts(unread),
        {str(folder): printable(reason) for folder, reason in closed.items()},
    )


def _people(
    chosen: Sequence[tuple[Named, RecordingFile]], participant_from: str | None, folders: Set[PurePath]
) -> tuple[list[Person], str]:
    """Whom the recordings are of, and why that is in doubt: by the rule, else recordings.csv, else names."""
    if participant_from is not None:
        rule = participant_rule(participant_from, folders)
        return [Person(*rule(item.below, recording.name, item.root)) for recording, item in chosen], ""
    people: dict[int, Person] = {}
    rest: dict[Path, list[int]] = {}
    for row, (_, item) in enumerate(chosen):
        if item.entry and item.entry.participant:
            people[row] = Person(item.entry.participant, "recordings.csv")
        else:
            rest.setdefault(item.root, []).append(row)
    doubts: dict[str, None] = {}
    for root, rows in rest.items():
        by_names, doubt = people_by_names([chosen[row][1].below for row in rows], folders, root)
        people |= dict(zip(rows, by_names, strict=True))
        if doubt:
            doubts[doubt] = None
    return [people[row] for row in range(len(chosen))], "; ".join(doubts)


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
        problems.append(
            f"{counted(len(without), 'recording')} without {modality}, such as '{without[0]}': left out"
        )


def _holds(item: RecordingFile, modality: Modality) -> bool:
    signal = named_signal(item.path)
    return item.format.holds(item.path, modality) if signal is None else signal == modality
