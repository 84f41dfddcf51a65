"""Recordings into a window store; `signals.store` tells what such a folder holds."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli._version import __version__
from wearcli.errors import InputError, UsageError, blamed_on
from wearcli.files import held
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.recording import Recording
from wearcli.seeds import generator
from wearcli.signals.cutting import iter_windows
from wearcli.signals.normalise import Normalisation, random_rotations, revin, rotate
from wearcli.signals.origin import PULSE_QUALITY, origin, quality
from wearcli.signals.store import INDEX_NAME, INDEX_SCHEMA, DType, StoreSettings, write_settings
from wearcli.signals.windows import Windows, WindowSpec

SHARD_BYTES = 64 * 2**20


class NoWindowsError(InputError):
    """No recording has a window, so there is no store."""


class _Layout(NamedTuple):
    """What all windows of a store have in common, as its first recording tells it."""

    modality: Modality
    channels: tuple[str, ...]
    unit: str
    dtype: DType
    scale: float


class _Copy(NamedTuple):
    """Windows as they are stored, and what was done to them; None where nothing was."""

    values: np.ndarray
    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None
    rotation: np.ndarray | None = None


class _Preparation(NamedTuple):
    """What is done to windows before they are stored."""

    normalize: Normalisation
    rotations: int
    rng: np.random.Generator

    def copies(self, windows: Windows) -> Iterator[_Copy]:
        """The windows as worn, then the turned copies, each normalised."""
        yield self._normalised(windows.values, None)
        for _ in range(self.rotations):
            rotation = random_rotations(len(windows), self.rng)
            yield self._normalised(rotate(windows.values, rotation), rotation)

    def _normalised(self, values: np.ndarray, rotation: np.ndarray | None) -> _Copy:
        if self.normalize == "none":
            return _Copy(values, rotation=rotation)
        values, mean, deviation = revin(values)
        if self.normalize == "zscore":
            return _Copy(values, rotation=rotation)
        return _Copy(values, mean, deviation, rotation)


def _reraise(recording: Recording, error: InputError) -> None:
    raise error


def write_store(
    recordings: Iterable[Recording],
    spec: WindowSpec,
    folder: Path,
    *,
    normalize: Normalisation = "none",
    rotations: int = 0,
    rng: np.random.Generator | None = None,
    seed: int = 0,
    dtype: DType | None = None,
    shard_bytes: int = SHARD_BYTES,
    done: Callable[[Recording, int], None] = lambda recording, windows: None,
    failed: Callable[[Recording, InputError], None] = _reraise,
) -> StoreSettings:
    """Write recordings as a window store.

    Args:
        recordings: Recordings of one signal, opened one at a time.
        spec: How to cut them.
        folder: The folder to write into; it must exist (see `files.atomic_folder`).
        normalize: "revin" keeps the mean and deviation of each window in the index; "zscore" is the same
            without keeping them.
        rotations: Number of copies of each window that are turned at random over SO(3), with their rotations
            in the index; windows are turned before they are normalised.
        rng: Makes the rotations; None: that of the seed.
        seed: Seed of the rotations.
        dtype: int16 (in the steps of the signal's record; only without normalisation) or float32; None takes
            int16 where it may.
        shard_bytes: Size of a shard, bytes.
        done: Called after each recording with its number of windows.
        failed: Called for a recording that cannot be read to its end, of which no window is written; by
            default its error is raised.

    Raises:
        UsageError: The windows cannot be stored as int16, or not be turned.
        NoWindowsError: There is no window.
        InputError: Recordings are of several kinds.
    """
    preparation = _Preparation(normalize, rotations, rng or generator(seed, "rotations"))
    layout: _Layout | None = None
    shards: _Shards | None = None
    with pq.ParquetWriter(
        folder / INDEX_NAME, INDEX_SCHEMA, compression="zstd", write_page_checksum=True
    ) as index:
        for recording in recordings:
            if layout is None or shards is None:
                layout = _layout(recording, normalize, rotations, dtype)
                shards = _Shards(folder, layout, spec.samples, shard_bytes)
            _check_alike(recording, layout)
            # A recording may turn out broken at its last byte: until then its windows wait, the many of a
            # long one in a file that has no name.
            with held(folder) as waiting:
                try:
                    with blamed_on(recording.source.path):
                        parts = list(_cut(recording, spec, preparation, waiting))
                except InputError as error:
                    failed(recording, error)
                    continue
                waiting.seek(0)
                for part in parts:
                    shards.write(np.load(waiting))
                    index.write_table(part)
                done(recording, sum(part.num_rows for part in parts))
    if layout is None or shards is None or shards.total == 0:
        raise NoWindowsError(
            f"no window of {spec.window_s:g} s in what was read: the recordings are too short or have too "
            "many gaps; see 'wearcli inspect', and --window"
        )
    settings = StoreSettings(
        rate_hz=spec.rate_hz,
        window_s=spec.window_s,
        stride_s=spec.stride_s,
        max_missing=spec.max_missing,
        channels=layout.channels,
        unit=layout.unit,
        dtype=layout.dtype,
        scale=layout.scale,
        normalize=normalize,
        rotations=rotations,
        seed=seed,
        n_windows=shards.total,
        samples=spec.samples,
        shards=tuple(shards.close()),
        version=__version__,
        modality=layout.modality,
        align=spec.align,
    )
    write_settings(folder, settings)
    return settings


def _layout(recording: Recording, normalize: Normalisation, rotations: int, dtype: DType | None) -> _Layout:
    """The layout of a store that begins with this recording; UsageError where it cannot be."""
    signal = MODALITIES[recording.modality]
    step = signal.int16_step if normalize == "none" else None
    if dtype == "int16" and step is None:
        titles = " or ".join(
            f"{item.title} in {item.unit}" for item in MODALITIES.values() if item.int16_step
        )
        raise UsageError(f"int16 windows hold {titles}: leave --dtype or --normalize out")
    if rotations and not signal.channels:
        raise UsageError(f"--rotate turns the axes of a sensor, and {signal.title} has none: leave it out")
    dtype = dtype or ("int16" if step else "float32")
    scale = step if dtype == "int16" and step else 1.0
    channels = signal.window_channels(recording.channels)
    return _Layout(recording.modality, channels, recording.unit, dtype, scale)


def _check_alike(recording: Recording, layout: _Layout) -> None:
    channels = MODALITIES[recording.modality].window_channels(recording.channels)
    if (channels, recording.unit) != (layout.channels, layout.unit):
        raise InputError(
            f"{recording.source.path}: channels {channels} in {recording.unit}, not {layout.channels} in "
            f"{layout.unit} as before it: put each kind into a store of its own"
        )


def _cut(
    recording: Recording, spec: WindowSpec, preparation: _Preparation, waiting: IO[bytes]
) -> Iterator[pa.Table]:
    """The index of a recording's windows in parts; their values go to `waiting`, an array a part."""
    for windows in iter_windows(recording, spec):
        for copy in preparation.copies(windows):
            np.save(waiting, copy.values)
            yield _rows(recording, windows, spec, copy)


def _rows(recording: Recording, windows: Windows, spec: WindowSpec, copy: _Copy) -> pa.Table:
    """The index of these windows."""
    count = len(windows)

    def lists(values: np.ndarray | None) -> pa.Array:
        kind = pa.list_(pa.float32())
        return pa.nulls(count, kind) if values is None else pa.array(list(values.reshape(count, -1)), kind)

    columns = [
        pa.repeat(recording.source.dataset, count),
        *origin(recording, windows, spec.samples / spec.rate_hz),
        *quality(windows, PULSE_QUALITY),
        lists(copy.mean),
        lists(copy.deviation),
        lists(copy.rotation),
    ]
    return pa.table(columns, schema=INDEX_SCHEMA)


class _Shards:
    """Appends windows to .npy files of about `size` bytes each, written as they fill."""

    def __init__(self, folder: Path, layout: _Layout, samples: int, size: int) -> None:
        self.folder, self.dtype, self.scale = folder, layout.dtype, layout.scale
        self.shape = (samples, len(layout.channels))
        self.rows = max(1, size // (samples * len(layout.channels) * np.dtype(self.dtype).itemsize))
        self.counts: list[int] = []
        self.total = 0
        self._parts: list[np.ndarray] = []
        self._held = 0

    def write(self, values: np.ndarray) -> None:
        if self.dtype == "int16":
            values = np.clip(np.rint(values / self.scale), -32768, 32767).astype(np.int16)
        self.total += len(values)
        while len(values):
            part = values[: self.rows - self._held]
            self._parts.append(part)
            self._held += len(part)
            values = values[len(part) :]
            if self._held == self.rows:
                self._flush()

    def close(self) -> list[int]:
        if self._held:
            self._flush()
        return self.counts

    def _flush(self) -> None:
        path = self.folder / f"values-{len(self.counts):05d}.npy"
        kind = np.lib.format.dtype_to_descr(np.dtype(self.dtype))
        header = {"descr": kind, "fortran_order": False, "shape": (self._held, *self.shape)}
        # Not through a map of the file: on a full disk the system ends a process that writes into one.
        with path.open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for rows in self._parts:
                stream.write(np.ascontiguousarray(rows, self.dtype).data)
        self.counts.append(self._held)
        self._parts, self._held = [], 0
