"""The documents of a run: what is damaged is one line, whatever the damage is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wearcli.errors import InputError
from wearcli.training.checkpoint import read_state
from wearcli.training.log import read_log
from wearcli.training.methods.relcon.first_stage import find_distance, read_about

STATE = {"progress": {"step": 4, "seconds": 1.5}, "files": {"weights": "w", "optimizer": "o"}}
DAMAGED = (b"", b"\xff\xfe", b"[" * 100_000, b"3", b"null", b"{", b"[]", b'{"step": 1')
WRONG = (
    {"progress": 3},
    {"progress": {"step": "4"}},
    {"progress": {"step": 4.5}},
    {"progress": {"seconds": 1e999}},
    {"files": ["w", "o"]},
    {"files": {"weights": 3, "optimizer": "o"}},
    {"files": {"weights": "w"}},
    {"files": None},
)


def check_refused(read: Callable[[Path], object], path: Path, name: str) -> None:
    """One printable line that names the file."""
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).isprintable()
    assert str(path / name) in str(error.value)


def test_a_state_is_read_with_a_loss_that_is_no_number_yet(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps(STATE | {"progress": {"step": 0, "loss": float("nan")}}))
    state = read_state(tmp_path)
    assert (state.progress.step, state.files) == (0, STATE["files"])
    assert state.progress.loss != state.progress.loss


@pytest.mark.parametrize("content", [*DAMAGED, *(json.dumps(STATE | part).encode() for part in WRONG)])
def test_a_damaged_state_is_one_line(tmp_path: Path, content: bytes) -> None:
    """Several were a traceback: only the JSON itself was looked at."""
    (tmp_path / "state.json").write_bytes(content)
    check_refused(read_state, tmp_path, "state.json")


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_distance_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "distance.json").write_bytes(content)
    check_refused(read_about, find_distance(tmp_path), "distance.json")


@pytest.mark.parametrize(
    "line", [b"\xff", b"[" * 100_000, b"{", b"[]", b"{}", b'{"step": "3"}', b'{"step": NaN}']
)
def test_a_damaged_line_of_the_log_is_named(tmp_path: Path, line: bytes) -> None:
    log = tmp_path / "metrics.jsonl"
    log.write_bytes(b'{"step": 1, "loss": NaN}\n' + line + b"\n")
    with pytest.raises(InputError, match=r"metrics.jsonl: line 2: ") as error:
        read_log(log)
    assert str(error.value).isprintable()
    log.write_bytes(b'{"step": 1}\n{"step"')
    assert read_log(log) == [{"step": 1}]
