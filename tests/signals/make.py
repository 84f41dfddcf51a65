"""Recordings in memory, for the tests of signals."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wearcli.recordings.recording import Chunk, Recording, Source


def recording(
    time: np.ndarray,
    values: np.ndarray,
    rate_hz: float,
    *,
    name: str = "P01_walk",
    size: int = 4096,
    modality: str = "acc",
    range_limit: float | None = None,
) -> Recording:
    def stream() -> Iterator[Chunk]:
        for begin in range(0, len(time), size):
            yield Chunk(time[begin : begin + size], values[begin : begin + size].astype(np.float32))

    source = Source(name, Path("study") / f"{name}.csv", "csv", name.split("_")[0], "wrist")
    channels = ("x", "y", "z")[: values.shape[1]]
    return Recording(source, modality, channels, rate_hz, rate_hz, "g", "said", None, stream, range_limit)  # type: ignore[arg-type]


def noise(seconds: float, rate_hz: float, seed: int = 0, scale: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    return np.arange(count) / rate_hz, rng.normal(scale=scale, size=(count, 3)) + [0.0, 0.0, 1.0]
