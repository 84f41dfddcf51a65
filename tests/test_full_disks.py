"""A disk that is full: one line that names the output, and the earlier output stays."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wearcli
from wearcli.errors import InputError, blamed_on
from wearcli.files import atomic_file, atomic_folder, folder_beside
from wearcli.leftovers import scratch

NUMBERS = np.random.default_rng(0).normal(size=20_000)


def _safetensors(path: Path) -> None:
    save_file = pytest.importorskip("safetensors.numpy").save_file
    save_file({"weights": NUMBERS}, path)


def _array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, NUMBERS)


def _arrays(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez(stream, weights=NUMBERS)


WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("x" * 20_000),
    "Parquet": lambda path: pq.write_table(pa.table({"x": NUMBERS}), path),
    "CSV": lambda path: pd.DataFrame({"x": NUMBERS}).to_csv(path),
    "array": _array,
    "arrays": _arrays,
    "safetensors": _safetensors,
}


@pytest.fixture
def no_room() -> Iterator[None]:
    """No file may have more than 4 kB: the system refuses it as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_room")
@pytest.mark.parametrize("writer", WRITERS)
def test_whatever_a_library_raises_is_the_line_of_the_output(tmp_path: Path, writer: str) -> None:
    """It was `No space left on device`, without a word of where, or a traceback."""
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(InputError) as error, atomic_file(target) as path:
        WRITERS[writer](path)
    assert str(error.value).startswith(f"{target}: cannot be written (")
    assert str(error.value).endswith("): make room there, or give another place with -o")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("no_room")
def test_a_folder_without_room_leaves_the_earlier_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(InputError, match="out: cannot be written"), atomic_folder(target) as folder:
        _arrays(folder / "weights.npz")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["out", "out/old"]


@pytest.mark.usefixtures("no_room")
def test_what_lies_in_a_temporary_folder_is_the_line_of_the_output(tmp_path: Path) -> None:
    """The line named a hidden file that is gone with the run."""
    with (
        pytest.raises(InputError) as error,
        folder_beside(tmp_path / "out") as folder,
        atomic_file(folder / "embeddings.arrow") as path,
    ):
        WRITERS["text"](path)
    assert str(error.value).startswith(f"{tmp_path / 'out'}: cannot be written (")


@pytest.mark.usefixtures("no_room")
def test_a_full_disk_is_not_the_fault_of_the_recording(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too large"), blamed_on(tmp_path / "P1.csv"):
        WRITERS["text"](tmp_path / "x")


@pytest.fixture
def long_walk(tmp_path: Path) -> Path:
    """A minute at 50 Hz."""
    rows = "".join(f"{k / 50},0,0,1\n" for k in range(3000))
    (tmp_path / "P1.csv").write_text(f"time,x,y,z\n{rows}")
    return tmp_path / "P1.csv"


def test_a_store_without_room_is_one_line(long_walk: Path, request: pytest.FixtureRequest) -> None:
    """On a full disk the shard, written through a map, ended the process without a word (SIGBUS)."""
    request.getfixturevalue("no_room")
    with pytest.raises(InputError, match="store: cannot be written"):
        wearcli.preprocess([long_walk], long_walk.parent / "store", window_s=2.0)
    assert [path.name for path in long_walk.parent.iterdir()] == ["P1.csv"]


@pytest.mark.usefixtures("no_room")
def test_a_temporary_folder_without_room_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"wearcli-|TMPDIR") as error,
        scratch() as place,
    ):
        WRITERS["text"](place / "x")
    assert "variable TMPDIR" in str(error.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is of Linux")
@pytest.mark.parametrize("unbuffered", [{}, {"PYTHONUNBUFFERED": "1"}])
@pytest.mark.parametrize("words", [("models", "--json"), ("--version",)])
def test_a_full_stdout_is_named(words: tuple[str, ...], unbuffered: dict[str, str]) -> None:
    """The line said `No space left on device` alone."""
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "wearcli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"} | unbuffered,
        )
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "wearcli: stdout: cannot be written (no room on its disk): send it to a disk that has room"
    ]
