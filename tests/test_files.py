import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from wearcli import files
from wearcli.errors import UsageError
from wearcli.files import atomic_file, atomic_folder, check_output, content_sha256, exchange, reserved


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out.txt"
    with atomic_file(target) as path:
        path.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    with suppress(RuntimeError), atomic_file(target) as path:
        path.write_text("half")
        raise RuntimeError
    assert target.read_text() == "new"
    assert [each.name for each in target.parent.iterdir()] == ["out.txt"]


def test_the_mode_is_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "out") as path:
            path.write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


def test_a_folder_replaces_another_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out"
    for text in ("old", "new"):
        with atomic_folder(target) as folder:
            (folder / "a").write_text(text)
    assert (target / "a").read_text() == "new"
    with suppress(RuntimeError), atomic_folder(target) as folder:
        (folder / "a").write_text("half")
        raise RuntimeError
    assert (target / "a").read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_two_folders_are_exchanged_in_one_step(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if exchange(tmp_path / "a", tmp_path / "b"):
        assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
        assert [path.name for path in (tmp_path / "b").iterdir()] == ["a"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        exchange(tmp_path / "a", tmp_path / "nowhere")


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "exchange", lambda one, other: False)  # as on NFS
    target = tmp_path / "out"
    for text in ("older", "old"):
        with atomic_folder(target) as folder:
            (folder / "a").write_text(text)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    real = Path.rename

    def refuse(self: Path, other: Path) -> Path:
        if self.name.endswith(".tmp"):
            raise KeyboardInterrupt
        return real(self, other)

    monkeypatch.setattr(Path, "rename", refuse)
    with suppress(KeyboardInterrupt), atomic_folder(target) as folder:
        (folder / "a").write_text("new")
    assert (target / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "out").symlink_to(disk / "table")
    (tmp_path / "folder").symlink_to(disk / "probe")
    for text in ("old", "new"):
        with atomic_file(tmp_path / "out") as path:
            path.write_text(text)
        with atomic_folder(tmp_path / "folder") as folder:
            (folder / "a").write_text(text)
    assert (disk / "table").read_text() == (disk / "probe" / "a").read_text() == "new"
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "folder").is_symlink()


def test_a_name_of_any_length_that_the_system_takes_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("ü" * 127)  # 254 bytes
    with atomic_file(target) as path:
        path.write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_no_folder_is_made_for_an_output_that_does_not_come(tmp_path: Path) -> None:
    with suppress(RuntimeError), reserved(tmp_path / "a" / "b" / "out", overwrite=False):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_check_output_refuses_what_is_there(tmp_path: Path) -> None:
    check_output(tmp_path / "not yet", overwrite=False)
    (tmp_path / "out").write_text("old")
    check_output(tmp_path / "out", overwrite=True)
    with pytest.raises(UsageError, match="--overwrite"):
        check_output(tmp_path / "out", overwrite=False)
    with pytest.raises(UsageError, match="is a folder"):
        check_output(tmp_path, overwrite=True)
    with pytest.raises(UsageError, match="cannot be written"):
        check_output(tmp_path / "out" / "below a file", overwrite=True)
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(UsageError, match="cannot be written"):
            check_output(tmp_path / name, overwrite=True)


def test_check_output_takes_regular_files_and_folders_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    for name in ("fifo", "socket", "device", "link"):
        for mark in (None, "probe.json"):
            with pytest.raises(UsageError, match="no regular file") as error:
                check_output(tmp_path / name, overwrite=True, mark=mark)
            assert "\n" not in str(error.value)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file, and a folder is to be written"):
        check_output(tmp_path / "file", overwrite=True, mark="probe.json")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UsageError, match="a link that leads to itself"):
        check_output(tmp_path / "loop", overwrite=True)
    with pytest.raises(UsageError, match="a disk of its own"):
        check_output(Path("/proc"), overwrite=True, mark="probe.json")


def test_check_output_never_gives_up_a_folder_of_another_kind(tmp_path: Path) -> None:
    target = tmp_path / "recordings"
    target.mkdir()
    check_output(target, overwrite=False, mark="probe.json")  # empty: nobody's
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="holds something else"):
        check_output(target, overwrite=True, mark="probe.json")
    (target / "probe.json").write_text("{}")
    check_output(target, overwrite=True, mark="probe.json")
    with pytest.raises(UsageError, match="there already"):
        check_output(target, overwrite=False, mark="probe.json")


def test_sha256_of_a_file_and_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert (
        content_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    before = content_sha256(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert content_sha256(tmp_path) != before
