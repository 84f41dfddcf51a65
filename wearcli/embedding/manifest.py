"""A folder of parts: an embeddings table that several nodes write, each a shard of the study.

`part-<hash>.parquet` holds neighbouring recordings; the hash is of their contents and of the settings, so
that a second run writes the same name again. `shard-3-of-64.json` is written last: the parts of a shard in
order, what is in them, and what failed. Only parts that a manifest names count. The parts of all shards, in
order, are the table of a run on one machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from wearcli.documents import Fields, json_text, read_json
from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.recording_rows import RecordingRows
from wearcli.errors import InputError
from wearcli.existence import MANIFEST
from wearcli.files import atomic_file
from wearcli.recordings.study.shards import Shard

_MANIFEST = re.compile(MANIFEST)
ADVICE = "run its shard again, by 'wearcli embed' with --shard"


@dataclass(frozen=True)
class Part:
    """A part of a shard.

    Attributes:
        name: Of its file.
        size: Bytes of its file.
        recordings: What it notes of each recording in it, in the order of their rows.
    """

    name: str
    size: int
    recordings: Mapping[str, RecordingRows]

    @property
    def rows(self) -> int:
        """Number of its rows."""
        return sum(entry.windows for entry in self.recordings.values())

    @classmethod
    def from_json(cls, document: object, name: str) -> Self:
        """Return the part that a document states; raises InputError where it is damaged."""
        fields = Fields(document, name, ADVICE)
        notes = fields.table("recordings")
        entries = {key: RecordingRows.from_json(note, f"{name}: {key}") for key, note in notes.items()}
        part = cls(fields.text("name"), fields.count("size"), entries)
        if Path(part.name).name != part.name:
            raise fields.error("its name is a path")
        return part

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        notes = {name: entry.to_json() for name, entry in self.recordings.items()}
        return {"name": self.name, "size": self.size, "recordings": notes}


@dataclass(frozen=True)
class Manifest:
    """What a shard wrote.

    Attributes:
        shard: Which one.
        study: A hash of the names, people and sizes of all recordings of the study.
        settings: What the rows depend on; `recordings_planned` are those of the shard.
        parts: Its parts, in order.
        failed: Name and error of what could not be embedded.
        replaced: Files of earlier runs that are to be removed: what a run that was killed leaves to the next.
    """

    shard: Shard
    study: str
    settings: TableMetadata
    parts: tuple[Part, ...]
    failed: tuple[dict[str, str], ...]
    replaced: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: object, name: str) -> Self:
        """Return the manifest that a document states; raises InputError where it is damaged."""
        fields = Fields(document, name, ADVICE)
        failed = [
            {key: Fields(entry, f"{name}: failed", ADVICE).text(key) for key in ("recording", "error")}
            for entry in fields.objects("failed")
        ]
        shard = Shard(fields.count("shard"), fields.count("shards"))
        if shard.number > shard.count:
            raise fields.error(f"there is no shard {shard}")
        return cls(
            shard,
            fields.text("study"),
            TableMetadata.from_json(fields.table("settings"), f"{name}: settings"),
            tuple(Part.from_json(part, f"{name}: parts") for part in fields.objects("parts")),
            tuple(failed),
            tuple(Path(file).name for file in fields.texts("replaced")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {
            "shard": self.shard.number,
            "shards": self.shard.count,
            "study": self.study,
            "settings": self.settings.to_json(),
            "parts": [part.to_json() for part in self.parts],
            "failed": list(self.failed),
            "replaced": list(self.replaced),
        }

    def write(self, folder: Path) -> None:
        """Write it into the folder of its parts."""
        with atomic_file(manifest_path(folder, self.shard)) as path:
            path.write_text(json_text(self.to_json()), encoding="utf-8")


@dataclass(frozen=True)
class PartsTable:
    """The table that a complete folder of parts is.

    Attributes:
        metadata: What made it: that of the table of a run on one machine.
        parts: Its parts with their paths, in order.
        failed: Name and error of what could not be embedded.
    """

    metadata: TableMetadata
    parts: tuple[tuple[Path, Part], ...]
    failed: tuple[dict[str, str], ...]

    @property
    def rows(self) -> int:
        """Number of its rows."""
        return sum(part.rows for _, part in self.parts)


def manifest_path(folder: Path, shard: Shard) -> Path:
    """Return where the manifest of a shard is."""
    return folder / f"shard-{shard.number}-of-{shard.count}.json"


def same_rows(settings: TableMetadata) -> dict[str, Any]:
    """Return what of the settings tells whether rows are alike: not where the files lie, nor their names."""
    arguments = replace(settings.arguments, paths=())
    alike = replace(settings, version=None, arguments=arguments, sidecars={}, recordings_planned=())
    return alike.to_json()


def manifest_names(folder: Path) -> list[str]:
    """Return the file names of the manifests in a folder, in the order of their shards."""
    if not folder.is_dir():
        return []
    matches = [match for path in folder.iterdir() if (match := _MANIFEST.fullmatch(path.name))]
    return [match[0] for match in sorted(matches, key=lambda match: (int(match[2]), int(match[1])))]


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a shard; raises InputError where it is damaged."""
    manifest = Manifest.from_json(read_json(path, ADVICE), str(path))
    if manifest_path(path.parent, manifest.shard) != path:
        raise InputError(f"{path}: it is the manifest of shard {manifest.shard}: {ADVICE}")
    return manifest


def open_parts(folder: Path) -> PartsTable:
    """Return the table in a folder of parts.

    Raises:
        InputError: Shards are missing, were made of another study or with other settings than the first, or
            a part is not as its shard wrote it.
    """
    names = manifest_names(folder)
    if not names:
        raise InputError(f"{folder}: none of its shards is complete: {ADVICE}")
    first = read_manifest(folder / names[0])
    parts: list[tuple[Path, Part]] = []
    planned: list[str] = []
    failed: dict[tuple[str, str], dict[str, str]] = {}
    _check_complete(folder, names)
    for name in names:
        manifest = first if name == names[0] else read_manifest(folder / name)
        _check_alike(folder, first, manifest)
        for part in manifest.parts:
            path = folder / part.name
            if not path.is_file() or path.stat().st_size != part.size:
                raise InputError(f"{path}: it is not as its shard wrote it: {_again(manifest.shard)}")
            parts.append((path, part))
        planned += manifest.settings.recordings_planned
        failed |= {(entry["recording"], entry["error"]): entry for entry in manifest.failed}
    metadata = replace(first.settings, recordings_planned=tuple(planned))
    return PartsTable(metadata, tuple(parts), tuple(failed.values()))


def _again(shard: Shard) -> str:
    return f"run 'wearcli embed' with --shard {shard}"


def _check_complete(folder: Path, names: list[str]) -> None:
    """Raise InputError where a shard has no manifest yet, or where there are two ways of cutting a study."""
    shards = [tuple(map(int, match.groups())) for name in names if (match := _MANIFEST.fullmatch(name))]
    counts = sorted({count for _, count in shards})
    if len(counts) > 1:
        raise InputError(
            f"{folder}: it holds shards of {' and of '.join(map(str, counts))}: remove the manifests "
            "shard-*-of-N.json of all but one N"
        )
    missing = sorted({*range(1, counts[0] + 1)} - {number for number, _ in shards})
    if missing:
        few = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        which = f"shard {few} of {counts[0]} is" if len(missing) == 1 else f"shards {few} of {counts[0]} are"
        raise InputError(f"{folder}: {which} missing: {_again(Shard(missing[0], counts[0]))}")


def _check_alike(folder: Path, first: Manifest, other: Manifest) -> None:
    """Raise InputError where two shards are not of one table."""
    one, two = same_rows(first.settings), same_rows(other.settings)
    if one != two:
        what = next(key for key in sorted(one.keys() | two.keys()) if one.get(key) != two.get(key))
        raise InputError(
            f"{folder}: shards {first.shard} and {other.shard} were made with different settings ({what}): "
            "run all shards again with one command"
        )
    if first.study != other.study:
        raise InputError(
            f"{folder}: shards {first.shard} and {other.shard} were made of different recordings (the study "
            "changed in between): run all shards again"
        )
