"""`wearcli.predict` on small studies with a known truth."""

import hashlib
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wearcli
from tests.probing.tables import study, write_table
from wearcli.embedding.metadata import ModelIdentity, TableMetadata
from wearcli.embedding.table import schema
from wearcli.errors import InputError, UsageError
from wearcli.labels.tasks import resolve_task
from wearcli.prediction.apply import apply_probe
from wearcli.prediction.match import check_table
from wearcli.probing.saved import load_probe
from wearcli.recordings.study.sidecars import read_target_table

SECONDS = {"recording", "participant", "placement", "start", "onset", "duration", "windows"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 8 people, 6 bouts of 5 windows each, and its probes."""
    path = tmp_path_factory.mktemp("study")
    table = study(path)
    for name, options in {
        "activity": {"task": "activity", "probe": "both"},
        "epochs": {"task": "activity", "epoch": 10.0, "probe": "linear"},
        "gait": {"task": "gait", "probe": "linear"},
        "age": {"task": "age", "level": "participant", "probe": "linear"},
        "sex": {"task": "sex", "level": "participant", "probe": "linear"},
    }.items():
        wearcli.probe(table, output=path / name, bootstrap=10, **options)  # type: ignore[arg-type]
    return path


def without(probe: Path, to: Path, *keys: str) -> Path:
    """A copy of a probe folder without these keys of probe.json, `a.b` for one within another."""
    to.mkdir()
    for file in probe.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    info = json.loads((to / "probe.json").read_text())
    for key in keys:
        *outer, last = key.split(".")
        place = info
        for name in outer:
            place = place[name]
        place.pop(last, None)
    (to / "probe.json").write_text(json.dumps(info))
    return to


def with_info(probe: Path, to: Path, **changes: dict[str, object]) -> Path:
    without(probe, to)
    info = json.loads((to / "probe.json").read_text())
    for key, change in changes.items():
        info[key] |= change
    (to / "probe.json").write_text(json.dumps(info))
    return to


@pytest.mark.parametrize("use", ["linear", "mlp", "features"])
def test_probabilities_are_those_of_the_saved_weights(folder: Path, tmp_path: Path, use: str) -> None:
    output = tmp_path / "p.parquet"
    result = wearcli.predict(folder / "embeddings.parquet", folder / "activity", output, use=use)
    table, rows = pq.read_table(folder / "embeddings.parquet"), pd.read_parquet(output)
    with np.load(folder / "activity" / "weights.npz") as arrays:
        column = "features" if use == "features" else "embedding"
        values = np.stack(table[column].to_pylist()).astype(np.float64)
        values = (values - arrays[f"{use}.0.mean"]) / arrays[f"{use}.0.scale"]
        values = values @ arrays[f"{use}.0.coef0"] + arrays[f"{use}.0.intercept0"]
        if use == "mlp":
            values = np.maximum(values, 0) @ arrays["mlp.0.coef1"] + arrays["mlp.0.intercept1"]
        logits = values / float(arrays[f"{use}.0.temperature"])
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    told = np.stack(rows["probabilities"])
    np.testing.assert_allclose(told, chances, atol=2e-5)
    assert (rows["label"] == np.array(["rest", "stairs", "walk"])[chances.argmax(axis=1)]).all()
    np.testing.assert_array_equal(rows["confidence"], told.max(axis=1))
    assert rows["onset"].tolist() == table["onset"].to_pylist()
    truth = np.tile(np.repeat(["rest", "stairs", "walk"] * 2, 5), 8)
    assert (rows["label"] == truth).mean() > (0.7 if use == "features" else 0.95)
    assert (result.probe, result.windows, result.rows, result.recordings) == (use, 240, 240, 8)


def test_a_file_says_what_made_it(folder: Path, tmp_path: Path) -> None:
    wearcli.predict(folder / "embeddings.parquet", folder / "activity", tmp_path / "p.parquet")
    told = json.loads(pq.read_schema(tmp_path / "p.parquet").metadata[b"wearcli"])
    saved = load_probe(folder / "activity")
    assert told["version"] == wearcli.__version__
    assert told["probe"] == {"folder": "activity", "used": "linear"}
    assert (told["task"], told["row"]) == ("activity", "window")
    assert told["model"] == {"name": "toy", "sha256": "abc"}
    assert told["classes"] == saved.result.classes
    assert told["calibration"]["temperature"] == saved.result.calibration["linear"]["temperature"]
    assert "held out" in told["calibration"]["method"]
    assert told["arguments"]["min_quality"] == 0.5


def test_epochs_are_cut_as_long_as_those_of_training(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "p.parquet"
    result = wearcli.predict(folder / "embeddings.parquet", folder / "epochs", output)
    rows = pd.read_parquet(output)
    assert (result.row, result.epoch_s, len(rows)) == ("epoch", 10.0, 48)
    assert rows["onset"].tolist() == [10.0 * number for number in range(6)] * 8
    assert (rows["windows"] == 5).all()
    assert (rows["label"] == np.tile(["rest", "stairs", "walk"] * 2, 8)).all()
    # The probability of the mean of the windows, not the mean of theirs.
    saved, table = load_probe(folder / "epochs"), pq.read_table(folder / "embeddings.parquet")
    means = np.stack(table["embedding"].to_pylist()).reshape(48, 5, 6).mean(axis=1).astype(np.float32)
    np.testing.assert_allclose(
        np.stack(rows["probabilities"]), saved.predict(means, "linear", "label"), atol=1e-5
    )


def test_metrics_come_with_the_interval_of_people_held_out(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "p.csv"
    result = wearcli.predict(folder / "embeddings.parquet", folder / "gait", output)
    rows, truth = pd.read_csv(output), pd.read_csv(folder / "gait.csv")
    assert (result.row, result.epoch_s, len(rows)) == ("epoch", 10.0, 48)  # as long as its intervals
    intervals = load_probe(folder / "gait").result.intervals["linear"]
    for target in ("stride_time_s", "cadence_spm"):
        assert np.corrcoef(rows[target], truth[target])[0, 1] > 0.9
        half = intervals[target]["half_width"]
        np.testing.assert_allclose(rows[target] - rows[f"{target}_low"], half, rtol=1e-3)
        np.testing.assert_allclose(rows[f"{target}_high"] - rows[target], half, rtol=1e-3)
        inside = (truth[target] > rows[f"{target}_low"]) & (truth[target] < rows[f"{target}_high"])
        assert inside.mean() > 0.9
        assert result.means[target]["mean"] == pytest.approx(rows[target].mean(), rel=1e-5)
        assert result.means[target]["half_width"] == half


def test_a_probe_of_people_gives_a_row_a_person(folder: Path, tmp_path: Path) -> None:
    result = wearcli.predict(folder / "embeddings.parquet", folder / "age", tmp_path / "age.parquet")
    rows = pd.read_parquet(tmp_path / "age.parquet")
    assert rows["participant"].tolist() == [f"p{number:02d}" for number in range(8)]
    assert rows["recording"].isna().all()
    assert rows["onset"].isna().all()
    assert rows["duration"].tolist() == [60.0] * 8
    saved, table = load_probe(folder / "age"), pq.read_table(folder / "embeddings.parquet")
    means = np.stack(table["embedding"].to_pylist()).reshape(8, 30, 6).mean(axis=1).astype(np.float32)
    np.testing.assert_allclose(rows["age"], saved.predict(means, "linear", "age"), rtol=1e-5)
    assert (result.row, result.rows, result.windows) == ("participant", 8, 240)
    sexes = wearcli.predict(folder / "embeddings.parquet", folder / "sex", tmp_path / "sex.csv")
    assert sum(sexes.hours.values()) == pytest.approx(8 * 60 / 3600)
    with pytest.raises(UsageError, match="--merge: the probe's rows are participants"):
        wearcli.predict(folder / "embeddings.parquet", folder / "sex", tmp_path / "b.csv", merge=True)


def test_a_table_a_stream_and_any_batches_give_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    monkeypatch.chdir(tmp_path)
    found = set()
    for rows in (7, 100):
        pq.write_table(table, "t.parquet", row_group_size=rows)
        for number in range(2):
            wearcli.predict("t.parquet", folder / "epochs", f"{number}.parquet", overwrite=True)
            found.add(hashlib.sha256(Path(f"{number}.parquet").read_bytes()).hexdigest())
    assert len(found) == 1
    for rows in (1, 13, 240):
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(sink.getvalue())))
        wearcli.predict("-", folder / "epochs", "s.parquet", overwrite=True)
        assert pq.read_table("s.parquet").equals(pq.read_table("0.parquet"))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(sink.getvalue()[:-8])))
    with pytest.raises(InputError, match="stdin: the stream broke off after 240 rows"):
        wearcli.predict("-", folder / "epochs", "broken.parquet")
    assert not Path("broken.parquet").exists()


def test_bouts_tile_the_time_and_are_those_of_the_study(folder: Path, tmp_path: Path) -> None:
    result = wearcli.predict(folder / "embeddings.parquet", folder / "epochs", tmp_path / "b.csv", merge=True)
    bouts = pd.read_csv(tmp_path / "b.csv")
    truth = pd.read_csv(folder / "labels.csv")
    assert bouts["label"].tolist() == truth["label"].tolist()
    assert (
        bouts[["onset", "duration"]].to_numpy().tolist() == truth[["onset", "duration"]].to_numpy().tolist()
    )
    assert (result.rows, result.bouts) == (48, 48)
    assert "p_walk" not in bouts
    assert result.hours == pytest.approx(dict.fromkeys(["rest", "stairs", "walk"], 8 * 20 / 3600))
    for label, sure in result.confidence.items():
        assert sure == pytest.approx(bouts.loc[bouts["label"] == label, "confidence"].mean(), abs=1e-4)
    # Without merging the hours are the same, and also where windows overlap no time counts twice.
    assert wearcli.predict(
        folder / "embeddings.parquet", folder / "epochs", tmp_path / "r.csv"
    ).hours == pytest.approx(result.hours)


def test_hours_count_no_time_twice_where_windows_overlap(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    place = table.schema.get_field_index("duration")
    longer = table.set_column(place, "duration", pa.array(np.full(240, 4.0)))  # every 2 s
    pq.write_table(longer.replace_schema_metadata(table.schema.metadata), tmp_path / "t.parquet")
    result = wearcli.predict(tmp_path / "t.parquet", folder / "activity", tmp_path / "p.csv")
    assert sum(result.hours.values()) == pytest.approx(8 * 62 / 3600)


def test_csv_holds_what_parquet_does(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wearcli.predict(folder / "embeddings.parquet", folder / "activity")
    wearcli.predict(folder / "embeddings.parquet", folder / "activity", csv=True)
    whole, text = pd.read_parquet("predictions.parquet"), pd.read_csv("predictions.csv")
    assert list(text.columns[-3:]) == ["p_rest", "p_stairs", "p_walk"]
    np.testing.assert_allclose(text.iloc[:, -3:], np.stack(whole["probabilities"]), atol=5.1e-5)
    for name in SECONDS - {"start", "placement"} | {"label"}:
        assert text[name].tolist() == whole[name].tolist()


def test_starts_are_told_to_the_microsecond(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet").slice(0, 30)
    start = pd.Timestamp("2025-03-04T09:00:00.25Z") + pd.to_timedelta(table["onset"].to_pylist(), "s")
    place = table.schema.get_field_index("start")
    dated = table.set_column(
        place, table.schema.field("start"), pa.array(start, pa.timestamp("us", tz="UTC"))
    )
    pq.write_table(dated, tmp_path / "t.parquet")
    wearcli.predict(tmp_path / "t.parquet", folder / "epochs", tmp_path / "p.csv")
    wearcli.predict(tmp_path / "t.parquet", folder / "epochs", tmp_path / "p.parquet")
    assert pd.read_csv(tmp_path / "p.csv")["start"].tolist()[:2] == [
        "2025-03-04T09:00:00.250000Z",
        "2025-03-04T09:00:10.250000Z",
    ]
    whole = pd.read_parquet(tmp_path / "p.parquet")["start"]
    assert whole.iloc[5] == pd.Timestamp("2025-03-04T09:00:50.25Z")


def test_events_are_labels_again(folder: Path, tmp_path: Path) -> None:
    wearcli.predict(folder / "embeddings.parquet", folder / "epochs", tmp_path / "events", bids=True)
    files = sorted((tmp_path / "events").iterdir())
    assert [file.name for file in files] == ["events.json", *(f"p{n:02d}_a_events.tsv" for n in range(8))]
    table = pd.read_csv(files[1], sep="\t")
    assert list(table.columns) == ["onset", "duration", "trial_type", "confidence"]
    told = json.loads(files[0].read_text())
    assert set(told["trial_type"]["Levels"]) == {"rest", "stairs", "walk"}
    assert told["wearcli"]["probe"]["folder"] == "epochs"
    assert told["onset"]["Units"] == "s"
    truth = pd.read_csv(folder / "labels.csv")
    names = sorted(set(truth["recording"]))
    back = pd.concat([read_target_table(file, names) for file in files[1:]], ignore_index=True)
    keys = ["recording", "onset", "duration", "label"]
    assert back[keys].to_numpy().tolist() == truth[keys].to_numpy().tolist()
    task = resolve_task("activity", files[1], None, None, {}, None, names)  # as `wearcli probe --labels` does
    assert (task.kind, task.targets, len(task.table)) == ("classification", ("label",), 6)


def test_events_of_names_that_are_no_file_names(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    names = {"p00_a": "S1/walk", "p01_a": "S1-walk", "p02_a": "S2/walk", "p03_a": "P1", "p04_a": "P10"}
    rows = [names.get(name, name) for name in table["recording"].to_pylist()]
    renamed = table.set_column(0, table.schema.field("recording"), pa.array(rows))
    about = json.loads(table.schema.metadata[b"wearcli"]) | {"recordings_planned": sorted(set(rows))}
    pq.write_table(renamed.replace_schema_metadata({"wearcli": json.dumps(about)}), tmp_path / "t.parquet")
    result = wearcli.predict(tmp_path / "t.parquet", folder / "epochs", tmp_path / "events", bids=True)
    assert not result.warnings
    files = sorted((tmp_path / "events").glob("*.tsv"))
    assert len(files) == 8
    back = pd.concat([read_target_table(file, set(rows)) for file in files])
    counts = back.groupby("recording").size()
    assert counts.to_dict() == dict.fromkeys(set(rows), 6)  # each is of its own recording alone


def test_where_nothing_is_known_of_calibration_and_intervals(folder: Path, tmp_path: Path) -> None:
    table = folder / "embeddings.parquet"
    old = without(folder / "activity", tmp_path / "a", "calibration", "input.sample_s", "groups")
    result = wearcli.predict(table, old, tmp_path / "a.parquet")
    assert result.calibration is None
    assert "not calibrated" in result.warnings[0]
    old = without(folder / "gait", tmp_path / "g", "intervals", "input.sample_s")
    result = wearcli.predict(table, old, tmp_path / "g.parquet")
    rows = pd.read_parquet(tmp_path / "g.parquet")
    assert (result.row, len(rows)) == ("window", 240)
    assert rows["cadence_spm_low"].isna().all()
    assert rows["cadence_spm"].notna().all()
    assert "no interval of stride_time_s, cadence_spm" in result.warnings[0]
    assert result.means["cadence_spm"]["half_width"] is None


def test_intervals_shorter_than_a_window_are_told_by_the_window(folder: Path, tmp_path: Path) -> None:
    probe = with_info(folder / "gait", tmp_path / "g", input={"sample_s": 1.5})
    result = wearcli.predict(folder / "embeddings.parquet", probe, tmp_path / "p.csv")
    assert (result.row, result.epoch_s, result.rows) == ("window", None, 240)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": {"sha256": "f" * 64}}, "sha256 ffffffff"),
        ({"signal": {"rate_hz": 30.0}}, "its rate is 50 Hz, the probe's 30 Hz"),
        ({"signal": {"window_s": 5.0}}, "its window is 2 s, the probe's 5 s"),
    ],
)
def test_embeddings_of_something_else_are_refused(
    folder: Path, tmp_path: Path, changes: dict[str, dict[str, object]], says: str
) -> None:
    probe = with_info(folder / "activity", tmp_path / "other", **changes)
    with pytest.raises(UsageError, match=says):
        wearcli.predict(folder / "embeddings.parquet", probe, tmp_path / "p.parquet")
    assert not (tmp_path / "p.parquet").exists()


def test_embeddings_of_another_width_are_refused(folder: Path, tmp_path: Path) -> None:
    times = pd.DataFrame({"recording": ["a"], "participant": "p", "onset": 0.0})
    write_table(tmp_path / "t.parquet", times, np.ones((1, 7)), np.ones((1, 6)))
    with pytest.raises(UsageError, match="7 numbers an embedding, the probe takes 6"):
        wearcli.predict(tmp_path / "t.parquet", folder / "activity", tmp_path / "p.csv")
    saved, none = load_probe(folder / "activity"), schema(6, 0)
    about = TableMetadata(model=ModelIdentity("toy", "abc"), rate_hz=50.0, window_s=2.0)
    check_table(saved, "linear", none, about, "t")
    with pytest.raises(UsageError, match="no hand-made features"):
        check_table(saved, "features", none, about, "t")


def test_another_stride_is_warned_of_where_windows_are_pooled(folder: Path, tmp_path: Path) -> None:
    def with_stride(name: str, stride_s: float) -> Path:
        table = pq.read_table(folder / "embeddings.parquet")
        about = json.loads(table.schema.metadata[b"wearcli"]) | {"stride_s": stride_s}
        pq.write_table(table.replace_schema_metadata({"wearcli": json.dumps(about)}), tmp_path / name)
        return tmp_path / name

    probe = with_info(folder / "epochs", tmp_path / "e", signal={"stride_s": 2.0})
    single = with_info(folder / "activity", tmp_path / "w", signal={"stride_s": 2.0})
    same, other = with_stride("same.parquet", 2.0), with_stride("other.parquet", 1.0)
    assert not wearcli.predict(same, probe, tmp_path / "1.csv").warnings
    assert "every 1 s" in wearcli.predict(other, probe, tmp_path / "2.csv").warnings[0]
    assert not wearcli.predict(other, single, tmp_path / "3.csv").warnings


def test_what_is_not_used_is_counted(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    wear = np.ones(240, np.float32)
    wear[:40] = 0.2  # all of p00_a, ten windows of p01_a
    place = table.schema.get_field_index("wear")
    pq.write_table(
        table.set_column(place, table.schema.field("wear"), pa.array(wear)), tmp_path / "t.parquet"
    )
    result = wearcli.predict(tmp_path / "t.parquet", folder / "activity", tmp_path / "p.parquet")
    assert result.left_out == {"windows not worn (--keep-nonwear keeps them)": 40}
    assert (result.windows, result.rows, result.recordings) == (240, 200, 8)
    parts = result.hours_used + sum(result.hours_left_out.values())
    assert parts == pytest.approx(result.hours_recorded)
    assert result.hours_left_out["not worn"] == pytest.approx(result.hours_recorded / 6)
    assert sum(result.hours.values()) == pytest.approx(result.hours_used)
    assert result.warnings == ["1 recording without a row: no window is used (p00_a)"]
    kept = wearcli.predict(
        tmp_path / "t.parquet", folder / "activity", tmp_path / "k.parquet", keep_nonwear=True
    )
    assert (kept.rows, kept.left_out) == (240, {})
    # What the probe was fitted on is the default.
    fitted = with_info(folder / "activity", tmp_path / "probe", arguments={"keep_nonwear": True})
    assert wearcli.predict(tmp_path / "t.parquet", fitted, tmp_path / "f.parquet").rows == 240
    none = table.slice(0, 30).set_column(place, table.schema.field("wear"), pa.array(wear[:30]))
    pq.write_table(none, tmp_path / "none.parquet")
    with pytest.raises(InputError, match=r"nothing can be predicted \(30 windows not worn"):
        wearcli.predict(tmp_path / "none.parquet", folder / "activity", tmp_path / "n.parquet")
    assert not (tmp_path / "n.parquet").exists()


def test_a_table_out_of_order_is_refused(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    for name, parts, says in (
        ("order", [(10, 20), (0, 10)], "not in the order of their onset"),
        ("apart", [(0, 10), (30, 40), (10, 20)], "'p00_a' do not stand together"),
    ):
        pq.write_table(
            pa.concat_tables([table.slice(a, b - a) for a, b in parts]), tmp_path / f"{name}.parquet"
        )
        with pytest.raises(InputError, match=says):
            wearcli.predict(tmp_path / f"{name}.parquet", folder / "activity", tmp_path / "p.parquet")
    pq.write_table(table.slice(0, 0), tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="no windows"):
        wearcli.predict(tmp_path / "empty.parquet", folder / "activity", tmp_path / "p.parquet")


def test_an_interruption_leaves_no_half_file(folder: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        assert total == 240
        if done > 100:
            raise KeyboardInterrupt

    for name, bids in (("p.parquet", False), ("p.csv", False), ("events", True)):
        with pytest.raises(KeyboardInterrupt):
            wearcli.predict(
                folder / "embeddings.parquet", folder / "activity", tmp_path / name, bids=bids, step=stop
            )
        assert not list(tmp_path.iterdir())


def test_one_recording_at_once_is_what_the_command_writes(folder: Path, tmp_path: Path) -> None:
    wearcli.predict(folder / "embeddings.parquet", folder / "epochs", tmp_path / "p.parquet")
    table = pq.read_table(folder / "embeddings.parquet").slice(30, 30)
    rows = apply_probe(load_probe(folder / "epochs"), "linear", table)
    written = pd.read_parquet(tmp_path / "p.parquet").iloc[6:12].reset_index(drop=True)
    assert rows["label"].tolist() == written["label"].tolist()
    np.testing.assert_allclose(np.stack(rows["probabilities"]), np.stack(written["probabilities"]), atol=1e-6)
    assert len(apply_probe(load_probe(folder / "epochs"), "linear", table.slice(0, 0))) == 0
