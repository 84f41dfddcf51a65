"""The CSV export of GENEActiv's PC software: a hundred lines above, and columns without names.

Columns: GENEActiv Instruction Manual, "Raw data export": time, x, y, z (g), light (lux), button, temperature.
"""

from collections.abc import Sequence

from wearcli.errors import InputError
from wearcli.recordings.tables.table import Column

_COLUMNS = ("time", "x", "y", "z", "light", "button", "temperature")
UNIT, UNIT_HOW = "g", "GENEActiv format"


def geneactiv_columns(
    columns: Sequence[Column], preamble: Sequence[str], file_name: str
) -> list[Column] | None:
    """Return the columns with their names; None where a file is no such export.

    Args:
        columns: The columns of a file without names.
        preamble: The lines above them.
        file_name: The file in messages.

    Raises:
        InputError: It is an export of epochs, which has more columns.
    """
    words = [line.replace('"', "").lower() for line in preamble[:5]]
    if not any(line.startswith("device type") and "geneactiv" in line for line in words):
        return None
    kinds = [column.kind for column in columns]
    if len(columns) > len(_COLUMNS) + 1:
        raise InputError(
            f"{file_name}: holds means of epochs and no samples, as GENEActiv's software compresses them: "
            "take the .bin or its raw export"
        )
    if len(columns) != len(_COLUMNS) or kinds[0] == "number" or kinds[1:4] != ["number"] * 3:
        return None
    return [column._replace(name=name) for column, name in zip(columns, _COLUMNS, strict=True)]
