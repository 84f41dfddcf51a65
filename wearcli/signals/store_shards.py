"""A folder of window stores that several nodes wrote, each the store of a shard of a study.

`store-3-of-64` is a window store, and `store-3-of-64.json` is written after it: a shard without any window
has no store. The stores of all shards, in order, have the windows of the store of one machine.
"""

import re
from pathlib import Path

from wearcli.documents import Fields, json_text, read_json
from wearcli.errors import InputError
from wearcli.files import atomic_file
from wearcli.recordings.study.shards import Shard
from wearcli.signals.store import SETTINGS_NAME

_NOTE = re.compile(r"store-(\d{1,9})-of-(\d{1,9})\.json")
_ADVICE = "run 'wearcli preprocess' with its --shard again"


def shard_store(folder: Path, shard: Shard) -> Path:
    """Return the store of a shard in a folder of stores."""
    return folder / f"store-{shard.number}-of-{shard.count}"


def shard_note(folder: Path, shard: Shard) -> Path:
    """Return the file that says that a shard is complete."""
    return folder / f"{shard_store(folder, shard).name}.json"


def write_shard_note(folder: Path, shard: Shard, study: str, windows: int) -> None:
    """Say that a shard is complete.

    Args:
        folder: The folder of stores.
        shard: Which one.
        study: The study's hash, see `recordings.study.shards.study_hash`.
        windows: How many windows its store has; 0 where there is no store.
    """
    with atomic_file(shard_note(folder, shard)) as path:
        path.write_text(json_text({"study": study, "windows": windows}), encoding="utf-8")


def is_store(path: Path) -> bool:
    """Return whether a path is a window store, or a folder of the stores of shards."""
    return (path / SETTINGS_NAME).is_file() or bool(_notes(path))


def store_folders(path: Path) -> list[Path]:
    """Return the window stores that a path is: one, those of all shards in order, or none.

    Raises:
        InputError: Shards are missing, or were cut from other recordings than the first.
    """
    if (path / SETTINGS_NAME).is_file():
        return [path]
    shards = _notes(path)
    if not shards:
        return []
    counts = sorted({shard.count for shard in shards})
    if len(counts) > 1:
        raise InputError(
            f"{path}: it holds stores of {' and of '.join(map(str, counts))} shards: remove those of all but "
            "one number"
        )
    if missing := sorted({*range(1, counts[0] + 1)} - {shard.number for shard in shards}):
        raise InputError(
            f"{path}: the store of shard {missing[0]} of {counts[0]} is missing: run 'wearcli preprocess' "
            f"with --shard {missing[0]}/{counts[0]}"
        )
    stores, studies = [], set()
    for shard in shards:
        note = shard_note(path, shard)
        fields = Fields(read_json(note, _ADVICE), str(note), _ADVICE)
        studies.add(fields.text("study"))
        if fields.without().get("windows") != 0:
            stores.append(shard_store(path, shard))
    if len(studies) > 1:
        raise InputError(
            f"{path}: its stores were cut from different recordings (the study changed in between): run all "
            "shards of 'wearcli preprocess' again"
        )
    return stores


def _notes(folder: Path) -> list[Shard]:
    """The shards that are complete, in order."""
    if not folder.is_dir():
        return []
    matches = [match for path in folder.iterdir() if (match := _NOTE.fullmatch(path.name))]
    return sorted((Shard(int(match[1]), int(match[2])) for match in matches), key=lambda shard: shard.number)
