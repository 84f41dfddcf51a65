"""`wearcli.probe` end to end on small studies with a known truth."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score

from tests.probing.tables import study
from wearcli.errors import InputError, UsageError
from wearcli.files import content_sha256
from wearcli.probing.document import SampleInput
from wearcli.probing.probe import ProbeResult, probe
from wearcli.probing.saved import SavedProbe, load_probe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    study(path)
    return path


@pytest.fixture(scope="module")
def activity(folder: Path) -> ProbeResult:
    """Both probes of the task activity, saved in the study's folder as `activity`."""
    return probe(folder / "embeddings.parquet", task="activity", output=folder / "activity", bootstrap=200)


def test_a_clear_signal_scores_near_one_and_above_weak_features(activity: ProbeResult) -> None:
    result = activity
    assert list(result.scores) == ["linear", "mlp", "features", "majority"]
    assert (result.kind, result.n_windows, result.n_participants, result.folds) == (
        "classification",
        240,
        8,
        5,
    )
    # Of so few samples the network's score depends on the seed: .83 to .95 for the seeds 0 to 5.
    for name, least in (("linear", 0.9), ("mlp", 0.8)):
        assert result.scores[name]["macro_f1"]["mean"] > least
        assert result.differences[name]["macro_f1"]["low"] > 0
    assert result.scores["features"]["macro_f1"]["mean"] < 0.9
    majority = result.scores["majority"]
    assert majority["auroc"]["mean"] == 0.5
    assert majority["kappa"]["mean"] == pytest.approx(0, abs=0.05)
    for metrics in result.scores.values():
        for score in metrics.values():
            assert set(score) == {"mean", "low", "high", "folds"}
            assert len(score["folds"]) == 5
            assert score["low"] <= score["mean"] <= score["high"]


def test_a_clear_signal_of_people_who_differ_less_is_told_by_both_probes(tmp_path: Path) -> None:
    table = study(tmp_path, people=12, identity=0.5)
    result = probe(table, task="activity", output=tmp_path / "p", bootstrap=50)
    for name in ("linear", "mlp"):  # for the seeds 0 to 4 of study and probe .972 and more
        assert result.scores[name]["macro_f1"]["mean"] > 0.95
        assert result.differences[name]["macro_f1"]["low"] > 0


def test_identity_alone_scores_at_chance(tmp_path: Path) -> None:
    # Half of the people do one thing, half the other: whoever knows the person knows the class. A split by
    # row would score near 1.
    table = study(tmp_path, people=16, signal=0, identity=5, feature_signal=0)
    people = pd.read_csv(tmp_path / "participants.csv")
    result = probe(
        table,
        task="sex",
        labels=tmp_path / "participants.csv",
        target="sex",
        output=tmp_path / "p",
        bootstrap=200,
    )
    assert len(people) == result.n_participants == 16
    for name in ("linear", "features"):
        score = result.scores[name]["balanced_accuracy"]
        assert score["mean"] < 0.75
        assert score["low"] < 0.5


def test_held_out_predictions_are_those_that_are_scored(folder: Path, tmp_path: Path) -> None:
    result = probe(
        folder / "embeddings.parquet", task="activity", probe="linear", output=tmp_path / "p", bootstrap=50
    )
    held = pd.read_parquet(tmp_path / "p" / "predictions.parquet")
    assert held.groupby("participant")["fold"].nunique().eq(1).all()
    for name, part in held.groupby("probe"):
        score = result.scores[str(name)]["macro_f1"]
        assert score["mean"] == pytest.approx(
            f1_score(part["truth"], part["predicted"], average="macro"), abs=1e-6
        )
        for fold, mine in part.groupby("fold"):
            expected = f1_score(mine["truth"], mine["predicted"], average="macro")
            assert score["folds"][int(str(fold))] == pytest.approx(expected, abs=1e-6)
    linear = held[held["probe"] == "linear"]
    classes = json.loads(pq.read_schema(tmp_path / "p" / "predictions.parquet").metadata[b"classes"])
    likeliest = np.array(classes)[np.stack(linear["probabilities"]).argmax(axis=1)]
    assert (likeliest == linear["predicted"]).all()


def test_gait_is_a_regression_of_every_metric(folder: Path, tmp_path: Path) -> None:
    result = probe(
        folder / "embeddings.parquet", task="gait", probe="linear", output=tmp_path / "p", bootstrap=200
    )
    assert result.targets == ["stride_time_s", "cadence_spm"]  # quality is no metric
    assert result.n_samples == 48
    linear = result.scores["linear"]
    assert set(linear) == {
        f"{target}.{metric}"
        for target in result.targets
        for metric in ("r", "mae", "rmse", "r2", "icc", "bias", "loa_low", "loa_high")
    }
    assert linear["cadence_spm.r"]["mean"] > 0.85
    assert result.scores["mean"]["cadence_spm.r"]["mean"] is None
    assert result.scores["mean"]["cadence_spm.mae"]["mean"] > linear["cadence_spm.mae"]["mean"]
    assert linear["cadence_spm.mae"]["mean"] == pytest.approx(
        linear["stride_time_s.mae"]["mean"] * 90, rel=0.05
    )


def test_a_saved_probe_is_arrays_that_predict_what_was_fitted(folder: Path, activity: ProbeResult) -> None:
    assert activity.output == str(folder / "activity")
    saved = load_probe(folder / "activity")
    assert saved.result.model["sha256"] == "abc"
    assert asdict(saved.document.input) == {
        "dimension": 6,
        "features_dimension": 6,
        "pooling": None,
        "placements": [],
        "epoch_s": None,
        "sample_s": 2.0,
    }
    vectors = np.stack(pq.read_table(folder / "embeddings.parquet")["embedding"].to_pylist()).astype(
        np.float32
    )
    truth = np.tile(np.repeat(["rest", "stairs", "walk"] * 2, 5), 8)
    with np.load(folder / "activity" / "weights.npz", allow_pickle=False) as arrays:
        logits = (vectors - arrays["linear.0.mean"]) / arrays["linear.0.scale"]
        logits = logits @ arrays["linear.0.coef0"] + arrays["linear.0.intercept0"]
        assert all(np.isfinite(arrays[name]).all() for name in arrays.files)
    chance = saved.predict(vectors, "linear", "label")
    np.testing.assert_array_equal(chance.argmax(axis=1), logits.argmax(axis=1))
    for name in ("linear", "mlp"):
        found = np.array(saved.result.classes)[saved.predict(vectors, name, "label").argmax(axis=1)]
        assert (found == truth).mean() > 0.9
    with pytest.raises(InputError, match="takes 6 numbers a sample, not 5"):
        saved.predict(vectors[:, :5], "linear", "label")


def test_a_saved_regression_gives_the_targets_units(folder: Path, tmp_path: Path) -> None:
    probe(
        folder / "embeddings.parquet", task="gait", target="cadence_spm", probe="mlp", output=tmp_path / "p"
    )
    saved = load_probe(tmp_path / "p")
    assert saved.document.input.pooling == "mean of an epoch's windows"
    values = saved.predict(
        np.repeat(saved.predictors["mlp", "cadence_spm"].mean[None], 2, 0), "mlp", "cadence_spm"
    )
    assert values == pytest.approx([110, 110], abs=8)


def test_the_same_command_writes_the_same_bytes_on_any_number_of_cores(
    folder: Path, activity: ProbeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content_sha256(folder / "activity")
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    words = {"task": "activity", "output": folder / "activity", "bootstrap": 200}
    with pytest.raises(UsageError, match="--overwrite"):
        probe(folder / "embeddings.parquet", **words)
    again = probe(folder / "embeddings.parquet", **words, overwrite=True)
    assert again == activity
    assert content_sha256(folder / "activity") == before


def test_training_never_sees_the_held_out_person(tmp_path: Path) -> None:
    # One person's labels are turned round: the predictions of that person must not change by it.
    tables = {}
    for name in ("as_is", "turned"):
        study(tmp_path / name, people=6, bouts=3, windows=4)
        labels = pd.read_csv(tmp_path / name / "labels.csv")
        if name == "turned":
            mine = labels["recording"] == "p03_a"
            turned = {"rest": "walk", "walk": "stairs", "stairs": "rest"}
            labels.loc[mine, "label"] = labels.loc[mine, "label"].map(turned)
            labels.to_csv(tmp_path / name / "labels.csv", index=False)
        probe(
            tmp_path / name / "embeddings.parquet",
            task="activity",
            output=tmp_path / name / "p",
            bootstrap=20,
        )
        held = pd.read_parquet(tmp_path / name / "p" / "predictions.parquet")
        tables[name] = held[(held["participant"] == "p03") & (held["probe"] != "majority")]
    pd.testing.assert_series_equal(tables["as_is"]["predicted"], tables["turned"]["predicted"])
    assert (tables["as_is"]["truth"] != tables["turned"]["truth"]).all()


def test_a_target_of_participants_and_one_metric_have_plain_keys(folder: Path, tmp_path: Path) -> None:
    age = probe(
        folder / "embeddings.parquet",
        task="age",
        labels=folder / "participants.csv",
        target="age",
        probe="linear",
        output=tmp_path / "age",
        bootstrap=20,
    )
    assert (age.kind, age.n_samples) == ("regression", 8)
    assert set(age.scores["linear"]) == {"r", "mae", "rmse", "r2"}


def test_missing_values_are_left_out_and_counted(tmp_path: Path) -> None:
    study(tmp_path)
    gait = pd.read_csv(tmp_path / "gait.csv")
    gait.loc[:9, "cadence_spm"] = np.nan
    gait.loc[5:14, "stride_time_s"] = np.nan
    gait["constant"] = 1.0
    gait["empty"] = np.nan
    gait.to_csv(tmp_path / "gait.csv", index=False)
    result = probe(tmp_path / "embeddings.parquet", task="gait", probe="linear", output=tmp_path / "p")
    assert result.targets == ["stride_time_s", "cadence_spm"]
    said = "\n".join(result.warnings)
    assert "target cadence_spm has no value in 10 of" in said
    assert "target constant is always 1" in said
    assert "target empty has a value in 0 samples only" in said
    held = pd.read_parquet(tmp_path / "p" / "predictions.parquet")
    assert held.query("probe == 'linear'").groupby("target").size().to_dict() == {
        "cadence_spm": 38,
        "stride_time_s": 38,
    }
    assert held["truth"].notna().all()


def test_a_class_that_folds_lack_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    study(tmp_path)
    labels = pd.read_csv(tmp_path / "labels.csv")
    labels.loc[(labels["recording"] == "p02_a") & (labels["label"] == "walk"), "label"] = "turn"
    some = labels["recording"].isin(["p00_a", "p04_a", "p05_a"]) & (labels["label"] == "rest")
    labels.loc[some, "label"] = "lie"
    labels.to_csv(tmp_path / "labels.csv", index=False)
    result = probe(tmp_path / "embeddings.parquet", task="activity", output=tmp_path / "p", probe="linear")
    assert any("'turn' (p02) is in one fold only" in warning for warning in result.warnings)
    assert any("'lie' (3 participants, absent from 2 of 5 folds)" in warning for warning in result.warnings)
    assert result.per_class["linear"]["turn"] == 0
    assert result.class_samples["turn"] == {"samples": 10, "participants": 1}
    assert np.sum(result.confusion["linear"]) == result.n_samples


def test_two_people_are_enough_and_said_to_be_few(tmp_path: Path) -> None:
    table = study(tmp_path, people=2)
    result = probe(table, task="activity", output=tmp_path / "p", probe="linear")
    assert result.folds == 2
    assert any("2 participants only" in warning for warning in result.warnings)
    assert result.scores["linear"]["macro_f1"]["mean"] is not None


def test_a_dry_run_checks_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    result = probe(folder / "embeddings.parquet", task="activity", output=tmp_path / "p", dry_run=True)
    assert (result.n_samples, result.scores, result.output) == (240, {}, None)
    assert not (tmp_path / "p").exists()


def test_an_embedding_that_is_not_finite_is_left_out(tmp_path: Path) -> None:
    from tests.probing.tables import write_table

    table = pq.read_table(study(tmp_path))
    vectors = np.stack(table["embedding"].to_pylist())
    vectors[3, 2] = np.nan
    vectors[7, 0] = np.inf
    times = table.select(["recording", "participant", "onset"]).to_pandas()
    write_table(tmp_path / "embeddings.parquet", times, vectors, np.stack(table["features"].to_pylist()))
    result = probe(tmp_path / "embeddings.parquet", task="activity", dry_run=True)
    assert result.n_windows == 238
    assert result.dropped["windows with a value that is not finite"] == 2


def test_a_probe_says_where_it_was_not_fitted(folder: Path, activity: ProbeResult, tmp_path: Path) -> None:
    unknown = load_probe(folder / "activity")  # its table says no placement
    assert unknown.elsewhere(["wrist"]) is None
    placed = replace(unknown.document, input=SampleInput(placements=["hip", "wrist"]))
    known = SavedProbe(placed, {})
    assert known.elsewhere(["wrist", None, "hip"]) is None
    said = known.elsewhere(["wrist", "thigh"])
    assert said is not None
    assert "fitted on sensors at hip, wrist, and there are recordings at thigh" in said


def test_a_probe_folder_without_what_is_needed_is_one_line(
    folder: Path, activity: ProbeResult, tmp_path: Path
) -> None:
    info = json.loads((folder / "activity" / "probe.json").read_text())
    del info["kind"]
    (tmp_path / "probe.json").write_text(json.dumps(info))
    with pytest.raises(InputError, match=r"probe.json: no kind in it: fit the probe again"):
        load_probe(tmp_path)
