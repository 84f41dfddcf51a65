"""Models to embeddings tables, kept so that what was embedded once is not embedded again."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wearcli.comparison.models import Entry
from wearcli.embedding.embed import embed
from wearcli.embedding.engine import Stream
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.models.folder import Model
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source


@dataclass
class Tables:
    """paths: the table of each model. to_embed: how many recordings were not in it as they are now.

    failed: the recordings that could not be embedded; errors: the models that could embed none.
    """

    paths: dict[str, Path] = field(default_factory=dict)
    to_embed: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, WearcliError] = field(default_factory=dict)


def embed_tables(
    entries: dict[str, Entry],
    recordings: Path | None,
    folder: Path,
    stride_s: float | None,
    participant_from: str | None,
    reading: Reading | None,
    dry_run: bool,
    watch: Callable[[str, float], None],
) -> Tables:
    """Embed `recordings` with every model into a table in `folder`, brought up to date where it is there.

    watch: told the model and the share of all that is done. dry_run: count only. Raises KeyboardInterrupt
    after an interrupt; the recordings that were complete are then in their table.
    """
    tables = Tables()
    for number, (name, entry) in enumerate(entries.items()):
        if isinstance(entry.source, Path):
            tables.paths[name] = entry.source
            continue
        assert recordings is not None

        def told(share: float, name: str = name, number: int = number) -> None:
            watch(name, (number + share) / len(entries))

        path = folder / _file_name(entry.source, stride_s)
        options: dict[str, Any] = {
            "model": entry.source.folder,
            "stride_s": stride_s,
            "participant_from": participant_from,
            "reading": reading,
            "dry_run": dry_run,
            "watcher": _watcher(told),
        }
        try:
            result = _embed(recordings, path, options)
        except WearcliError as error:
            tables.errors[name] = error
            continue
        if result.interrupted:
            raise KeyboardInterrupt(f"what was embedded is kept in {folder}: the same command does the rest")
        tables.to_embed[name] = len(result.sizes)
        tables.failed |= {one["recording"]: one["error"] for one in result.failed}
        if result.output:
            tables.paths[name] = path
        else:
            tables.errors[name] = InputError(f"not one recording of {recordings} could be embedded")
        told(1.0)
    return tables


def _embed(recordings: Path, path: Path, options: dict[str, Any]) -> EmbedResult:
    try:
        return embed([recordings], path, **options)
    except UsageError:
        if not path.is_file():
            raise
        # A table of other recordings, or of another version: nothing in it can be kept.
        return embed([recordings], path, overwrite=True, **options)


def _file_name(model: Model, stride_s: float | None) -> str:
    """By the weights, so that a model trained anew under an old name has a new table."""
    name = re.sub(r"[^\w.-]+", "_", model.name)
    stride = "" if stride_s is None else f"-every-{stride_s:g}s"
    return f"{name}-{model.config.sha256[:8]}{stride}.parquet"


def _watcher(told: Callable[[float], None]) -> Watcher:
    """Tells the share of the bytes that is embedded."""
    sizes: dict[str, int] = {}
    done = 0

    def planned(result: EmbedResult) -> None:
        sizes.update(result.sizes)

    def advanced(source: Source, windows: int, share: float) -> None:
        told((done + share * sizes[source.recording]) / max(1, sum(sizes.values())))

    def finished(stream: Stream) -> None:
        nonlocal done
        done += sizes[stream.source.recording]

    return Watcher(planned, advanced, finished)
