"""One damaged input, read down to its windows or numbers: what comes of it."""

import random
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.fuzz.case import Case
from tests.fuzz.files import whole_cases
from tests.fuzz.mutations import mutate
from wearcli.errors import WearcliError
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.cutting import iter_windows
from wearcli.signals.origin import origin
from wearcli.signals.windows import WindowSpec

LIMIT_S = 10
_SPEC = WindowSpec(50.0, 2.0, 1.0, 0.5)


class Hang(BaseException):
    """An input took longer than `LIMIT_S`."""


class Wrong(AssertionError):
    """An input was read, or refused, in a way that a user must not see."""


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_input(folder: Path, number: int, seed: int = 0) -> Case:
    """Write input `number` of a seed into an empty folder; returns the case that was damaged."""
    generator = random.Random(f"{seed} {number}")
    cases = whole_cases()
    name = sorted(cases)[number % len(cases)]
    case = cases[name]
    victim = generator.choice(case.damaged)
    others = [next(iter(other.files.values())) for other in cases.values()]
    damaged = mutate(case.files[victim], others, generator)
    write_files({**case.files, victim: damaged}, folder)
    return case


def read_input(folder: Path, case: Case) -> str:
    """Return "read" or "refused"; whatever else happens is raised.

    Raises:
        Wrong: A value is not finite, a time does not rise, or a message is no line for a person.
        Hang: It took too long.
    """
    with _limited():
        try:
            if case.read is not None:
                _check_finite(case.read(folder))
                return "read"
            modality = case.modality
            sources = find_recordings([folder], modality=modality).sources  # type: ignore[arg-type]
            outcomes = [_read(source, modality) for source in sources]
        except WearcliError as error:
            return _refused(error)
    return "read" if "read" in outcomes else "refused"


def _check_finite(values: Sequence[np.ndarray]) -> None:
    for array in values:
        if not np.isfinite(array).all():
            raise Wrong("a number that is not finite")


def _read(source, modality: str) -> str:  # type: ignore[no-untyped-def]
    try:
        recording = open_recording(source, Reading(modality=modality))  # type: ignore[arg-type]
        last = -np.inf
        for windows in iter_windows(recording, _SPEC, 64):
            _check_finite([windows.values])
            if not (np.diff(windows.onset_s, prepend=last) > 0).all():
                raise Wrong("windows are out of order")
            last = windows.onset_s[-1]
            origin(recording, windows, 2.0)
    except WearcliError as error:
        return _refused(error)
    for warning in recording.warnings:
        if not isinstance(warning, str) or "\n" in warning:
            raise Wrong(f"a warning is no line: {warning!r}")
    return "read"


def _refused(error: WearcliError) -> str:
    line = str(error)
    if not line.isprintable() or ": " not in line or len(line) > 2100:
        raise Wrong(f"no line for a person: {line[:300]!r}")
    return "refused"


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
