"""The window store: windows in memory-mapped shards, with an index by participant and time.

A folder: `values-00000.npy` ... (windows, samples, channels) int16 or float32, `index.parquet` (one row a
window: recordings in order, time rising in each; turned copies of a batch of windows follow that batch) and
`store.json`.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.claims import recover
from wearcli.conformity import shown
from wearcli.documents import parse, read_json, write_json
from wearcli.errors import InputError, reason
from wearcli.modality import MODALITIES
from wearcli.signals.normalise import Normalisation
from wearcli.signals.origin import ORIGIN, PULSE_QUALITY

SETTINGS_NAME, INDEX_NAME = "store.json", "index.parquet"
if TYPE_CHECKING:
    from wearcli.modality import Modality
else:
    Modality = str  # as it is read: the records of `MODALITIES` say which there are

DType = Literal["int16", "float32"]

INDEX_SCHEMA = pa.schema(
    [
        pa.field("dataset", pa.string()),
        *ORIGIN,
        *PULSE_QUALITY,  # null where the signal has no such quality
        pa.field("mean", pa.list_(pa.float32())),  # of RevIN, per channel; null without it
        pa.field("deviation", pa.list_(pa.float32())),
        pa.field("rotation", pa.list_(pa.float32())),  # 9 numbers, row by row; null for one as it was worn
    ]
)
_ADVICE = "write the store anew with preprocess"


@dataclass(frozen=True)
class StoreSettings:
    """What `store.json` tells of all windows of a store.

    Attributes:
        rate_hz: Rate of the windows, Hz.
        window_s: Length of a window, s.
        stride_s: Time from the start of a window to that of the next one, s.
        max_missing: Greatest share of a window that may lie in gaps.
        channels: Names of the channels.
        unit: Unit of the windows that `WindowStore.take` gives.
        dtype: Type of the stored values.
        scale: What a stored value is multiplied by to be in `unit`.
        normalize: How the windows were normalised.
        rotations: Number of turned copies of each window.
        seed: Seed of the rotations.
        n_windows: Number of windows.
        samples: Samples in a window.
        shards: Number of windows in each shard.
        version: Version of wearcli that wrote the store.
        modality: The signal.
        align: Seconds that were added to the clock, where windows begin by the clock; see `WindowSpec`.
    """

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
    shards: tuple[int, ...]
    version: str
    modality: Modality = "acc"
    align: float | None = None

    @classmethod
    def from_json(cls, document: object, name: str) -> "StoreSettings":
        """Return the settings in a JSON document.

        Args:
            document: The JSON object.
            name: Name of the document in messages.

        Raises:
            InputError: The document is damaged.
        """
        settings = parse(cls, document, name, _ADVICE)
        if problem := settings._contradiction():
            raise InputError(f"{name}: {problem}: {_ADVICE}")
        return settings

    def _contradiction(self) -> str | None:
        """What cannot be, in words; None for settings that windows can have."""
        for key in ("rate_hz", "window_s", "stride_s", "scale", "n_windows", "samples"):
            if not getattr(self, key) > 0:
                return f"its {key} is {getattr(self, key)}, not above 0"
        if not abs(self.rate_hz * self.window_s - self.samples) <= 1:
            return f"{self.window_s:g} s at {self.rate_hz:g} Hz are not its {self.samples} samples"
        if self.modality not in MODALITIES:
            return f"its modality is {shown(self.modality)}, not {' or '.join(MODALITIES)}"
        if not self.channels:
            return "it has no channels"
        if min(self.shards, default=0) < 1 or sum(self.shards) != self.n_windows:
            return f"its shards do not hold its {self.n_windows} windows"
        return None

    def to_json(self) -> dict[str, object]:
        """Return the document that `store.json` holds."""
        return asdict(self)


class WindowStore:
    """A store opened for reading.

    Attributes:
        folder: Its folder.
        settings: What `store.json` tells.

    Raises:
        InputError: The shards do not hold what the settings tell.
    """

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        self.folder, self.settings = folder, settings
        self._shards = [_open_shard(path) for path in sorted(folder.glob("values-*.npy"))]
        self._starts = np.concatenate(([0], np.cumsum(settings.shards))).astype(np.int64)
        shape = settings.samples, len(settings.channels)
        stated = [((count, *shape), settings.dtype) for count in settings.shards]
        if [(shard.shape, shard.dtype.name) for shard in self._shards] != stated:
            raise InputError(f"{folder}: its shards do not hold what store.json says: {_ADVICE}")

    @classmethod
    def open(cls, folder: Path) -> "WindowStore":
        """Open a store.

        Raises:
            InputError: The folder is no store, or a damaged one.
        """
        recover(folder)
        path = folder / SETTINGS_NAME
        if not path.is_file():
            raise InputError(f"{folder}: no window store (store.json is missing): make one with preprocess")
        return cls(folder, StoreSettings.from_json(read_json(path, _ADVICE), str(path)))

    def __len__(self) -> int:
        return self.settings.n_windows

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a window, in the order of the windows.

        Raises:
            InputError: The index is damaged, or is not that of these windows.
        """
        path = self.folder / INDEX_NAME
        try:
            table = pq.read_table(path, page_checksum_verification=True)
            table.validate(full=True)
            if problem := _index_problem(table.schema, len(table), len(self)):
                raise ValueError(problem)
            index: pd.DataFrame = table.to_pandas()
        except Exception as error:  # whatever damage makes the library raise
            raise InputError(f"{path}: cannot be read ({reason(error)}): {_ADVICE}") from error
        return index

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the windows of these rows.

        Args:
            rows: Numbers of windows (rows,).

        Returns:
            Windows (rows, samples, channels) float32, in the unit of the store.
        """
        rows = np.asarray(rows, np.int64)
        out = np.empty((len(rows), self.settings.samples, len(self.settings.channels)), np.float32)
        shard_numbers = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(shard_numbers):
            here = shard_numbers == number
            out[here] = self._shards[number][rows[here] - self._starts[number]]
        if self.settings.scale != 1.0:
            out *= np.float32(self.settings.scale)
        return out


def _open_shard(path: Path) -> np.ndarray:
    """The windows of a shard, mapped; InputError where it is none."""
    try:
        shard: np.ndarray = np.load(path, mmap_mode="r")
    except Exception as error:  # whatever a damaged header makes numpy raise
        raise InputError(f"{path}: cannot be read ({reason(error)}): {_ADVICE}") from error
    return shard


def _index_problem(schema: pa.Schema, rows: int, windows: int) -> str | None:
    """In what an index is not that of the windows; None where it is."""
    if missing := [name for name in INDEX_SCHEMA.names if name not in schema.names]:
        return f"no column {missing[0]}"
    for name in INDEX_SCHEMA.names:
        if schema.field(name).type != INDEX_SCHEMA.field(name).type:
            return f"{name} is {schema.field(name).type}, not {INDEX_SCHEMA.field(name).type}"
    return None if rows == windows else f"{rows} rows for {windows} windows"


def write_settings(folder: Path, settings: StoreSettings) -> None:
    """Write `store.json` into the folder of a store."""
    write_json(folder / SETTINGS_NAME, settings.to_json())
