"""Recordings to read in tests: a signal with gravity, and the files that hold it."""

import re
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


# What a message may end with: a thing to do.
_ADVICE = (
    r"copy it again|copy .+ beside it|mend or remove it|is its suffix right\?|is it the right file\?",
    r"mend (it|its header), with EDFbrowser for one|is it the header of a whole record\?|is the file whole\?",
    r"save it as UTF-8|save plain numbers|save time \(n,\) and acc \(n, 3\), for one|export it as CSV",
    r"convert it to (EDF\+C, with EDFbrowser|format 16, with WFDB's xform) for one|write one kind",
    r"save it with -v7, or export it as CSV",
    r"a recording has one row a sample|give each its own name|see --columns|wearcli reads .+",
    r"(name|say|give|choose|settle|separate|write|take)\b[^:]*",
)
_ENDS = re.compile(rf".+\S: ({'|'.join(_ADVICE)})")
_PYTHON = re.compile(r"\b\w+(Error|Exception)\b|\bErrno\b|Traceback|pickle")


def check_line(error: BaseException, path: Path) -> None:
    """The message is one printable line: the file, what is wrong, what to do; no words of Python."""
    line = str(error)
    assert line.isprintable(), line
    assert line.startswith((f"{path}: ", f"{path}/")), line
    assert _ENDS.fullmatch(line.removeprefix(str(path))), line
    assert not _PYTHON.search(line), line


def read(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """All of a recording: time (n,) and values (n, channels)."""
    chunks = list(recording.chunks())
    return np.concatenate([c.time for c in chunks]), np.concatenate([c.values for c in chunks])
