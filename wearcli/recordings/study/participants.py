"""Whose recording it is: the rules that recognise the participant by names and folders."""

import re
from collections import Counter
from collections.abc import Callable, Sequence, Set
from pathlib import PurePath

from wearcli.errors import UsageError
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.study.name_words import SIGNAL_WORDS
from wearcli.recordings.study.people import Person, Place, tell_people
from wearcli.words import counted

_BIDS = re.compile(r"(?:^|/)(sub-[A-Za-z0-9]+)(?=[_/.]|$)")

# (path below the root, recording, the root) -> (participant, the rule in words)
Rule = Callable[[PurePath, str, PurePath], tuple[str, str]]
OWN_NAME = "the file name up to the first '_'"


def participant_rule(rule_text: str, folders: Set[PurePath] = frozenset()) -> Rule:
    """Return the rule that --participant-from names.

    Args:
        rule_text: folder, file, recording or regex:PATTERN.
        folders: Those that are recordings themselves, such as Empatica exports: their own name counts as
            the folder where they lie in the root.

    Raises:
        UsageError: The rule is unknown, or its pattern is none.
    """
    if rule_text == "folder":
        return lambda path, _, root: (
            _above_export(path, root) or _own(path, path in folders),
            "the recording's folder",
        )
    if rule_text == "file":
        return lambda path, *_: (_file_name(path), OWN_NAME)
    if rule_text == "recording":
        return lambda _, recording, root: (recording, "the recording's own name")
    if rule_text.startswith("regex:"):
        return _pattern(rule_text.removeprefix("regex:"))
    raise UsageError(
        f"--participant-from '{rule_text}': give folder, file, recording or regex:PATTERN with one group"
    )


def people_by_names(
    paths: Sequence[PurePath], folders: Set[PurePath], root: PurePath
) -> tuple[list[Person], str]:
    """Return the person of every recording of a study by the names in its paths; see `tell_people`.

    Args:
        paths: Of the recordings, below the root.
        folders: Those that are recordings themselves.
        root: The study's folder.

    Returns:
        The people, and why they are in doubt; "" where they are not.
    """
    people: list[Person | None] = []
    places = []
    for path in paths:
        bids = _BIDS.search(path.as_posix())
        people.append(Person(bids[1], "sub-* in the path") if bids else None)
        if not bids:
            places.append(_place(path, path in folders, root))
    by_names, doubt = tell_people(places, root.name)
    rest = iter(by_names)
    return [person or next(rest) for person in people], doubt


def _place(path: PurePath, is_folder: bool, root: PurePath) -> Place:
    """A path without the folders that a maker's export always has."""
    stem = path.name if is_folder else less_signal(file_stem(path.name))
    export = _export_folders()
    names = tuple(name for name in path.parent.parts if name.lower() not in export)
    if not names and (above := _above_export(path, root)):
        names = (above,)
    return Place(names, stem)


def _export_folders() -> set[str]:
    return {name for record in FORMATS.values() for name in record.export_folders}


def _above_export(path: PurePath, root: PurePath) -> str | None:
    """The folder that a maker's export lies in, be it above the root; None for other recordings."""
    export = _export_folders()
    if (path.parent.name or root.name).lower() not in export:
        return None
    return [name for name in (root / path).parent.parts if name.lower() not in export][-1]


def _own(path: PurePath, is_folder: bool) -> str:
    if path.parent.name:
        return path.parent.name
    return path.name if is_folder else _file_name(path)


def _file_name(path: PurePath) -> str:
    stem = less_signal(file_stem(path.name))
    return stem.split("_")[0] or stem


def _pattern(text: str) -> Rule:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(f"--participant-from regex:{text}: not a regular expression ({error})") from None
    if pattern.groups != 1:
        raise UsageError(f"--participant-from regex:{text}: needs exactly one group, such as regex:(P\\d+)")

    def rule(path: PurePath, *_: object) -> tuple[str, str]:
        match = pattern.search(path.as_posix())
        if not match or not match[1]:
            raise UsageError(f"--participant-from regex:{text}: does not match '{path.as_posix()}'")
        return match[1], f"regex:{text}"

    return rule


def file_stem(name: str) -> str:
    """Return a file name without .gz and its suffix."""
    base = name[:-3] if name.lower().endswith(".gz") else name
    return PurePath(base).stem


def less_signal(stem: str) -> str:
    """Return a stem without .acc, .ppg or .ecg at its end: what the files of a recording have in common."""
    base, _, last = stem.rpartition(".")
    return base if base and last.lower() in SIGNAL_WORDS else stem


def rule_in_words(used: Counter[str], participants: int) -> str:
    """Return in one sentence how many participants there are, and how they were recognised."""
    if len(used) == 1:
        how = next(iter(used))
    else:
        how = ", ".join(f"{rule} ({counted(count, 'recording')})" for rule, count in used.most_common())
    return f"{counted(participants, 'participant')}, from {how} (--participant-from changes the rule)"


def doubt_in_words(doubt: str, participants: Sequence[str]) -> str:
    """Return a warning that the participants are in doubt, with the way out; "" for no doubt."""
    if not doubt or len(participants) < 2:
        return ""
    names = sorted({*participants})
    listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    people = f"{counted(len(participants), 'recording')}, {counted(len(names), 'participant')} ({listed})"
    return (
        f"the participants are in doubt: {doubt}: {people}: name them by --participant-from, such as "
        "'regex:(P\\d+)', or in recordings.csv"
    )
