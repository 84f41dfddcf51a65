"""The files of one recording, in a folder or within a zip: their names, and their bytes as streams."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from wearcli.recordings.formats.bombs import open_member
from wearcli.recordings.formats.delimited import open_bytes


@dataclass(frozen=True)
class Bundle:
    """The files of a recording.

    Attributes:
        path: The folder or the zip that holds them.
        names: The path of each file within it, by its name in lower case without .gz.
    """

    path: Path
    names: Mapping[str, str]

    def shown(self, name: str) -> str:
        """Return the name of a file as it is written, without .gz."""
        written = PurePosixPath(self.names[name]).name
        return written[:-3] if written.lower().endswith(".gz") else written

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Yield the bytes of a file, unpacked on the way.

        Args:
            name: A key of `names`.

        Raises:
            InputError: It is packed more tightly than any recording is; while reading too.
        """
        inside = self.names[name]
        if self.path.is_dir():
            with open_bytes(self.path / inside) as stream:
                yield stream
            return
        with zipfile.ZipFile(self.path) as archive:
            with open_member(archive, inside, str(self.path)) as stream:
                yield stream


def find_bundle(path: Path) -> Bundle | None:
    """Return the files of a folder, of a zip, or of a folder within a zip (`study.zip/P01`); None of others.

    Raises:
        OSError: The folder or the zip cannot be read.
        zipfile.BadZipFile: It is no zip.
    """
    if path.is_dir():
        files = sorted(file.relative_to(path).as_posix() for file in _files(path))
        return Bundle(path, _by_name(files))
    outer = zip_around(path)
    if outer is None:
        return None
    return Bundle(outer, _by_name(folders_in_zip(outer).get(path.relative_to(outer).as_posix(), [])))


def folders_in_zip(path: Path) -> dict[str, list[str]]:
    """Return the files of each folder within a zip, "." for its own; `meta` belongs to the one above it."""
    folders: dict[str, list[str]] = {}
    with zipfile.ZipFile(path) as archive:
        for facts in archive.infolist():
            inside = PurePosixPath(facts.filename)
            if not facts.filename or facts.is_dir() or inside.name.startswith("."):
                continue
            if "__MACOSX" in inside.parts or ".." in inside.parts or inside.is_absolute():
                continue  # of a Mac, or it would name a folder outside
            folder = inside.parent
            if folder.name.lower() == "meta":
                folder = folder.parent
            folders.setdefault(folder.as_posix(), []).append(facts.filename)
    return {folder: sorted(names) for folder, names in folders.items()}


def zip_around(path: Path) -> Path | None:
    """Return the zip that a path is, or that a folder named by it lies in; None where there is none."""
    return next((above for above in (path, *path.parents) if above.is_file()), None)


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder, and of its own `meta`."""
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith("."):
            yield path
        elif path.is_dir() and path.name.lower() == "meta":
            yield from (file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))


def _by_name(files: list[str]) -> dict[str, str]:
    """The files by their names; those in `meta` with it before theirs."""
    names = {}
    for file in files:
        inside = PurePosixPath(file.lower())
        meta = "meta/" if inside.parent.name == "meta" else ""
        names[f"{meta}{inside.name.removesuffix('.gz')}"] = file
    return names
