"""A label map: one name for what studies call differently."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from wearcli.errors import InputError, UsageError
from wearcli.labels.tasks import Task
from wearcli.recordings.study.text_tables import read_rows


class LabelMap:
    """`label,class` of a CSV, with a column `set` where a label means something in one set alone.

    A label that the map does not have, or has without a class, is left out.

    Args:
        path: The CSV.

    Raises:
        UsageError: There is no such file.
        InputError: The file is no label map.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UsageError(f"{path}: no such label map: a CSV of label,class, and set where need be")
        self.path = path
        self._classes: dict[tuple[str, str], str] = {}
        for line, row in enumerate(read_rows(path), 2):
            if "label" not in row or "class" not in row:
                raise InputError(f"{path}: a label map has columns label and class, and maybe set")
            key = row.get("set", ""), row["label"]
            if key in self._classes and self._classes[key] != row["class"]:
                raise InputError(f"{path}: line {line}: '{key[1]}' has two classes: leave one of them")
            self._classes[key] = row["class"]

    def apply(self, task: Task, name: str) -> tuple[Task, list[str]]:
        """Return the task of the set `name` in the map's classes, and the labels that are left out.

        Raises:
            InputError: No label of the task has a class.
            UsageError: The task's targets are numbers.
        """
        if task.kind != "classification":
            raise UsageError(f"{self.path}: {task.source} has numbers, not classes: leave --label-map out")
        (column,) = task.targets
        labels = task.table[column]
        mapped = {label: self._class(name, label) for label in sorted(labels.dropna().unique())}
        left_out = [label for label, class_name in mapped.items() if not class_name]
        table = task.table[~labels.isin(left_out)]
        if not len(table):
            raise InputError(
                f"{self.path}: has no class for any label of {task.source} ({', '.join(mapped)}): add them"
            )
        classes: pd.Series = table[column].map(mapped)
        return replace(task, table=table.assign(**{column: classes})), left_out

    def _class(self, name: str, label: str) -> str | None:
        return self._classes.get((name, label)) or self._classes.get(("", label))
