"""Shards make the table of a run on one machine, to the byte, whatever ends them on the way."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import wearcli
from tests.recordings.make import wrist, write_csv
from wearcli.embedding import shards as shards_module
from wearcli.embedding.collect import collect
from wearcli.embedding.embed import embed
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.stream import Stream
from wearcli.embedding.table import open_batches, read_table
from wearcli.errors import InputError, UsageError
from wearcli.leftovers import run_name
from wearcli.models.encoder import Encoder
from wearcli.models.folder import load_model

HEADER = "time,acc_x,acc_y,acc_z"
Shards = Callable[..., list[EmbedResult]]


def fall() -> np.ndarray:
    """Four seconds from which no unit can be told: the sisters decide, of which most are in other shards."""
    time = np.arange(200) / 50
    return np.stack([0.4 * np.sin(9 * time), 0.4 * np.cos(7 * time), 0.3 * np.sin(5 * time)], 1)


@pytest.fixture(autouse=True, scope="module")
def one_graph() -> Iterator[None]:
    """The model's graph is loaded once for all runs of these tests."""
    encoder = Encoder(load_model())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wearcli.embedding.job.Encoder", lambda model: encoder)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a recording in doubt, one that is damaged and one that is too short; its table."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "study").mkdir()
    for number in range(7):
        time, acc = wrist(seconds=12 + number, seed=number)
        write_csv(folder / "study" / f"P{number}_walk.csv", HEADER, time, *(acc * 9.80665).round(5).T)
    write_csv(folder / "study" / "P2_fall.csv", HEADER, np.arange(200) / 50, *(fall() * 9.80665).round(5).T)
    write_csv(folder / "study" / "P8_short.csv", HEADER, np.arange(60) / 50, *wrist(seed=9)[1][:60].T)
    (folder / "study" / "P9_broken.csv").write_text(f"{HEADER}\n1,2\nx\n")
    result = embed([folder / "study"], folder / "table.parquet", stride_s=2, workers=1)
    assert [failure["recording"] for failure in result.failed] == ["P9_broken"]
    return folder


@pytest.fixture
def make(whole: Path, monkeypatch: pytest.MonkeyPatch) -> Shards:
    """Embed shards of the study into a folder; parts hold two or three recordings."""
    monkeypatch.setattr(shards_module, "PART_BYTES", 60_000)

    def run(output: Path, numbers: str = "123", count: int = 3, **options: object) -> list[EmbedResult]:
        given = {"stride_s": 2, "workers": 1} | options
        study = given.pop("study", whole / "study")
        return [embed([study], output, shard=f"{number}/{count}", **given) for number in numbers]  # type: ignore[arg-type, list-item]

    return run


def test_shards_are_the_table_of_one_machine_to_the_byte(make: Shards, whole: Path, tmp_path: Path) -> None:
    results = make(tmp_path / "parts", "312")
    assert sum(result.embedded for result in results) == 9
    parts = sorted((tmp_path / "parts").glob("part-*.parquet"))
    assert len(parts) > 3
    (tmp_path / "parts").rename(tmp_path / "v1.2")
    make(tmp_path / "v1.2", "2")  # a folder's name may have a dot
    (tmp_path / "v1.2").rename(tmp_path / "parts")
    result = collect(tmp_path / "parts", tmp_path / "table.parquet")
    assert (tmp_path / "table.parquet").read_bytes() == (whole / "table.parquet").read_bytes()
    assert (result.recordings, [f["recording"] for f in result.failed]) == (9, ["P9_broken"])
    # The folder is a table as it is.
    rows, metadata = read_table(tmp_path / "parts")
    expected, same = read_table(whole / "table.parquet")
    assert rows.equals(expected)
    assert metadata == same
    with open_batches(tmp_path / "parts") as one, open_batches(whole / "table.parquet") as other:
        assert (one.count, one.extents) == (other.count, other.extents)
        assert pa.Table.from_batches(one.rows).equals(pa.Table.from_batches(other.rows))
    # The collected table is brought up to date as any other.
    assert embed([whole / "study"], tmp_path / "table.parquet", stride_s=2, workers=1).kept == 9


def test_more_shards_than_recordings(make: Shards, whole: Path, tmp_path: Path) -> None:
    for number in range(1, 13):
        embed([whole / "study"], tmp_path / "parts", shard=f"{number}/12", stride_s=2, workers=1)
    collect(tmp_path / "parts", tmp_path / "table.parquet")
    assert (tmp_path / "table.parquet").read_bytes() == (whole / "table.parquet").read_bytes()


class Killed(BaseException):
    """Ends a run where no code of it expects that."""


def test_a_killed_shard_goes_on_where_it_was(make: Shards, whole: Path, tmp_path: Path) -> None:
    done: list[str] = []

    def finished(stream: Stream) -> None:
        done.append(stream.source.recording)
        if len(done) == 6:
            raise Killed

    with pytest.raises(Killed):
        make(tmp_path / "parts", "1", 1, watcher=Watcher(finished=finished))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts").glob("part-*")}
    assert before
    with pytest.raises(InputError, match="none of its shards is complete"):
        collect(tmp_path / "parts", tmp_path / "t.parquet")
    (again,) = make(tmp_path / "parts", "1", 1)
    assert 0 < again.kept < 9
    assert again.kept + again.embedded == 9
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    collect(tmp_path / "parts", tmp_path / "table.parquet")
    assert (tmp_path / "table.parquet").read_bytes() == (whole / "table.parquet").read_bytes()
    listing = {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}
    (retry,) = make(tmp_path / "parts", "1", 1)  # a retry overwrites itself: nothing is doubled
    assert (retry.embedded, retry.kept) == (0, 9)
    assert {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()} == listing
    make(tmp_path / "parts", "1", 1, overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()} == listing


def test_what_a_killed_run_left_is_swept(make: Shards, tmp_path: Path) -> None:
    """A part that was half written, its lock, and a manifest that could not remove the parts before it."""
    parts = tmp_path / "parts"
    make(parts, "1")
    expected = {path.name: path.read_bytes() for path in parts.iterdir()}
    gone = "part-" + 32 * "0" + ".parquet"
    run = re.sub(r"-\d+-\d+$", "-999999999-1", run_name())
    (parts / f".{gone}.{run}.00000000.tmp").write_bytes(b"half")
    (parts / f".{gone}.lock").write_text(run)
    (parts / gone).write_bytes(b"of a run with other settings")
    manifest = parts / "shard-1-of-3.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"replaced": [gone]}))
    make(parts, "1")
    assert {path.name: path.read_bytes() for path in parts.iterdir()} == expected


def test_an_interrupted_shard_keeps_what_is_complete(make: Shards, whole: Path, tmp_path: Path) -> None:
    def finished(stream: Stream) -> None:
        if stream.source.recording == "P3_walk":
            import signal

            signal.raise_signal(signal.SIGINT)

    (result,) = make(tmp_path / "parts", "1", 1, watcher=Watcher(finished=finished))
    assert result.interrupted
    assert 0 < result.embedded < 9
    (again,) = make(tmp_path / "parts", "1", 1)
    assert (again.kept, again.kept + again.embedded) == (result.embedded, 9)
    collect(tmp_path / "parts", tmp_path / "table.parquet")
    assert (tmp_path / "table.parquet").read_bytes() == (whole / "table.parquet").read_bytes()


def test_a_study_that_grew(make: Shards, whole: Path, tmp_path: Path) -> None:
    study, parts = tmp_path / "study", tmp_path / "parts"
    shutil.copytree(whole / "study", study)
    make(parts, "12", 2, study=study)
    time, acc = wrist(seconds=14, seed=20)
    write_csv(study / "P1_more.csv", HEADER, time, *(acc * 9.80665).round(5).T)
    (first,) = make(parts, "1", 2, study=study)
    assert (first.embedded, first.kept > 0) == (1, True)
    with pytest.raises(InputError, match=r"shards 1/2 and 2/2 were made of different recordings"):
        read_table(parts)
    make(parts, "2", 2, study=study)
    collect(parts, tmp_path / "table.parquet")
    embed([study], tmp_path / "local.parquet", stride_s=2, workers=1)
    assert (tmp_path / "table.parquet").read_bytes() == (tmp_path / "local.parquet").read_bytes()
    named = {part["name"] for path in parts.glob("shard-*") for part in json.loads(path.read_text())["parts"]}
    assert {path.name for path in parts.glob("part-*")} == named  # those of the earlier study are gone


def test_what_does_not_belong_together_is_one_line(make: Shards, whole: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    make(parts, "13")
    with pytest.raises(InputError, match=r"shard 2 of 3 is missing: run 'wearcli embed' with --shard 2/3$"):
        read_table(parts)
    with pytest.raises(UsageError, match=r"made with another stride_s .* --overwrite"):
        make(parts, "2", stride_s=3)
    with pytest.raises(UsageError, match="holds other shards than 2/4, such as shard-1-of-3"):
        make(parts, "2", 4)
    make(tmp_path / "other", "2", stride_s=3)
    shutil.copytree(tmp_path / "other", tmp_path / "mixed")
    shutil.copytree(parts, tmp_path / "mixed", dirs_exist_ok=True)
    with pytest.raises(InputError, match=r"1/3 and 2/3 were made with different settings \(stride_s\)"):
        collect(tmp_path / "mixed", tmp_path / "t.parquet")
    (tmp_path / "mixed" / "shard-1-of-2.json").write_text("{}")
    with pytest.raises(InputError):
        collect(tmp_path / "mixed", tmp_path / "t.parquet")
    (tmp_path / "somebody").mkdir()
    (tmp_path / "somebody" / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"holds something else \(thesis.tex\)"):
        make(tmp_path / "somebody", "1")
    with pytest.raises(UsageError, match="give a folder for its parts"):
        make(tmp_path / "table.parquet", "1")
    make(parts, "2")
    assert read_table(parts)[0].num_rows
    make(parts, "1", 1, overwrite=True, stride_s=3)  # the shards of the other table go
    assert [path.name for path in parts.glob("shard-*")] == ["shard-1-of-1.json"]
    assert read_table(parts)[1].stride_s == 3


def test_a_damaged_part_or_manifest_is_one_line(make: Shards, whole: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    make(parts, "12", 2)
    part = min(parts.glob("part-*"))
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 8
    part.write_bytes(data)
    with pytest.raises(InputError, match=r"the part is damaged .* remove it, and run its shard again"):
        collect(parts, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()
    part.write_bytes(data[:-9])
    with pytest.raises(InputError, match=r"not as its shard wrote it: run 'wearcli embed' with --shard ./2"):
        read_table(parts)
    part.unlink()
    with pytest.raises(InputError, match="not as its shard wrote it"):
        read_table(parts)
    make(parts, "12", 2)  # makes it again
    collect(parts, tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").read_bytes() == (whole / "table.parquet").read_bytes()
    manifest = parts / "shard-2-of-2.json"
    good = manifest.read_text()
    for text in (
        good[:-50],
        "[]",
        good.replace('"shard": 2', '"shard": 1'),
        good.replace('"size": ', '"size": -'),
    ):
        manifest.write_text(text)
        with pytest.raises(InputError, match="run its shard again"):
            read_table(parts)


def test_a_shard_as_a_stream(whole: Path, tmp_path: Path) -> None:
    """The rows of a shard may go to a file that is read at once, as `predict --shard` does."""
    tables = []
    for number in (1, 2):
        out = tmp_path / f"{number}.arrow"
        embed([whole / "study"], out, shard=f"{number}/2", stride_s=2, workers=1)
        tables.append(read_table(out)[0].replace_schema_metadata(None))
    expected = read_table(whole / "table.parquet")[0].replace_schema_metadata(None)
    assert pa.concat_tables(tables).equals(expected)


def test_the_command(whole: Path, tmp_path: Path, command: Callable[..., tuple[int, str, str]]) -> None:
    study, parts, out = str(whole / "study"), str(tmp_path / "parts"), str(tmp_path / "t.parquet")
    base = ("embed", study, "-o", parts, "--stride", "2", "--workers", "1")
    code, stdout, stderr = command(*base, "--shard", "1/2", "--json")
    assert (code, json.loads(stdout)["shard"]) == (0, "1/2")
    assert "(shard 1/2)" in stderr
    code, _, stderr = command("embed", "--collect", parts, "-o", out)
    assert (code, "shard 2 of 2 is missing" in stderr) == (1, True)
    code, _, stderr = command(*base, "--shard", "2/2", "--dry-run")
    assert (code, "would embed P9_broken" in stderr, "P0_walk" in stderr) == (0, True, False)
    assert command(*base, "--shard", "2/2")[0] == 1  # a recording failed
    code, stdout, stderr = command("embed", "--collect", parts, "-o", out, "--json")
    assert (code, [f["recording"] for f in json.loads(stdout)["failed"]]) == (1, ["P9_broken"])
    assert Path(out).read_bytes() == (whole / "table.parquet").read_bytes()
    assert command("embed", "--collect", parts, "-o", out)[0] == 2  # it is there
    assert command("embed", "--collect", parts, study)[0] == 2
    assert command("embed", "--collect", str(tmp_path / "nothing"))[0] == 2
    assert command("embed", study, "--shard", "3/2")[0] == 2


def test_predict_takes_a_shard(
    whole: Path, tmp_path: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    """The files of all shards have the rows of one machine."""
    study, probe = whole / "study", str(tmp_path / "activity")
    names = [path.stem for path in study.glob("*_walk.csv")]
    rows = [f"{name},0,5,walking\n{name},7,5,rest" for name in names]
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(["recording,onset,duration,label", *rows]) + "\n")
    options = {"probe": "linear", "bootstrap": 10, "folds": 2}
    wearcli.probe(whole / "table.parquet", output=probe, task="activity", labels=labels, **options)  # type: ignore[arg-type]
    wearcli.predict([study], probe, tmp_path / "local.csv", workers=1)
    lines: list[str] = []
    for number in (1, 2):
        words = ("predict", str(study), "--probe", probe, "--shard", f"{number}/2", "--csv", "--workers", "1")
        code, _, stderr = command(*words, "-o", str(tmp_path / "out"))
        assert code == number - 1, stderr  # a recording of the second shard is damaged
        assert "have no windows" not in stderr or number == 2
        head, *more = (tmp_path / "out" / f"predictions-{number}-of-2.csv").read_text().splitlines()
        lines += more
    assert [head, *lines] == (tmp_path / "local.csv").read_text().splitlines()
    code, _, stderr = command(
        "predict", str(whole / "table.parquet"), "--probe", probe, "--shard", "1/2", "-o", str(tmp_path / "o")
    )
    assert (code, "embedded already" in stderr) == (2, True)
    code, _, stderr = command(*words, "-o", str(tmp_path / "o.csv"))
    assert (code, "give a folder for the files of all shards" in stderr) == (2, True)
