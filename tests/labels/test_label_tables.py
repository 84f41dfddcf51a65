"""Which tables of labels belong to an embeddings table."""

from pathlib import Path

import pytest

from wearcli.embedding.metadata import TableMetadata
from wearcli.labels.label_tables import find_table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with labels in recordings/, and an embeddings table in tables/."""
    for name in ("recordings", "tables", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "recordings" / "labels.csv").write_text("recording,onset,duration,label\na,0,1,walk\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def metadata(place: str) -> TableMetadata:
    """The document of a table that was made from one folder."""
    return TableMetadata.from_json({"arguments": {"paths": [place]}}, "e.parquet")


def test_labels_of_another_study_are_not_taken(folder: Path) -> None:
    """Until now those of recordings/ were, though the table is of another folder, which is there."""
    paths, folders = find_table("labels", metadata("new"), Path("tables/e.parquet"))
    assert paths == ()
    assert folders == "new, tables"


def test_without_the_embedded_recordings_the_default_folder_is_searched(folder: Path) -> None:
    assert find_table("labels", metadata("gone"), None)[0] == (Path("recordings/labels.csv"),)


def test_labels_beside_the_recordings_or_the_table_are_taken(folder: Path) -> None:
    (folder / "tables" / "labels.csv").write_text("recording,onset,duration,label\na,0,1,walk\n")
    assert find_table("labels", metadata("new"), Path("tables/e.parquet"))[0] == (Path("tables/labels.csv"),)
    assert find_table("labels", metadata("recordings"), None)[0] == (Path("recordings/labels.csv"),)
