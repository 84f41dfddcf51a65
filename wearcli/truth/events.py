"""Tables of foot contacts and lift-offs, from walkways, insoles or people who watch a video."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import InputError, UsageError

_ALIASES = {
    "recording": ("recording", "trial", "file"),
    "foot": ("foot", "side", "leg", "limb"),
    "contact": ("contact", "initial_contact", "heel_strike", "foot_strike", "foot_contact", "ic", "hs"),
    "off": ("off", "toe_off", "final_contact", "foot_off", "to", "fc"),
}
_FEET = {"l": "left", "left": "left", "r": "right", "right": "right"}


@dataclass(frozen=True)
class Steps:
    """Events of one foot, sorted; either array may be empty.

    Attributes:
        contact: (n,) s, contacts with the ground.
        off: (n,) s, lift-offs.
    """

    contact: np.ndarray
    off: np.ndarray


def read_events(path: Path) -> dict[str, dict[str, Steps]]:
    """Return the events of every recording and foot ("left", "right").

    The table has one row an event or a pair of events, and the columns recording, foot (left or right, l or
    r), contact and, where it is known, off: seconds from the recording's start. It does not matter which
    contact and off share a row: they may be a stance or a swing. Other names that are understood: trial,
    side, leg, initial_contact, heel_strike, ic, toe_off, final_contact, with or without _s.

    Raises:
        UsageError: There is no such file.
        InputError: The file cannot be used.
    """
    table = _read(path)
    columns = {
        name: next((one for one in aliases if one in table), None) for name, aliases in _ALIASES.items()
    }
    for name in ("recording", "foot", "contact"):
        if columns[name] is None:
            raise InputError(
                f"{path}: no column {name} (it has {', '.join(table.columns)}): a table of events has "
                "recording, foot, contact and off, in seconds"
            )
    feet = table[columns["foot"]].str.strip().str.lower().map(_FEET)
    if feet.isna().any():
        line = int(feet.isna().to_numpy().argmax())
        raise InputError(
            f"{path}: line {line + 2}: foot '{table[columns['foot']].iloc[line]}' is neither left nor right"
        )
    times = {
        name: _seconds(path, table[columns[name]]) if columns[name] else np.full(len(table), np.nan)
        for name in ("contact", "off")
    }
    names = table[columns["recording"]].str.strip()
    steps: dict[str, dict[str, Steps]] = {}
    for recording in names.dropna().unique().tolist():
        for foot in ("left", "right"):
            rows = ((names == recording) & (feet == foot)).to_numpy()
            if rows.any():
                ordered = (np.unique(times[name][rows]) for name in ("contact", "off"))
                contact, off = (column[~np.isnan(column)] for column in ordered)
                steps.setdefault(recording, {})[foot] = Steps(contact, off)
    if not any(len(foot.contact) for both in steps.values() for foot in both.values()):
        raise InputError(f"{path}: it holds no contact: see --events in 'wearcli gait-truth --help'")
    return steps


def _read(path: Path) -> pd.DataFrame:
    """The table as text, its columns named as in `_ALIASES`."""
    if not path.is_file():
        raise UsageError(f"{path}: no such table of events: name another with --events")
    try:
        with path.open(encoding="utf-8-sig") as stream:
            separator = max(",;\t", key=stream.readline().count)
        table = pd.read_csv(path, sep=separator, encoding="utf-8-sig", dtype=str, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a table ({str(error).splitlines()[0]})") from None
    table.columns = [_plain(name) for name in table.columns]
    return table


def _plain(name: str) -> str:
    """A column's name in the form of `_ALIASES`: `Heel strike [s]` is heel_strike."""
    words = str(name).strip().lower().replace("(s)", "").replace("[s]", "").split()
    return "_".join(words).replace("-", "_").removesuffix("_s").removesuffix("_time")


def _seconds(path: Path, column: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce")
    bad = numbers.isna() & column.notna() & (column.str.strip().str.lower() != "n/a")
    if bad.any():
        line = int(bad.to_numpy().argmax())
        raise InputError(f"{path}: line {line + 2}: '{column.iloc[line]}' is not a time in seconds")
    return numbers.to_numpy(np.float64)
