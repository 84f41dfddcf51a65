"""The window store: windows in memory-mapped shards, with an index by participant and time.

A folder: `values-00000.npy` ... (windows, samples, channels) int16 or float32, `index.parquet` (one row a
window: recordings in order, time rising in each; turned copies of a batch of windows follow that batch) and
`store.json`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli._version import __version__
from wearcli.errors import InputError, UsageError, unreadable
from wearcli.files import held
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.recording import Recording
from wearcli.seeds import generator
from wearcli.signals.normalise import Normalisation, random_rotations, revin, rotate
from wearcli.signals.origin import ORIGIN, PULSE_QUALITY, origin, quality
from wearcli.signals.windows import Windows, WindowSpec, iter_windows

SHARD_BYTES = 64 * 2**20
DType = Literal["int16", "float32"]

INDEX_SCHEMA = pa.schema(
    [
        pa.field("dataset", pa.string()),
        *ORIGIN,
        *PULSE_QUALITY,  # quality is null for acceleration
        pa.field("mean", pa.list_(pa.float32())),  # of RevIN, per channel; null without it
        pa.field("deviation", pa.list_(pa.float32())),
        pa.field("rotation", pa.list_(pa.float32())),  # 9 numbers, row by row; null for one as it was worn
    ]
)


@dataclass(frozen=True)
class StoreSettings:
    """What `store.json` says of every window of a store; stored value x scale = value in `unit`."""

    rate_hz: float
    window_s: float
    stride_s: float
    max_missing: float
    channels: tuple[str, ...]
    unit: str
    dtype: DType
    scale: float
    normalize: Normalisation
    rotations: int
    seed: int
    n_windows: int
    samples: int
    shards: tuple[int, ...]  # windows in each
    version: str
    modality: Modality = "acc"
    align: float | None = None  # see `WindowSpec`


class WindowStore:
    """A store opened for reading; `take` maps rows to float32 windows."""

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        self.folder, self.settings = folder, settings
        self._shards = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("values-*.npy"))]
        self._starts = np.concatenate(([0], np.cumsum(settings.shards))).astype(np.int64)
        if [len(shard) for shard in self._shards] != list(settings.shards):
            raise InputError(f"{folder}: its shards do not hold what store.json says: write the store anew")

    @classmethod
    def open(cls, folder: Path) -> "WindowStore":
        """Open a store folder; InputError where it is none."""
        path = folder / "store.json"
        if not path.is_file():
            raise InputError(f"{folder}: no window store (store.json is missing): make one with preprocess")
        document = json.loads(path.read_text())
        document["channels"], document["shards"] = tuple(document["channels"]), tuple(document["shards"])
        return cls(folder, StoreSettings(**document))

    def __len__(self) -> int:
        return self.settings.n_windows

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a window, in the order of the windows."""
        return pq.read_table(self.folder / "index.parquet").to_pandas()

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The windows of these rows, (rows, samples, channels) float32 in the store's unit."""
        rows = np.asarray(rows, np.int64)
        out = np.empty((len(rows), self.settings.samples, len(self.settings.channels)), np.float32)
        shard_of = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(shard_of):
            here = shard_of == number
            out[here] = self._shards[number][rows[here] - self._starts[number]]
        if self.settings.scale != 1.0:
            out *= np.float32(self.settings.scale)
        return out


def _reraise(recording: Recording, error: InputError) -> None:
    raise error


def write_store(
    recordings: Iterable[Recording],
    spec: WindowSpec,
    folder: Path,
    *,
    normalize: Normalisation = "none",
    rotations: int = 0,
    seed: int = 0,
    dtype: DType | None = None,
    done: Callable[[Recording, int], None] = lambda recording, windows: None,
    failed: Callable[[Recording, InputError], None] = _reraise,
) -> StoreSettings:
    """Write recordings as a window store into `folder`, which must exist (see `files.atomic_folder`).

    Args:
        recordings: opened one at a time; all of one modality.
        normalize: "revin" keeps each window's mean and deviation in the index; "zscore" is the same
            without keeping them.
        rotations: copies of each window turned at random over SO(3), each with its rotation in the index;
            windows are turned before they are normalised.
        dtype: int16 (0.5 mg steps up to 16 g; only without normalisation) or float32; by default int16
            for acceleration that is not normalised.
        done: called after each recording with its number of windows.
        failed: called for a recording that cannot be read to its end, of which no window is written; by
            default its error is raised.
    """
    rng = generator(seed, "rotations")
    shards: _Shards | None = None
    channels: tuple[str, ...] = ()
    unit = ""
    scale = 1.0
    modality: Modality = "acc"
    with pq.ParquetWriter(folder / "index.parquet", INDEX_SCHEMA, compression="zstd") as index:
        for recording in recordings:
            if shards is None:
                channels, unit, modality = _names(recording), recording.unit, recording.modality
                step = MODALITIES[modality].int16_step
                dtype = dtype or ("int16" if step and normalize == "none" else "float32")
                if dtype == "int16" and (normalize != "none" or step is None):
                    raise UsageError("int16 windows hold acceleration in g: leave --dtype or --normalize out")
                scale = step if dtype == "int16" and step else 1.0
                shards = _Shards(folder, dtype, spec.samples, len(channels), scale)
            if _names(recording) != channels or recording.unit != unit:
                raise InputError(
                    f"{recording.source.path}: channels {_names(recording)} in {recording.unit}, not "
                    f"{channels} in {unit} as before it: put each kind into a store of its own"
                )
            # A recording may turn out broken at its last byte: until then its windows wait, the many of a
            # long one in a file that has no name.
            with held(folder) as waiting:
                rows = []
                try:
                    for windows in iter_windows(recording, spec):
                        for values, rotation in _copies(windows, rotations, rng):
                            mean = deviation = None
                            if normalize != "none":
                                values, mean, deviation = revin(values)
                            if normalize == "zscore":
                                mean = deviation = None
                            np.save(waiting, values)
                            rows.append(_rows(recording, windows, spec, mean, deviation, rotation))
                except UsageError:
                    raise
                except InputError as error:
                    failed(recording, error)
                    continue
                except Exception as error:
                    failed(recording, unreadable(recording.source.path, error))
                    continue
                waiting.seek(0)
                for part in rows:
                    shards.write(np.load(waiting))
                    index.write_table(part)
                done(recording, sum(part.num_rows for part in rows))
    if shards is None or shards.total == 0:
        raise InputError(
            f"no window of {spec.window_s:g} s in what was read: the recordings are too short or have too "
            "many gaps; see 'wearcli inspect', and --window"
        )
    settings = StoreSettings(
        rate_hz=spec.rate_hz,
        window_s=spec.window_s,
        stride_s=spec.stride_s,
        max_missing=spec.max_missing,
        channels=channels,
        unit=unit,
        dtype=dtype or "float32",
        scale=scale,
        normalize=normalize,
        rotations=rotations,
        seed=seed,
        n_windows=shards.total,
        samples=spec.samples,
        shards=tuple(shards.close()),
        version=__version__,
        modality=modality,
        align=spec.align,
    )
    (folder / "store.json").write_text(json.dumps(asdict(settings), indent=2) + "\n")
    return settings


def _names(recording: Recording) -> tuple[str, ...]:
    """The names of the channels of a recording in a store."""
    return MODALITIES[recording.modality].window_channels(recording.channels)


def _copies(
    windows: Windows, rotations: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """The windows as worn, then `rotations` turned copies, each with its rotations (windows, 3, 3)."""
    yield windows.values, None
    for _ in range(rotations):
        turns = random_rotations(len(windows), rng)
        yield rotate(windows.values, turns), turns


def _rows(
    recording: Recording,
    windows: Windows,
    spec: WindowSpec,
    mean: np.ndarray | None,
    deviation: np.ndarray | None,
    rotation: np.ndarray | None,
) -> pa.Table:
    count = len(windows)

    def lists(values: np.ndarray | None) -> pa.Array:
        kind = pa.list_(pa.float32())
        return pa.nulls(count, kind) if values is None else pa.array(list(values.reshape(count, -1)), kind)

    columns = [
        pa.repeat(recording.source.dataset, count),
        *origin(recording, windows, spec.samples / spec.rate_hz),
        *quality(windows, PULSE_QUALITY),
        lists(mean),
        lists(deviation),
        lists(rotation),
    ]
    return pa.table(columns, schema=INDEX_SCHEMA)


class _Shards:
    """Appends windows to .npy files of about SHARD_BYTES each, written as they fill."""

    def __init__(self, folder: Path, dtype: DType, samples: int, channels: int, scale: float) -> None:
        self.folder, self.dtype, self.shape, self.scale = folder, dtype, (samples, channels), scale
        self.rows = max(1, SHARD_BYTES // (samples * channels * np.dtype(dtype).itemsize))
        self.counts: list[int] = []
        self.total = 0
        self._rows: list[np.ndarray] = []
        self._held = 0

    def write(self, values: np.ndarray) -> None:
        if self.dtype == "int16":
            values = np.clip(np.rint(values / self.scale), -32768, 32767).astype(np.int16)
        self.total += len(values)
        while len(values):
            part = values[: self.rows - self._held]
            self._rows.append(part)
            self._held += len(part)
            values = values[len(part) :]
            if self._held == self.rows:
                self._flush()

    def _flush(self) -> None:
        path = self.folder / f"values-{len(self.counts):05d}.npy"
        out = np.lib.format.open_memmap(path, "w+", np.dtype(self.dtype), (self._held, *self.shape))
        at = 0
        for rows in self._rows:
            out[at : at + len(rows)] = rows
            at += len(rows)
        out.flush()
        self.counts.append(self._held)
        self._rows, self._held = [], 0

    def close(self) -> list[int]:
        if self._held:
            self._flush()
        return self.counts
