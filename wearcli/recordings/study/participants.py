"""Whose recording it is: the rules that recognise the participant by names and folders."""

import re
from collections import Counter
from collections.abc import Callable, Set
from pathlib import PurePath

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES
from wearcli.recordings.formats.registry import FORMATS

SIGNAL_WORDS: dict[str, str] = {
    word: record.name for record in MODALITIES.values() for word in record.file_words
}

_BIDS = re.compile(r"(?:^|/)(sub-[A-Za-z0-9]+)(?=[_/.]|$)")

# (path below the root, recording, the root) -> (participant, the rule in words)
Rule = Callable[[PurePath, str, PurePath], tuple[str, str]]


def participant_rule(rule_text: str | None, folders: Set[PurePath] = frozenset()) -> Rule:
    """Return the rule that --participant-from names.

    Args:
        rule_text: folder, file, recording or regex:PATTERN. None takes the usual rule: the name of BIDS in
            the path, else the recording's own folder, else its file name up to the first `_`.
        folders: Those that are recordings themselves, such as Empatica exports: their own name counts as
            the folder where they lie in the root.

    Raises:
        UsageError: The rule is unknown, or its pattern is none.
    """
    if rule_text is None:
        return lambda path, _, root: _usual(path, path in folders, root)
    if rule_text == "folder":
        return lambda path, _, root: (
            _above_export(path, root) or _own(path, path in folders),
            "the recording's folder",
        )
    if rule_text == "file":
        return lambda path, *_: (_file_name(path), "the file name up to the first '_'")
    if rule_text == "recording":
        return lambda _, recording, root: (recording, "the recording's own name")
    if rule_text.startswith("regex:"):
        return _pattern(rule_text.removeprefix("regex:"))
    raise UsageError(
        f"--participant-from '{rule_text}': give folder, file, recording or regex:PATTERN with one group"
    )


def _usual(path: PurePath, is_folder: bool, root: PurePath) -> tuple[str, str]:
    if bids := _BIDS.search(path.as_posix()):
        return bids[1], "sub-* in the path"
    if above := _above_export(path, root):
        return above, "the recording's folder"
    if path.parent.name or is_folder:
        return _own(path, is_folder), "the recording's folder"
    return _file_name(path), "the file name up to the first '_'"


def _above_export(path: PurePath, root: PurePath) -> str | None:
    """The folder that a maker's export lies in, be it above the root; None for other recordings."""
    export = {name for record in FORMATS.values() for name in record.export_folders}
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
        how = ", ".join(f"{rule} ({count} recordings)" for rule, count in used.most_common())
    people = "1 participant" if participants == 1 else f"{participants} participants"
    return f"{people}, told by {how} (--participant-from changes the rule)"
