"""What wearcli knows of a file format: one record, which discovery, opening and embedding ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from wearcli.errors import InputError, blamed_on
from wearcli.modality import Modality
from wearcli.recordings.formats.date_order import settle_order
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.columns import choose_columns
from wearcli.recordings.tables.table import Table
from wearcli.recordings.tables.tabular import open_table
from wearcli.recordings.tables.timescale import DateOrderError

# The last argument of both is the file's name for messages.
TableReader: TypeAlias = Callable[[Path, str], Table]
RecordingReader: TypeAlias = Callable[[Source, Reading, str], Recording]


def _any_file(path: Path) -> bool:
    return True


def _no_file(path: Path) -> bool:
    return False


def _no_segments(headers: Sequence[Path]) -> set[Path]:
    return set()


def _itself(path: Path) -> list[Path]:
    return [path]


@dataclass(frozen=True)
class FolderLayout:
    """A folder that is one recording.

    Attributes:
        marks: Names of files in lower case, of which such a folder holds one at least.
        others: Names of its other files in lower case; they are no recordings.
        recognise: Whether a folder with such a file is one indeed.
        belongs: Whether a file of another name in it is a part of it, by a look at its content.
    """

    marks: frozenset[str]
    others: frozenset[str]
    recognise: Callable[[Path], bool]
    belongs: Callable[[Path], bool] = _no_file

    def owns(self, path: Path) -> bool:
        """Return whether a file in such a folder is a part of the recording, and none of its own."""
        name = path.name.lower().removesuffix(".gz")
        return name in self.marks | self.others or self.belongs(path)


@dataclass(frozen=True)
class Format:
    """A kind of file, or of folder, that holds a recording.

    A format gives `read_table` where columns are to be told apart by their names, else `read_recording`.
    Both read the head of a file alone; the samples come as they are streamed.

    Attributes:
        name: The name in `Source.format` and in outputs.
        title: The name for people.
        suffixes: Endings of its file names, in lower case with the point.
        read_table: Returns the columns of a file.
        read_recording: Returns a recording, of a file that tells all of it itself.
        modalities: Signals that every such file may hold; None where its columns tell.
        gzip: Whether such files are read from .gz too.
        sidecar: Whether such a file may be a table beside recordings instead, such as labels.csv.
        accepts: Whether a file with such a suffix is a recording, by a look at its content.
        segments: Those of the files in a folder that are parts of another one there.
        files_behind: All files that hold the recording of a path, missing ones too.
        recordings: Where the recordings in a file are: itself, or paths below it.
        folder: How a folder of this format looks; None where it has none.
        export_folders: Names of folders that the maker's export has; they do not tell the participant.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    read_table: TableReader | None = None
    read_recording: RecordingReader | None = None
    modalities: tuple[str, ...] | None = None
    gzip: bool = False
    sidecar: bool = False
    accepts: Callable[[Path], bool] = _any_file
    segments: Callable[[Sequence[Path]], set[Path]] = _no_segments
    files_behind: Callable[[Path], list[Path]] = _itself
    recordings: Callable[[Path], list[Path]] = _itself
    folder: FolderLayout | None = None
    export_folders: frozenset[str] = frozenset()

    def fits(self, path: Path) -> bool:
        """Return whether a file is of this format by its name."""
        name = path.name.lower()
        return name.removesuffix(".gz").endswith(self.suffixes) and (self.gzip or not name.endswith(".gz"))

    def open(self, source: Source, reading: Reading, file_name: str) -> Recording:
        """Return the recording of a source; its head is read.

        Raises:
            InputError: The file cannot be read, or is in doubt.
        """
        if self.read_recording is not None:
            return self.read_recording(source, reading, file_name)
        assert self.read_table is not None
        table = self.read_table(source.path, file_name)
        try:
            return open_table(source, table, reading, file_name)
        except DateOrderError as doubt:
            settled = settle_order(source, table, doubt.stamp, reading, self.read_table, self.fits)
            if settled is None:
                raise
        table = self.read_table(source.path, file_name)
        table.date_order, table.date_order_how = settled.order, settled.how
        return open_table(source, table, reading, file_name)

    def holds(self, path: Path, modality: Modality) -> bool:
        """Return whether a file holds a signal, as far as its format or its columns tell."""
        if self.modalities is not None:
            return modality in self.modalities
        assert self.read_table is not None
        file_name = str(path)
        try:
            with blamed_on(path):
                table = self.read_table(path, file_name)
                choose_columns(table.columns, modality, file_name, table.named, bare_leads=table.bare_leads)
        except InputError:
            return False
        return True
