"""What killed runs left is swept, and never what a run at work has, here or on another machine."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from wearcli.leftovers import may_live, moved_aside, run_name, scratch, temporary_beside, tidy

HERE = run_name().rsplit("-", 2)[0]


def process_that_ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_run_of_this_machine_lives_as_long_as_its_process(tmp_path: Path) -> None:
    entry = tmp_path / "file"
    entry.touch()
    os.utime(entry, (0, 0))
    assert may_live(run_name(), entry)
    assert not may_live(f"{HERE}-{process_that_ended()}-12345", entry)
    # The number is in use again: another process began at another time.
    assert not may_live(f"{HERE}-{os.getpid()}-1", entry)


def test_a_process_that_ended_and_nobody_asked_after_is_dead(tmp_path: Path) -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    while Path(f"/proc/{process}/stat").read_text().split()[2] != "Z":
        time.sleep(0.001)
    assert not may_live(f"{HERE}-{process}-12345", tmp_path)
    os.waitpid(process, 0)


def test_a_run_of_another_machine_lives_as_long_as_its_files_change(tmp_path: Path) -> None:
    entry = tmp_path / "folder"
    (entry / "in").mkdir(parents=True)
    (entry / "in" / "file").touch()
    run = f"elsewhere-{process_that_ended()}-12345"
    for path in (entry, entry / "in"):
        os.utime(path, (0, 0))
    assert may_live(run, entry)
    week_ago = time.time() - 7 * 86_400
    os.utime(entry / "in" / "file", (week_ago, week_ago))
    assert not may_live(run, entry)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_tidy_removes_the_dead_and_spares_the_living(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    own = temporary_beside(target)
    dead = own.with_name(own.name.replace(run_name(), f"{HERE}-{process_that_ended()}-12345"))
    elsewhere = own.with_name(own.name.replace(HERE, "elsewhere"))
    aim = tmp_path / "aim"
    aim.mkdir()
    (aim / "kept").touch()
    for path in (own, dead, elsewhere):
        if kind == "file":
            path.touch()
        elif kind == "folder":
            path.mkdir()
            (path / "in").touch()
        else:
            path.symlink_to(aim)
    tidy(target)
    assert {path.name for path in tmp_path.iterdir()} == {own.name, elsewhere.name, "aim"}
    assert (aim / "kept").exists()


def test_a_folder_moved_aside_is_seen_and_comes_back_once(tmp_path: Path) -> None:
    target = tmp_path / "out"
    dead = f"{HERE}-{process_that_ended()}-12345"
    for number in range(2):
        old = tmp_path / f".out.{dead}.0000000{number}.old"
        old.mkdir()
        (old / "a").touch()
    assert moved_aside(target)
    tidy(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (target / "a").exists()
    assert not moved_aside(target)


def test_scratch_is_swept_after_a_kill_and_never_while_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = [tmp_path / "wearcli-notes", tmp_path / "wearcli-abcdef12", tmp_path / "somebody-1-1.x"]
    dead = tmp_path / f"wearcli-{HERE}-{process_that_ended()}-12345.abc"
    for path in (*others, dead):
        path.mkdir()
    with scratch() as first, scratch() as second:
        assert first != second
        assert {*tmp_path.iterdir()} == {*others, first, second}
    assert {*tmp_path.iterdir()} == {*others}
