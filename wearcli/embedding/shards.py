"""A shard of a study, written as parts: what is complete stays, whatever ends the run."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from wearcli.claims import claimed
from wearcli.embedding.manifest import (
    Manifest,
    Part,
    manifest_names,
    manifest_path,
    read_manifest,
    same_rows,
)
from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.prepare import Preparation
from wearcli.embedding.recording_rows import RecordingRows
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.reuse import (
    WAY_OUT,
    EarlierTable,
    EmbedPlan,
    check_settings,
    fingerprints,
    read_earlier,
)
from wearcli.embedding.stream import Runner
from wearcli.embedding.writing import TableOutput, note_kept, write_table
from wearcli.errors import UsageError, WearcliError
from wearcli.existence import PART, holds_parts
from wearcli.files import reserved
from wearcli.interrupts import interrupt_flag
from wearcli.recordings.recording import Source
from wearcli.recordings.study.shards import Shard, source_bytes, study_hash

_BESIDE = re.compile(rf"\.({PART})\..+")
PART_BYTES = 64 * 2**20  # of the recordings in a part: the work that a killed shard does again, at most


def embed_parts(
    preparation: Preparation,
    shard: Shard,
    folder: Path,
    runner: Runner,
    *,
    overwrite: bool,
    dry_run: bool,
    workers: int,
    watcher: Watcher,
) -> EmbedResult:
    """Embed the recordings of a shard into a folder of parts; see `embed` for the rest.

    Rows of recordings that are as an earlier run of the shard saw them are kept.

    Raises:
        UsageError: The folder holds something else, or shards of another table.
    """
    settings, everything = preparation.settings, preparation.folder.sources
    sizes = {source.recording: source_bytes(source) for source in everything}
    chosen = shard.choose(everything, sizes)
    _check_folder(folder)
    with reserved(None if dry_run else manifest_path(folder, shard), overwrite=True):
        if not dry_run:
            _sweep(folder)
        before = [] if overwrite else _manifests(folder, shard, settings)
        prints = fingerprints(chosen, workers)
        groups = list(_groups(chosen, sizes))
        names = [_part_name(shard, settings, [prints[s.recording] for s in group]) for group in groups]
        earlier = _EarlierParts(folder)
        if not overwrite:
            earlier.add(before, names)
        plan = _plan(chosen, prints, sizes, earlier)
        result = preparation.result(str(folder), plan)
        result.shard = str(shard)
        watcher.planned(result)
        if dry_run:
            return result
        new = [source for source in chosen if plan.actions[source.recording] == "embed"]
        parts: list[Part] = []
        with closing(runner(new, preparation.job)) as streams, interrupt_flag() as interrupted:
            for group, name in zip(groups, names, strict=True):
                recordings = [source.recording for source in group]
                notes = earlier.complete(name, recordings, prints)
                if notes is not None:
                    note_kept(notes, result)
                else:
                    own = replace(settings, recordings_planned=tuple(recordings))
                    place = TableOutput(folder / name, "parquet", preparation.job.schema(own))
                    part_plan = replace(plan, earlier=None if overwrite else earlier.only(recordings))
                    notes = write_table(group, streams, part_plan, place, result, watcher, interrupted)
                if notes:
                    parts.append(Part(name, (folder / name).stat().st_size, notes))
                if result.interrupted:
                    break
        if not result.interrupted:
            planned = tuple(source.recording for source in chosen)
            manifest = Manifest(
                shard,
                study_hash(everything, sizes),
                replace(settings, recordings_planned=planned),
                tuple(parts),
                tuple(result.failed),
            )
            _replace(folder, manifest, overwrite)
    if result.interrupted and not parts:
        result.output = ""
    return result


def _check_folder(folder: Path) -> None:
    """Raise UsageError where a folder holds something else than parts."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file, and --shard writes a folder of parts: name one with -o")
    if folder.is_dir() and not holds_parts(folder):
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if others:
            raise UsageError(
                f"{folder} holds something else ({others[0]}), so no parts are put into it: use another -o"
            )


def _manifests(folder: Path, shard: Shard, settings: TableMetadata) -> list[Manifest]:
    """The manifest of an earlier run of this shard; UsageError where the folder is of another table."""
    names = manifest_names(folder)
    path = manifest_path(folder, shard)
    others = [name for name in names if not name.endswith(f"-of-{shard.count}.json")]
    if others:
        raise UsageError(f"{folder} holds other shards than {shard}, such as {others[0]}: {WAY_OUT}")
    for name in [path.name] * (path.name in names) + names[:1]:
        try:
            manifest = read_manifest(folder / name)
        except WearcliError:
            continue  # a damaged one tells nothing: it is written again
        check_settings(folder, manifest.settings, settings)
        if name == path.name:
            return [manifest] if manifest.settings.pipeline == settings.pipeline else []
    return []


def _groups(chosen: Sequence[Source], sizes: Mapping[str, int]) -> Iterator[list[Source]]:
    """The recordings of each part: neighbours of about `PART_BYTES`, or one that is larger."""
    group: list[Source] = []
    held = 0
    for source in chosen:
        size = max(sizes[source.recording], 1)
        if group and held + size > PART_BYTES:
            yield group
            group, held = [], 0
        group.append(source)
        held += size
    if group:
        yield group


def _part_name(shard: Shard, settings: TableMetadata, prints: Sequence[str]) -> str:
    """The name of a part: the same for the same contents, settings and shard, and for no others."""
    identity = json.dumps([str(shard), same_rows(settings), list(prints)], sort_keys=True)
    return f"part-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.parquet"


def _plan(
    chosen: Sequence[Source], prints: dict[str, str], sizes: Mapping[str, int], earlier: "_EarlierParts"
) -> EmbedPlan:
    """What becomes of each recording of the shard."""
    plan = EmbedPlan({}, prints, {}, None, [])
    for source in chosen:
        name = source.recording
        entry = earlier.recordings.get(name)
        kept = entry is not None and entry.fingerprint == prints[name]
        plan.actions[name] = "keep" if kept else "embed"
        if not kept:
            plan.sizes[name] = sizes[name]
    return plan


def _sweep(folder: Path) -> None:
    """Remove what killed runs left beside parts."""
    names = {match[1] for path in folder.iterdir() if (match := _BESIDE.fullmatch(path.name))}
    for name in names:
        with suppress(UsageError), claimed(folder / name):  # a run that is alive has the claim
            pass


def _replace(folder: Path, manifest: Manifest, overwrite: bool) -> None:
    """Write the manifest, and remove the files that nobody needs then."""
    if stale := _stale(folder, manifest, overwrite):
        replace(manifest, replaced=tuple(stale)).write(folder)
        for name in stale:
            (folder / name).unlink(missing_ok=True)  # another shard may have been faster
    manifest.write(folder)


def _stale(folder: Path, manifest: Manifest, overwrite: bool) -> list[str]:
    """Files that nobody needs once the manifest is written: its shard's parts before, other shards."""
    stale: list[str] = []
    own = manifest_path(folder, manifest.shard).name
    for name in manifest_names(folder):
        if name != own and not overwrite:
            continue
        try:
            before = read_manifest(folder / name)
        except WearcliError:
            continue
        same = before.shard.count == manifest.shard.count
        same = same and same_rows(before.settings) == same_rows(manifest.settings)
        if name != own and same:
            continue
        stale += [*(part.name for part in before.parts), *before.replaced, *[name] * (name != own)]
    kept = {part.name for part in manifest.parts}
    return [name for name in dict.fromkeys(stale) if name not in kept and (folder / name).exists()]


@dataclass(frozen=True)
class _Rows:
    """Rows of some recordings in the parts of earlier runs."""

    recordings: Mapping[str, RecordingRows]
    parts: "_EarlierParts"

    def rows(self, recording: str) -> Iterator[pa.Table]:
        """Yield the rows of a recording."""
        return self.parts.rows(recording)


class _EarlierParts:
    """Rows in the parts of earlier runs of a shard, also of one that was killed.

    Attributes:
        recordings: What is noted of each recording in them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.recordings: dict[str, RecordingRows] = {}
        self._paths: dict[str, Path] = {}
        self._table: EarlierTable | None = None  # the last one: neighbours share it

    def add(self, manifests: Sequence[Manifest], names: Sequence[str]) -> None:
        """Look into the parts of manifests, and into those of these names where they are there."""
        stated = [part.name for manifest in manifests for part in manifest.parts]
        for name in [*stated, *names]:
            path = self._folder / name
            if not path.is_file():
                continue
            with suppress(Exception):  # a damaged one holds nothing that could be kept
                table = read_earlier(path)
                self.recordings |= table.recordings
                self._paths |= dict.fromkeys(table.recordings, path)

    def complete(
        self, name: str, recordings: Sequence[str], prints: Mapping[str, str]
    ) -> dict[str, RecordingRows] | None:
        """What a part notes; None where it is not there, or a recording is missing in it."""
        path = self._folder / name
        if any(self._paths.get(recording) != path for recording in recordings):
            return None
        notes = {recording: self.recordings[recording] for recording in recordings}
        alike = all(entry.fingerprint == prints[recording] for recording, entry in notes.items())
        return notes if alike else None

    def only(self, recordings: Sequence[str]) -> _Rows:
        """Return the rows of these recordings alone."""
        notes = {name: self.recordings[name] for name in recordings if name in self.recordings}
        return _Rows(notes, self)

    def rows(self, recording: str) -> Iterator[pa.Table]:
        """Yield the rows of a recording, in parts; raises InputError where they are damaged."""
        path = self._paths[recording]
        if self._table is None or self._table.path != path:
            self._table = read_earlier(path)
        return self._table.rows(recording)
