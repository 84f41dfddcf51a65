"""Units as people write them: by a name (`m/s^2`, `G`, `dps`), or as the scale of raw counts (`1/256 g`)."""

import math
import re
from typing import NamedTuple

from wearcli.errors import UsageError
from wearcli.modality import MODALITIES, ModalityRecord

_NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?"
# 1/256 g, 9.8/1024 m/s2, .0039 g
_SCALE = re.compile(rf"({_NUMBER})(?:\s*/\s*({_NUMBER}))?\s*[*·]?\s*(\D.*)", re.IGNORECASE)
# 256 counts/g, 16.4 LSB/(deg/s), 256/g, 256 counts per g
_COUNTS = re.compile(rf"({_NUMBER})\s*(?:counts?|lsb|digits?)?\s*(?:/|\bper\b)\s*([^\d\s].*)", re.IGNORECASE)


class Scale(NamedTuple):
    """What the values of a file are counted in.

    Attributes:
        name: A unit of the signal's record, or a part of one, such as 1/256 g.
        factor: What a value is multiplied by to be in the unit of the recording.
    """

    name: str
    factor: float


def normal_unit(written: str | None, signal: ModalityRecord | None = None) -> str | None:
    """Return the name of a unit as people write it (`m/s^2`, `m s-2`, `G`, `milli-g`, `dps`).

    Args:
        written: The unit in a file or on the command line.
        signal: The signal that it must be a unit of; None for any.

    Returns:
        The unit's name in the record of the signal; None for what is no unit of it.
    """
    if written is None:
        return None
    squeezed = re.sub(r"[\s·*^_\[\]()-]", "", written.lower().replace("²", "2").replace("**", ""))
    records = [signal] if signal else MODALITIES.values()
    units = (item for record in records for item in record.units.items())
    return next((name for name, unit in units if squeezed in unit.spellings), None)


def read_scale(written: str | None, signal: ModalityRecord) -> Scale | None:
    """Return what a text says that values are counted in; None for what is no unit of the signal.

    A unit (`mg`), a part of one (`1/256 g`, `.0039 g`), or counts of it (`256 counts/g`, `16.4 LSB/(deg/s)`).
    """
    if written is None:
        return None
    if (name := normal_unit(written, signal)) is not None:
        return Scale(name, signal.units[name].factor)
    text = written.strip()
    if (match := _SCALE.fullmatch(text)) and (name := normal_unit(match[3], signal)) is not None:
        above, below = match[1], match[2] or "1"
    elif (match := _COUNTS.fullmatch(text)) and (name := normal_unit(match[2], signal)) is not None:
        above, below = "1", match[1]
    else:
        return None
    if not (0 < float(below) < math.inf and 0 < (part := float(above) / float(below)) < math.inf):
        return None
    amount = above if float(below) == 1 else f"{above}/{below}"
    return Scale(name if part == 1 else f"{amount} {name}", part * signal.units[name].factor)


def parse_unit(text: str, signal: ModalityRecord) -> Scale:
    """Return what `--unit` says that values are counted in.

    A signal without units takes the unit of any other one: its values are read as they are.

    Raises:
        UsageError: It is no unit of the signal.
    """
    records = [signal] if signal.units else [record for record in MODALITIES.values() if record.units]
    scale = next((scale for record in records if (scale := read_scale(text, record)) is not None), None)
    if scale is None:
        *names, last = [name for record in records for name in record.units]
        raise UsageError(
            f"--unit '{text}': give {', '.join(names)} or {last}, or a scale such as 1/256 {names[0]}"
        )
    return scale if signal.units else scale._replace(factor=1.0)
