"""Every command that takes a table takes a folder of parts as it is, and refuses one that is incomplete."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import wearcli
from tests.embedding.parts import write_parts
from tests.probing.tables import study
from wearcli.errors import InputError
from wearcli.probing.outside import outside_tables

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with its table and probe, and the same table as parts."""
    path = tmp_path_factory.mktemp("study")
    table = study(path)
    write_parts(table, path / "parts")
    wearcli.probe(table, output=path / "activity", task="activity", probe="linear", bootstrap=10)
    return path


def test_probe_predict_report_and_compare(folder: Path, tmp_path: Path, command: Command) -> None:
    """The labels lie beside the folder, as they lie beside the table."""
    table, parts = folder / "embeddings.parquet", folder / "parts"
    result = wearcli.probe(parts, output=tmp_path / "activity", task="activity", probe="linear", bootstrap=10)
    same = wearcli.probe(table, output=tmp_path / "same", task="activity", probe="linear", bootstrap=10)
    assert result.scores == same.scores
    for source in (table, parts):
        wearcli.predict(source, folder / "activity", tmp_path / f"{source.stem}.parquet")
    one, other = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("embeddings", "parts"))
    assert one.equals(other)
    page = tmp_path / "page.html"
    wearcli.report(tmp_path / "activity", page, map="pca", embeddings=[parts])
    assert "parts" in page.read_text()
    tables = [str(table), str(parts), "--task", "activity", "--bootstrap", "10", "--no-untrained"]
    assert command("compare", *tables, "-o", str(tmp_path / "compared"))[0] == 0
    with outside_tables([parts], table) as (outside, _):
        assert outside == [parts]  # and no recordings to embed


def test_an_incomplete_folder_is_refused_by_all(folder: Path, tmp_path: Path, command: Command) -> None:
    parts = write_parts(folder / "embeddings.parquet", tmp_path / "parts")
    (parts / "shard-2-of-3.json").unlink()
    missing = "shard 2 of 3 is missing: run 'wearcli embed' with --shard 2/3"
    with pytest.raises(InputError, match=missing):
        wearcli.probe(parts, output=tmp_path / "p", task="activity")
    with pytest.raises(InputError, match=missing):
        wearcli.predict(parts, folder / "activity", tmp_path / "p.parquet")
    for words in (
        ("probe", str(parts), "--task", "activity", "-o", str(tmp_path / "p")),
        ("predict", str(parts), "--probe", str(folder / "activity"), "-o", str(tmp_path / "p.parquet")),
        ("retrieve", str(parts), str(folder / "embeddings.parquet"), "-o", str(tmp_path / "r.json")),
        ("report", str(folder / "activity"), "-o", str(tmp_path / "r.html"), "--embeddings", str(parts),
         "--map", "pca"),
    ):  # fmt: skip
        code, _, stderr = command(*words)
        assert (code, missing in " ".join(stderr.split())) == (1, True), (words, stderr)


def test_extents_of_parts_reach_predict(folder: Path, tmp_path: Path) -> None:
    """How long the recordings are stands in the manifests: what is left out is told from it."""
    result = wearcli.predict(folder / "parts", folder / "activity", tmp_path / "p.parquet")
    assert result.hours_recorded == pytest.approx(result.windows * 2.0 / 3600)
