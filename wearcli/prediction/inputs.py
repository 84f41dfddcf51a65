"""What a probe is applied to: recordings, an embeddings table or a stream of one, a recording at a time."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wearcli.embedding.embed import embed
from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.table import KEY, open_batches, read_metadata
from wearcli.errors import InputError, UsageError
from wearcli.modality import feature_set
from wearcli.models.folder import Model, bundled_models, load_model
from wearcli.prediction.match import check_model, check_table
from wearcli.probing.saved import SavedProbe
from wearcli.recordings.reading import Reading

_ARROW = b"\xff\xff\xff\xff"  # an Arrow stream begins with it


@dataclass(frozen=True)
class Inputs:
    """Where rows come from.

    name: in messages. metadata: what made the embeddings. tables: the rows, those of one recording after
    those of another, in onset order. windows: how many rows, None where that is not known. embedded: what
    `embed` did, None for a table.
    """

    name: str
    metadata: TableMetadata
    tables: Iterator[pa.Table]
    windows: int | None = None
    embedded: EmbedResult | None = None


@contextmanager
def recording_tables(
    paths: Sequence[Path | str],
    saved: SavedProbe,
    probe: str,
    *,
    at_most: int | None = None,
    model: str | Path | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    workers: int | None = None,
    scratch: Path = Path(),
    dry_run: bool = False,
    watcher: Watcher | None = None,
) -> Iterator[Inputs]:
    """The rows of recordings, embedded for a probe, or of an embeddings table, one recording at a time.

    paths: files and folders of recordings, or one embeddings table (Parquet or Arrow), or "-" for an Arrow
    stream of one on stdin. probe: which of the saved ones. at_most: rows of a recording at once, which keeps
    memory flat; None gives each recording whole. model: name or folder, None for the model of the probe's
    name. participant_from, reading, workers, watcher: as `wearcli.embed` takes them. scratch: a folder, there
    or not yet, for the embeddings in the meantime. dry_run: embed nothing; of recordings no rows come.

    Raises UsageError for embeddings that the probe was not fitted on (`match`), InputError for a table that
    is damaged or not in order, KeyboardInterrupt where embedding was interrupted.
    """
    source = _table_among(paths)
    if source is not None and any((model, participant_from, reading not in (None, Reading()), workers)):
        raise UsageError(f"{source}: embedded already: --model and how to read files are for recordings")
    with ExitStack() as stack:
        embedded = None
        if source is None:
            loaded = _model_for(saved, model)
            if not dry_run:
                scratch.mkdir(parents=True, exist_ok=True)
                scratch = Path(
                    stack.enter_context(tempfile.TemporaryDirectory(prefix=".predict.", dir=scratch))
                )
            source = scratch / "embeddings.arrow"
            signal = saved.document.signal
            embedded = embed(
                paths,
                source,
                model=loaded.folder,
                window_s=signal.window_s if loaded.config.any_length else None,
                stride_s=signal.stride_s,
                participant_from=participant_from,
                reading=reading,
                features=feature_set(saved.inputs(probe)) if probe == "features" else None,
                workers=workers,
                dry_run=dry_run,
                watcher=watcher,
            )
            if embedded.interrupted:
                raise KeyboardInterrupt
            if dry_run or not embedded.output:
                yield Inputs("recordings", TableMetadata(), iter(()), 0, embedded)
                return
        batches = stack.enter_context(open_batches(source))
        metadata = read_metadata(batches.schema, batches.name)
        check_table(saved, probe, batches.schema, metadata, batches.name)
        tables = _by_recording(batches.rows, batches.name, at_most)
        count = batches.count if embedded is None else embedded.windows
        yield Inputs(batches.name, metadata, tables, count, embedded)


def recording_of(table: pa.Table) -> str | None:
    """The recording that a table of `recording_tables` is of; None where its rows name none."""
    names: list[str] = table["recording"].drop_null().slice(0, 1).to_pylist()
    return names[0] if names else None


def _table_among(paths: Sequence[Path | str]) -> Path | Literal["-"] | None:
    """The one embeddings table of the paths, None where they are recordings."""
    tables = [path for path in paths if str(path) == "-" or _is_table(Path(path))]
    if tables and len(paths) > 1:
        raise UsageError(
            f"{tables[0]}: a probe takes one embeddings table alone: name no other path beside it"
        )
    if not tables:
        return None
    return "-" if str(tables[0]) == "-" else Path(tables[0])


def _is_table(path: Path) -> bool:
    """Whether a file says of itself that wearcli wrote it, or is an Arrow stream."""
    if path.suffix.lower() in (".arrow", ".arrows"):
        return True
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == b"PAR1":
        try:
            return KEY in (pq.read_schema(path).metadata or {})
        except (pa.ArrowInvalid, OSError):
            return False  # opening it as a recording will name it
    return head == _ARROW


def _model_for(saved: SavedProbe, model: str | Path | None) -> Model:
    name = str(saved.result.model.get("name"))
    if model is None and name not in bundled_models():
        raise UsageError(f"the probe was fitted on {name}, no bundled model: name its folder with --model")
    loaded = load_model(model or name)
    check_model(saved, loaded)
    return loaded


def _by_recording(batches: Iterator[pa.RecordBatch], name: str, at_most: int | None) -> Iterator[pa.Table]:
    """Rows regrouped: no table holds rows of two recordings; all of one, or so many from its first row on.

    Where a recording is cut does not depend on how the rows came, so neither does what is computed of them.
    """
    seen: set[str | None] = set()
    held: list[pa.Table] = []
    count, current, last = 0, None, -float("inf")

    def ready(whole: bool) -> Iterator[pa.Table]:
        nonlocal held, count
        if not count:
            return
        table = pa.concat_tables(held)
        size = at_most or count
        used = count if whole else count // size * size
        for first in range(0, used, size):
            yield table.slice(first, min(size, used - first)).combine_chunks()
        held, count = ([table.slice(used)] if used < count else []), count - used

    for batch in batches:
        table = pa.Table.from_batches([batch])
        for recording, part in _runs(table):
            if recording != current:
                yield from ready(whole=True)
                if recording in seen:
                    raise InputError(
                        f"{name}: the rows of recording '{recording}' do not stand together: "
                        "sort the table by recording and onset"
                    )
                seen.add(recording)
                current, last = recording, -float("inf")
            onset = part["onset"].drop_null().to_numpy()
            if len(onset) and (onset[0] < last or (onset[1:] < onset[:-1]).any()):
                raise InputError(
                    f"{name}: the rows of recording '{recording}' are not in the order of their onset: "
                    "sort the table by recording and onset"
                )
            last = onset[-1] if len(onset) else last
            held.append(part)
            count += part.num_rows
            if at_most is not None and count >= at_most:
                yield from ready(whole=False)
    yield from ready(whole=True)


def _runs(table: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    """Pieces of a table with one recording each; a row without one belongs to those before it."""
    names = pc.fill_null_backward(pc.fill_null_forward(table["recording"].combine_chunks()))
    ends = pc.run_end_encode(names.cast(pa.string()))
    first = 0
    for recording, end in zip(ends.values.to_pylist(), ends.run_ends.to_pylist(), strict=True):
        yield recording, table.slice(first, end - first)
        first = end
