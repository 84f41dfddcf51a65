"""The target columns of a table of labels: which they are, and whether they are classes or numbers."""

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from wearcli.errors import InputError, UsageError
from wearcli.labels.named import NAMED, Kind

KEYS = ("recording", "participant", "onset", "duration")
# A number that says how far to trust a row, or where it lies, is no metric.
NO_METRIC = {
    *KEYS,
    *("quality", "confidence", "start", "end", "offset", "index", "id", "session", "trial", "run"),
}
FEW_VALUES = 10  # whole numbers of so few values may be codes


def target_columns(task: str, wanted: list[str] | None, table: pd.DataFrame, name: str) -> list[str]:
    """Return the columns to predict, after a column bmi was added where it is wanted and can be computed.

    Args:
        task: The name of the task, which says the columns where `wanted` is None.
        wanted: The columns that the user named.
        table: The table of labels.
        name: The table's name in errors.

    Raises:
        UsageError: A column is missing.
        InputError: There is no column to predict.
    """
    columns = wanted or _default_targets(task, table)
    if "bmi" in columns and "bmi" not in table and {"weight_kg", "height_cm"} <= {*table.columns}:
        table["bmi"] = _body_mass_index(table, name)
    if missing := [column for column in columns if column not in table]:
        others = ", ".join(column for column in table.columns if column not in KEYS) or "none"
        nor = " (nor weight_kg and height_cm)" if "bmi" in missing else ""
        raise UsageError(
            f"{name}: no column {', '.join(missing)}{nor}; the columns there are {others}: use --target"
        )
    if not columns:
        raise InputError(f"{name}: no column to predict; it has {', '.join(table.columns)}: use --target")
    return columns


def target_kind(columns: pd.DataFrame, wanted: Kind | None, name: str) -> tuple[Kind, list[str]]:
    """Return whether target columns are classes or numbers, and warnings.

    Args:
        columns: The target columns.
        wanted: The kind that the user or the task asks for; None: numbers are a regression, all else classes.
        name: The table's name in errors.

    Raises:
        UsageError: The columns are not all of one kind, or not of the kind that is wanted.
    """
    texts = [column for column in columns.columns if not _is_number(columns[column])]
    if wanted == "regression" and texts:
        raise UsageError(
            f"{name}: column {texts[0]} is not of numbers: --kind classification, or another --target"
        )
    if wanted is None and texts and len(texts) < len(columns.columns):
        raise UsageError(
            f"{name}: both numbers and classes ({', '.join(columns.columns)}): choose with --target"
        )
    kind: Kind = wanted or ("classification" if texts else "regression")
    if kind == "classification" and len(columns.columns) > 1:
        raise UsageError(
            f"{name}: classes of one column at a time: choose one with --target "
            f"({', '.join(columns.columns)})"
        )
    warnings = []
    for column in columns.columns if wanted is None and kind == "regression" else ():
        values = columns[column].dropna().unique()
        if len(values) <= FEW_VALUES and np.all(np.mod(values, 1) == 0):
            warnings.append(
                f"column {column} has {len(values)} whole numbers, taken as amounts: "
                "if they are codes of classes, --kind classification"
            )
    return kind, warnings


def class_labels(column: pd.Series) -> pd.Series:
    """Return class names as strings, missing ones kept missing; 3.0 is the class 3."""
    present = column.notna()
    values = column[present]
    if _is_number(values) and np.all(np.mod(values, 1) == 0):
        values = values.astype(np.int64)
    names = pd.Series(None, index=column.index, dtype=object)
    names[present] = values.astype(str).str.strip().astype(object)
    return names.where(names != "", None)


def _default_targets(task: str, table: pd.DataFrame) -> list[str]:
    if task not in NAMED:
        return [column for column in table.columns if column not in KEYS]
    if (column := NAMED[task].column) is not None:
        return [column]
    return [
        column
        for column in table.columns
        if column.lower() not in NO_METRIC
        and not column.lower().startswith("n_")
        and _is_number(table[column])
    ]


def _body_mass_index(table: pd.DataFrame, name: str) -> pd.Series:
    """kg/m2 of weight_kg and height_cm; NaN where one of them is missing or not above 0."""
    both = table[["weight_kg", "height_cm"]]
    if texts := [column for column in both if not is_numeric_dtype(both[column])]:
        raise UsageError(
            f"{name}: column {texts[0]} is not of numbers: mend it, or give the table a column bmi"
        )
    positive = both.where(both > 0)
    return positive["weight_kg"] / (positive["height_cm"] / 100) ** 2


def are_amounts(column: pd.Series) -> bool:
    """Return whether a column has numbers that are not all whole, so that they are no codes of classes."""
    return _is_number(column) and bool(np.any(np.mod(column.dropna().to_numpy(np.float64), 1) != 0))


def _is_number(column: pd.Series) -> bool:
    return is_numeric_dtype(column) and not is_bool_dtype(column)
