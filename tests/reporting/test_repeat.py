"""The command that is shown, word by word; test_report runs one."""

import html
import shlex

from hypothesis import given
from hypothesis import strategies as st

from tests.reporting.reading import read
from wearcli.comparison.compare import compare
from wearcli.probing.probe import probe
from wearcli.reporting.repeat import command_line, made_with


def words(*arguments: object) -> list[str]:
    return shlex.split(read(command_line(*arguments)).text())  # type: ignore[arg-type]


def test_lists_flags_and_names_with_blanks() -> None:
    arguments = {
        "embeddings": ["my study/a.parquet", "b.parquet"],
        "task": "activity",
        "labels": None,
        "target": ["one", "two"],
        "test": [],
        "label_share": [100.0, 12.5],
        "level": "window",  # the default
        "epoch": 10.0,
        "keep_nonwear": True,
    }
    assert words("probe", arguments, "embeddings", probe) == [
        *("wearcli", "probe", "my study/a.parquet", "b.parquet", "--task", "activity"),
        *(
            "--target",
            "one",
            "--target",
            "two",
            "--label-share",
            "100,12.5",
            "--epoch",
            "10",
            "--keep-nonwear",
        ),
    ]


def test_a_stream_and_a_flag_that_is_on_by_default() -> None:
    assert words("probe", {"embeddings": ["stdin"], "task": "x"}, "embeddings", probe)[2] == "-"
    arguments = {"models": ["motion-v5"], "task": "gait", "untrained": False, "stride_s": 2.5}
    line = ["wearcli", "compare", "motion-v5", "--task", "gait", "--no-untrained", "--stride", "2.5"]
    assert words("compare", arguments, "models", compare) == line


def test_what_the_result_depends_on() -> None:
    info = {
        "model": {"name": "<m>", "sha256": "12ab"},
        "labels": {"l.csv": "34cd"},
        "versions": {"numpy": "2"},
    }
    root = read(made_with(info))
    assert [node.text() for node in root.all("dt")] == ["model <m>", "labels l.csv", "versions"]
    assert [node.text() for node in root.all("dd")] == ["sha256 12ab", "sha256 34cd", "wearcli ?, numpy 2"]
    assert html.escape("<m>") in made_with(info)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same(value: float) -> None:
    """`:g` would keep six digits."""
    line = words("probe", {"embeddings": ["e"], "task": "x", "epoch": value}, "embeddings", probe)
    assert float(line[line.index("--epoch") + 1]) == value
