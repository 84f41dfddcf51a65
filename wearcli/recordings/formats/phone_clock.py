"""When a phone app's recording began: what it writes beside the sensors about its clock."""

import csv
import io
import math
from dataclasses import dataclass

import numpy as np

from wearcli.recordings.formats.bundle import Bundle
from wearcli.recordings.formats.phone_files import App

# Columns of seconds since the recording began.
ELAPSED = {"seconds_elapsed", "time (s)"}
_METADATA, _EVENTS = "metadata.csv", "meta/time.csv"
_MOST_BYTES = 2**18


@dataclass(frozen=True)
class Epoch:
    """The system's clock of a recording that may have been paused.

    Attributes:
        elapsed: Seconds of the recording at which it was started or went on, rising.
        system: Seconds since 1970 (UTC) then.
    """

    elapsed: tuple[float, ...]
    system: tuple[float, ...]

    def seconds(self, elapsed: np.ndarray) -> np.ndarray:
        """Return seconds since 1970 for seconds of the recording: pauses are gaps."""
        begin = np.array(self.elapsed)
        part = (np.searchsorted(begin, elapsed, side="right") - 1).clip(min=0)
        seconds: np.ndarray = elapsed - begin[part] + np.array(self.system)[part]
        return seconds


def noted_epoch(bundle: Bundle, app: App) -> Epoch | None:
    """Return the clock that the app notes; None where it notes none.

    phyphox writes each start in `meta/time.csv`, Sensor Logger one in `Metadata.csv`, in ms.
    """
    if app is App.SENSOR_LOGGER:
        noted = _number(next(iter(_rows(bundle, _METADATA)), {}).get("recording epoch time"))
        return None if noted is None else Epoch((0.0,), (noted / 1000,))
    starts = [
        (begin, system)
        for row in _rows(bundle, _EVENTS)
        if row.get("event", "").upper() == "START"
        and (begin := _number(row.get("experiment time"))) is not None
        and (system := _number(row.get("system time"))) is not None
    ]
    if not starts:
        return None
    begins, systems = zip(*sorted(starts), strict=True)
    return Epoch(begins, systems)


def metadata(bundle: Bundle, app: App) -> dict[str, object]:
    """Return what the app notes of the recording: its time zone and platform."""
    row = next(iter(_rows(bundle, _METADATA)), {}) if app is App.SENSOR_LOGGER else {}
    noted = {"timezone": row.get("recording timezone"), "platform": row.get("platform")}
    return {name: text for name, text in noted.items() if text}


def _rows(bundle: Bundle, name: str) -> list[dict[str, str]]:
    """The rows of a small table by its names in lower case; none where it is not there."""
    if name not in bundle.names:
        return []
    with bundle.opened(name) as stream:
        text = stream.read(_MOST_BYTES).decode("utf-8-sig", errors="replace")
    first = text.split("\n")[0]
    delimiter = next((sign for sign in "\t;" if sign in first), ",")
    try:
        header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    except (csv.Error, ValueError):
        return []
    names = [cell.strip().lower() for cell in header]
    return [dict(zip(names, map(str.strip, row), strict=False)) for row in rows if row]


def _number(text: str | None) -> float | None:
    try:
        number = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
