"""Recordings to read in tests: a signal with gravity, and the files that hold it."""

from pathlib import Path

import numpy as np

from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source


def wrist(seconds: float = 20.0, rate_hz: float = 50.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Time (n,) s and acceleration (n, 3) g, four decimals: a swing, then rest in its second half."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    swing = 0.4 * np.sin(2 * np.pi * 1.5 * time) * (time < seconds / 2)
    acc = np.stack([0.1 + swing, -0.2 + 0.5 * swing, 0.97 + 0 * swing], 1) + rng.normal(
        0, 0.004, (len(time), 3)
    )
    return time, acc.round(4)


def write_csv(path: Path, header: str | None, *columns: object, separator: str = ",") -> Path:
    """A file with one line a row, cells as Python prints them."""
    rows = [
        separator.join(map(str, row)) for row in zip(*(np.asarray(c).tolist() for c in columns), strict=True)
    ]
    path.write_text("\n".join([*([header] if header else []), *rows]) + "\n")
    return path


def opened(path: Path, kind: str | None = None, **flags: object) -> Recording:
    """The recording in a file, opened as `find_recordings` would."""
    names = {"rate": "rate_hz"}
    flags = {names.get(name, name): value for name, value in flags.items()}
    kind = kind or path.name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    return open_recording(Source(path.name.split(".")[0], path, kind, "p"), Reading(**flags))  # type: ignore[arg-type]


def read(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """All of a recording: time (n,) and values (n, channels)."""
    chunks = list(recording.chunks())
    return np.concatenate([c.time for c in chunks]), np.concatenate([c.values for c in chunks])
