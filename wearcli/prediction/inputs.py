"""What a probe is applied to: recordings, an embeddings table or a stream of one, a recording at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.embed import embed
from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.table import KEY, Extent, open_batches, read_metadata
from wearcli.errors import UsageError
from wearcli.existence import holds_parts
from wearcli.files import folder_beside
from wearcli.modality import feature_set
from wearcli.models.folder import Model, bundled_models, load_model
from wearcli.prediction.match import check_model, check_table
from wearcli.prediction.regroup import by_recording
from wearcli.probing.saved import SavedProbe
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.shards import Shard

_ARROW = b"\xff\xff\xff\xff"  # an Arrow stream begins with it


@dataclass(frozen=True)
class EmbeddingOptions:
    """How recordings are embedded for a probe; a table is embedded already and takes none of them.

    Attributes:
        model: Name or folder of the model; None: the model of the probe's name.
        participant_from: See `wearcli.embed`.
        reading: How the files are read.
        workers: Number of threads.
        watcher: Watches the embedding.
        shard: Which recordings of the study are embedded, such as 3/64; None: all.
        timezone: Zone of clocks that state none, where `reading` names none; a table may be given with it, as
            it has a use of its own there (the days of `gait`).
    """

    model: str | Path | None = None
    participant_from: str | None = None
    reading: Reading | None = None
    workers: int | None = None
    watcher: Watcher | None = None
    timezone: str | None = None
    shard: Shard | None = None

    @property
    def given(self) -> bool:
        """Whether any of them differs from its default."""
        reads = self.reading not in (None, Reading())
        return any((self.model, self.participant_from, reads, self.workers, self.shard))


@dataclass(frozen=True)
class Inputs:
    """Where rows come from.

    Attributes:
        name: The table's name in messages.
        metadata: What made the embeddings.
        tables: The rows, those of one recording after those of another, in onset order.
        windows: How many rows; None where that is not known.
        embedded: The result of `embed`; None for a table.
        extents: How long the recordings are, as far as that is noted.
    """

    name: str
    metadata: TableMetadata
    tables: Iterator[pa.Table]
    windows: int | None = None
    embedded: EmbedResult | None = None
    extents: Mapping[str, Extent] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether recordings were to be embedded and there are no embeddings."""
        return self.embedded is not None and not self.embedded.output

    @property
    def stride_s(self) -> float:
        """Seconds from window to window; 0 where that is not known."""
        return float(self.metadata.stride_s or 0.0)


@contextmanager
def recording_tables(
    paths: Sequence[Path | str],
    saved: SavedProbe,
    probe: str,
    *,
    at_most: int | None = None,
    options: EmbeddingOptions = EmbeddingOptions(),
    output: Path = Path("predictions"),
    dry_run: bool = False,
) -> Iterator[Inputs]:
    """Return the rows of recordings, embedded for a probe, or of an embeddings table, by recording.

    Args:
        paths: Files and folders of recordings, or one embeddings table (Parquet or Arrow), or "-" for an
            Arrow stream of one on stdin.
        saved: The probe folder as loaded.
        probe: Which of its probes.
        at_most: Rows of a recording at once, which keeps memory flat; None: all of them.
        options: How recordings are embedded.
        output: What is written of them; the embeddings lie beside it in the meantime.
        dry_run: Embed nothing; recordings then give no rows.

    Raises:
        UsageError: The probe was not fitted on such embeddings (`match`).
        InputError: The table is damaged or not in order.
        KeyboardInterrupt: The embedding was interrupted.
    """
    source = _table_among(paths)
    if source is not None and options.given:
        raise UsageError(
            f"{source}: embedded already: --model, --shard and how to read files are for recordings"
        )
    with ExitStack() as stack:
        embedded = None
        if source is None:
            model = _model_for(saved, options.model)
            folder = Path() if dry_run else stack.enter_context(folder_beside(output))
            source = folder / "embeddings.arrow"
            embedded = _embed(paths, source, model, saved, probe, options, dry_run)
            if embedded.interrupted:
                raise KeyboardInterrupt
            if dry_run or not embedded.output:
                yield Inputs("recordings", TableMetadata(), iter(()), 0, embedded)
                return
        batches = stack.enter_context(open_batches(source))
        metadata = read_metadata(batches.schema, batches.name)
        check_table(saved, probe, batches.schema, metadata, batches.name)
        tables = by_recording(batches.rows, batches.name, at_most)
        count = batches.count if embedded is None else embedded.windows
        extents = batches.extents if embedded is None else embedded.extents
        yield Inputs(batches.name, metadata, tables, count, embedded, extents)


def path_list(paths: Sequence[Path | str] | Path | str) -> list[Path | str]:
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def path_names(paths: Sequence[Path | str]) -> list[str]:
    """Return the paths as documents have them."""
    return ["stdin" if str(path) == "-" else str(path) for path in paths]


def _embed(
    paths: Sequence[Path | str],
    output: Path,
    model: Model,
    saved: SavedProbe,
    probe: str,
    options: EmbeddingOptions,
    dry_run: bool,
) -> EmbedResult:
    """Embed recordings as the probe's training windows were."""
    signal, reading = saved.document.signal, options.reading or Reading()
    return embed(
        paths,
        output,
        model=model.folder,
        window_s=signal.window_s if model.config.any_length else None,
        stride_s=signal.stride_s,
        participant_from=options.participant_from,
        reading=replace(reading, timezone=reading.timezone or options.timezone),
        features=feature_set(saved.inputs(probe)) if probe == "features" else None,
        workers=options.workers,
        shard=options.shard,
        dry_run=dry_run,
        watcher=options.watcher,
    )


def names_table(paths: Sequence[Path | str]) -> bool:
    """Whether the paths are an embeddings table, or a stream of one, and no recordings."""
    return _table_among(paths) is not None


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
    """Whether a path is a table or a stream of one, or a folder of the parts of one."""
    if path.suffix.lower() in (".arrow", ".arrows"):
        return True
    if not path.is_file():
        return holds_parts(path)
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == b"PAR1":
        try:
            return KEY in (pq.read_schema(path).metadata or {})
        except (pa.ArrowInvalid, OSError):
            return False  # opening it as a recording will name it
    return head == _ARROW


def _model_for(saved: SavedProbe, model: str | Path | None) -> Model:
    """The model to embed with: `model`, or the bundled one of the probe's name."""
    name = str(saved.result.model.get("name"))
    if model is None and name not in bundled_models():
        raise UsageError(f"the probe was fitted on {name}, no bundled model: name its folder with --model")
    loaded = load_model(model or name)
    check_model(saved, loaded)
    return loaded
