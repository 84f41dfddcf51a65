import os
from contextlib import suppress
from pathlib import Path

import pytest

from wearcli.errors import UsageError
from wearcli.files import atomic_file, atomic_folder, check_output, content_sha256


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


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    with atomic_folder(target) as folder:
        (folder / "a").write_text("old")
    real = Path.replace

    def refuse(self: Path, other: Path) -> Path:
        if self.name.endswith(".tmp"):
            raise KeyboardInterrupt
        return real(self, other)

    monkeypatch.setattr(Path, "replace", refuse)
    with suppress(KeyboardInterrupt), atomic_folder(target) as folder:
        (folder / "a").write_text("new")
    assert (target / "a").read_text() == "old"


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
