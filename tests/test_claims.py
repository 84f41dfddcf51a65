"""One run at a time writes an output, whatever became of the runs before it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wearcli import claims, files
from wearcli.claims import claimed, recover
from wearcli.errors import UsageError
from wearcli.files import atomic_folder, check_output
from wearcli.leftovers import run_name

HOLD = """
import sys, time
from pathlib import Path
from wearcli.files import atomic_folder
with atomic_folder(Path(sys.argv[1])) as folder:
    (folder / "mark").write_text("half")
    print("in", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder() -> Callable[[Path], "subprocess.Popen[str]"]:
    """Start a process that writes a folder until it is killed."""

    def start(path: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        return process

    return start


@pytest.fixture(params=["locks", "no locks"])
def locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the locks of the file system, and on one that has none."""
    if request.param == "no locks":
        monkeypatch.setattr(claims, "_flock", lambda descriptor: None)


@pytest.mark.usefixtures("locks")
def test_a_second_run_is_refused_until_the_first_is_gone(
    tmp_path: Path, holder: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    out = tmp_path / "out"
    with atomic_folder(out) as folder:
        (folder / "mark").write_text("old")
    process = holder(out)
    with pytest.raises(UsageError, match=f"another run writes it .process {process.pid} on") as error:
        claimed(out).__enter__()
    assert "\n" not in str(error.value)
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 3  # out, the lock, and what is being written: not swept
    process.send_signal(signal.SIGKILL)
    process.wait()
    with claimed(out):
        assert {path.name for path in tmp_path.iterdir()} == {"out", ".out.lock"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "mark").read_text() == "old"


def test_a_thread_may_claim_again_what_it_has(tmp_path: Path) -> None:
    with claimed(tmp_path / "out"):
        with claimed(tmp_path / "sub" / ".." / "out"), claimed(tmp_path / "other"):
            pass
        assert (tmp_path / ".out.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_removed_and_made_anew_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    lock = tmp_path / ".out.lock"
    with claimed(tmp_path / "out"):
        lock.unlink()
        lock.touch()
        descriptor = os.open(lock, os.O_RDWR)
        assert claims._flock(descriptor)
        with pytest.raises(UsageError, match="another process"):
            claims._locked(tmp_path / "out", lock)
        os.close(descriptor)


def test_a_folder_that_a_killed_run_moved_aside_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    out = tmp_path / "out"
    with atomic_folder(out) as folder:
        (folder / "mark").write_text("old")
    process = os.fork()
    if process == 0:  # the killed run
        real = Path.rename

        def end(self: Path, other: Path) -> Path:
            if self.name.endswith(".tmp"):
                os.kill(os.getpid(), signal.SIGKILL)
            return real(self, other)

        Path.rename = end  # type: ignore[method-assign]
        with atomic_folder(out) as folder:
            (folder / "mark").write_text("new")
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(process, 0)[1])
    assert not out.exists()
    recover(out)
    assert (out / "mark").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(UsageError, match="is there already"):
        check_output(out, overwrite=False, mark="mark")


def test_what_another_output_has_beside_it_stays(tmp_path: Path) -> None:
    dead = run_name().rsplit("-", 2)[0] + "-999999999-1"
    others = [".out.x.lock", f".out.x.{dead}.00000000.tmp", f".other.{dead}.00000000.tmp", ".out.notes.tmp"]
    for name in others:
        (tmp_path / name).touch()
    with claimed(tmp_path / "out"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == set(others)
