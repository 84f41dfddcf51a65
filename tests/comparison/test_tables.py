"""`wearcli.compare` on studies with a known truth: tables, models, and the two mixed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import wearcli
from tests.probing.tables import WINDOW_S, study, write_table
from wearcli.comparison.models import name_models
from wearcli.comparison.result import Comparison
from wearcli.errors import InputError, UsageError
from wearcli.files import content_sha256
from wearcli.labels.shared import Shared, share
from wearcli.labels.tasks import resolve_task
from wearcli.models.folder import DEFAULT_MODEL
from wearcli.probing.probe import probe

DRAWS = 200


def rewrite(source: Path, path: Path, change: Any = None, about: dict[str, Any] | None = None) -> Path:
    """A copy of a table; change(times, embedding, features) gives what is other."""
    table = pq.read_table(source)
    times = table.select(["recording", "participant", "onset", "duration"]).to_pandas()
    vectors = [np.stack(table[name].to_pylist()) for name in ("embedding", "features")]
    if change is not None:
        times, *vectors = change(times, *vectors)
    return write_table(path, times, *vectors, about)


def noise(times: pd.DataFrame, embedding: np.ndarray, features: np.ndarray) -> tuple:
    return times, np.random.default_rng(5).normal(size=embedding.shape), features


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose embeddings tell the label; the same once more; and one of noise."""
    path = tmp_path_factory.mktemp("study")
    good = study(path, bouts=3, windows=4)
    rewrite(good, path / "again.parquet")
    rewrite(good, path / "noise.parquet", noise)
    return path


def compare(folder: Path, *names: str, **words: Any) -> Comparison:
    """Compare tables of the folder; nothing is kept."""
    tables = [folder / f"{name}.parquet" for name in names]
    arguments = {"task": "activity", "bootstrap": DRAWS, "overwrite": True, "output": folder / "out"}
    return wearcli.compare(tables, **arguments | words)


def shared_of(folder: Path, *names: str, epoch: float | None = None) -> Shared:
    """What tables of the folder share of the task activity."""
    task = resolve_task("activity", folder / "labels.csv", None, None, {}, None, [])
    return share({name: folder / f"{name}.parquet" for name in names}, task, epoch, False)


@pytest.fixture(scope="module")
def three(folder: Path) -> Comparison:
    return compare(folder, "embeddings", "again", "noise")


def test_the_same_embeddings_score_the_same_and_differ_by_nothing(three: Comparison) -> None:
    assert list(three.scores) == ["embeddings", "again", "noise", "features", "majority"]
    assert three.scores["again"] == three.scores["embeddings"]
    assert three.less_features["again"] == three.less_features["embeddings"]
    for difference in three.less_first["again"].values():
        assert difference == {"mean": 0, "low": 0, "high": 0, "p": 1, "p_holm": 1}
    assert three.first == "embeddings"
    assert set(three.less_first) == {"again", "noise"}


def test_embeddings_that_tell_the_label_beat_noise(three: Comparison) -> None:
    assert three.scores["embeddings"]["macro_f1"]["mean"] > 0.75
    assert three.scores["noise"]["macro_f1"]["mean"] < 0.5
    for metric, difference in three.less_first["noise"].items():
        scores = three.scores
        assert difference["mean"] == pytest.approx(
            scores["noise"][metric]["mean"] - scores["embeddings"][metric]["mean"], abs=2e-6
        )
        if metric not in ("brier", "ece"):
            assert difference["high"] < 0
    assert three.less_first["noise"]["brier"]["low"] > 0  # an error: the more the worse
    assert three.less_features["embeddings"]["macro_f1"]["low"] > 0
    assert three.less_features["noise"]["macro_f1"]["mean"] < -0.1
    assert three.less_features["noise"]["auroc"]["high"] < 0


def test_noise_is_below_features_that_tell_the_label_in_every_metric(tmp_path: Path) -> None:
    good = study(tmp_path, bouts=3, windows=4, feature_signal=3.0, identity=0.5)
    rewrite(good, tmp_path / "noise.parquet", noise)
    result = compare(tmp_path, "noise")
    assert result.scores["features"]["macro_f1"]["mean"] > 0.9
    for metric, difference in result.less_features["noise"].items():
        if metric == "brier":
            assert difference["low"] > 0  # an error: the more the worse
        elif metric != "ece":
            assert difference["high"] < 0, metric


@pytest.mark.parametrize(
    "words",
    [
        {"task": "activity"},
        {"task": "activity", "epoch": 4.0, "probe": "mlp"},
        {"task": "activity", "positive": "walk"},
        {"task": "gait"},
        {"task": "age", "target": "age", "labels": "participants.csv"},
    ],
    ids=["windows", "epochs, mlp", "one class", "gait", "participants"],
)
def test_every_model_scores_what_a_probe_of_it_alone_does(
    folder: Path, tmp_path: Path, words: dict[str, Any]
) -> None:
    if "labels" in words:
        words = words | {"labels": folder / words["labels"]}
    together = compare(folder, "noise", "embeddings", **words)
    for name in ("noise", "embeddings"):
        alone = probe(
            folder / f"{name}.parquet",
            output=tmp_path / name,
            bootstrap=DRAWS,
            **{"probe": "linear"} | words,
        )
        mine = words.get("probe", "linear")
        assert together.scores[name] == alone.scores[mine]
        for metric, difference in alone.differences[mine].items():
            assert difference.items() <= together.less_features[name][metric].items()
        assert together.scores["features"] == alone.scores["features"]
        trivial = "majority" if alone.classes else "mean"
        assert together.scores[trivial] == alone.scores[trivial]
        assert (together.n_samples, together.folds) == (alone.n_samples, alone.folds)
        assert (together.targets, together.class_samples) == (alone.targets, alone.class_samples)
    held = pd.read_parquet(tmp_path / "noise" / "predictions.parquet")
    for number, people in enumerate(together.participants):
        assert people == sorted(held.loc[held["fold"] == number, "participant"].unique())


def test_nobody_is_on_both_sides(folder: Path, three: Comparison) -> None:
    people = [name for fold in three.participants for name in fold]
    assert sorted(people) == sorted(set(people)) == [f"p{number:02d}" for number in range(8)]
    # Embeddings of the person alone, classes that half of the people have: who saw a held-out person's
    # other windows would know.
    study(folder / "identity", people=16, signal=0, identity=5, feature_signal=0)
    labels = folder / "identity" / "participants.csv"
    result = compare(folder / "identity", "embeddings", task="sex", labels=labels, target="sex")
    assert result.scores["embeddings"]["balanced_accuracy"]["mean"] < 0.75


def test_a_difference_is_paired(folder: Path, tmp_path: Path) -> None:
    """The interval is that of differences on the same people, so far narrower than the scores' own."""

    def nearly(times: pd.DataFrame, embedding: np.ndarray, features: np.ndarray) -> tuple:
        return times, embedding + np.random.default_rng(1).normal(size=embedding.shape) * 0.01, features

    study(tmp_path, signal=0.6)
    rewrite(tmp_path / "embeddings.parquet", tmp_path / "nearly.parquet", nearly)
    result = compare(tmp_path, "embeddings", "nearly")
    first, difference = result.scores["embeddings"]["macro_f1"], result.less_first["nearly"]["macro_f1"]
    assert difference["high"] - difference["low"] < (first["high"] - first["low"]) / 2
    assert difference["low"] <= difference["mean"] <= difference["high"]


def long_windows(times: pd.DataFrame, embedding: np.ndarray, features: np.ndarray) -> tuple:
    """Windows of twice the length; what they hold is what the first of the two held."""
    even = np.arange(len(times)) % 2 == 0
    return (
        times[even].assign(duration=2 * WINDOW_S).reset_index(drop=True),
        embedding[even],
        features[even] + 1.0,
    )


def test_windows_of_other_lengths_are_compared_on_epochs(tmp_path: Path) -> None:
    study(tmp_path, bouts=6, windows=4)
    about = {"window_s": 2 * WINDOW_S, "rate_hz": 100.0}
    rewrite(tmp_path / "embeddings.parquet", tmp_path / "long.parquet", long_windows, about)
    for refused in (compare, shared_of):
        with pytest.raises(UsageError, match="embeddings has windows of 2 s, long of 4 s: give --epoch"):
            refused(tmp_path, "embeddings", "long")
    result = compare(tmp_path, "embeddings", "long", epoch=4.0)
    # 8 people, 6 bouts of 8 s, two epochs each: all of them in both.
    assert (result.n_samples, result.left_out) == (96, 0)
    assert result.scores["long"]["macro_f1"]["mean"] > 0.75
    # Each has the features of its own windows beside it.
    assert list(result.scores) == [
        "embeddings",
        "long",
        "features of embeddings",
        "features of long",
        "majority",
    ]
    assert result.models["long"]["features"] == "features of long"
    for name in ("embeddings", "long"):
        expected = (
            result.scores[name]["macro_f1"]["mean"] - result.scores[f"features of {name}"]["macro_f1"]["mean"]
        )
        assert result.less_features[name]["macro_f1"]["mean"] == pytest.approx(expected, abs=2e-6)


def some(seed: int) -> Any:
    """A change that leaves half of the windows."""

    def change(times: pd.DataFrame, *vectors: np.ndarray) -> tuple:
        kept = np.random.default_rng(seed).random(len(times)) < 0.5
        return times[kept].reset_index(drop=True), *(values[kept] for values in vectors)

    return change


def test_only_what_every_table_has_is_a_sample(tmp_path: Path) -> None:
    """Against a loop: which epochs have a window, by half of it or more, in each of the tables."""
    study(tmp_path, bouts=5, windows=4)
    labels = pd.read_csv(tmp_path / "labels.csv").sample(frac=1, random_state=0)
    labels.to_csv(tmp_path / "labels.csv", index=False)
    epochs: dict[str, set[tuple[str, float]]] = {}
    windows: dict[str, set[tuple[str, float]]] = {}
    for name, seed in (("a", 1), ("b", 2)):
        path = rewrite(tmp_path / "embeddings.parquet", tmp_path / f"{name}.parquet", some(seed))
        table = pq.read_table(path)
        windows[name] = set(zip(*(table[key].to_pylist() for key in ("recording", "onset")), strict=True))
        epochs[name] = {
            (row.recording, begin)
            for row in labels.itertuples()
            for begin in (row.onset, row.onset + 4)
            for recording, onset in windows[name]
            if recording == row.recording
            and min(onset + WINDOW_S, begin + 4) - max(onset, begin) >= WINDOW_S / 2
        }
    for expected, epoch in ((epochs, 4.0), (windows, None)):
        both = expected["a"] & expected["b"]
        assert 20 < len(both) < len(expected["a"])
        for names in ("ab", "ba"):
            shared = shared_of(tmp_path, *names, epoch=epoch)
            found = shared.samples.rows[["recording", "onset"]].itertuples(index=False, name=None)
            assert sorted(found) == sorted(both)
            assert shared.left_out == len(expected["a"] | expected["b"]) - len(both)
            assert {n: shared.tables[n].samples for n in "ab"} == {n: len(expected[n]) for n in "ab"}


@pytest.mark.parametrize("epoch", [None, WINDOW_S])
def test_each_shared_sample_has_its_own_vector(tmp_path: Path, epoch: float | None) -> None:
    """Of tables in other orders, each with windows that the other lacks."""
    study(tmp_path, windows=4)

    def mixed(times: pd.DataFrame, *vectors: np.ndarray) -> tuple:
        order = np.random.default_rng(0).permutation(len(times))[:150]
        return times.iloc[order].reset_index(drop=True), *(values[order] for values in vectors)

    rewrite(tmp_path / "embeddings.parquet", tmp_path / "a.parquet", some(1))
    rewrite(tmp_path / "embeddings.parquet", tmp_path / "b.parquet", mixed)
    shared = shared_of(tmp_path, "a", "b", epoch=epoch)
    assert 50 < len(shared.samples) < 100
    task = resolve_task("activity", tmp_path / "labels.csv", None, None, {}, None, [])
    table = pq.read_table(tmp_path / "embeddings.parquet").to_pandas().set_index(["recording", "onset"])
    keys = list(shared.samples.rows[["recording", "onset"]].itertuples(index=False, name=None))
    for name in "ab":
        vectors = shared.tables[name].vectors(task, epoch, False)
        for kind in ("embedding", "features"):
            expected = np.stack([table.loc[key, kind] for key in keys])
            # An epoch of one window: its mean, and a deviation of 0.
            np.testing.assert_array_equal(vectors[kind][:, : expected.shape[1]], expected)


def test_contradicting_labels_keep_their_order(tmp_path: Path) -> None:
    """Two epochs at one time with two labels are two samples, in every table."""
    study(tmp_path, bouts=3, windows=4)
    labels = pd.read_csv(tmp_path / "labels.csv")
    labels = pd.concat([labels, labels.assign(label="other")[labels["onset"] == 0]])
    labels.to_csv(tmp_path / "labels.csv", index=False)
    rewrite(tmp_path / "embeddings.parquet", tmp_path / "again.parquet")
    result = compare(tmp_path, "embeddings", "again", epoch=4.0)
    assert result.n_samples == 8 * (3 + 1) * 2
    assert result.scores["again"] == result.scores["embeddings"]


def test_a_regression_compares_every_target(folder: Path) -> None:
    result = compare(folder, "embeddings", "noise", task="gait")
    assert result.targets == ["stride_time_s", "cadence_spm"]
    for target in result.targets:
        assert result.scores["embeddings"][f"{target}.r"]["mean"] > 0.85
        assert result.less_first["noise"][f"{target}.r"]["high"] < 0
        assert result.less_first["noise"][f"{target}.mae"]["low"] > 0
        assert result.scores["mean"][f"{target}.r"]["mean"] is None
    assert {metric.split(".")[1] for metric in result.scores["noise"]} >= {"icc", "loa_low", "rmse"}


def test_the_heart_has_agreement_and_two_classes_a_partial_area(folder: Path, tmp_path: Path) -> None:
    gait = pd.read_csv(folder / "gait.csv").rename(columns={"cadence_spm": "hr_bpm"})
    gait.drop(columns="stride_time_s").to_csv(tmp_path / "heart.csv", index=False)
    heart = compare(folder, "embeddings", task="heart", labels=tmp_path / "heart.csv")
    assert heart.targets == ["hr_bpm"]
    for name in ("embeddings", "features", "mean"):
        assert {"hr_bpm.r", "hr_bpm.icc", "hr_bpm.loa_low"} < set(heart.scores[name])
    sex = compare(folder, "embeddings", "noise", task="sex")
    assert {"auroc", "pauroc"} < set(sex.scores["noise"])
    assert set(sex.less_first["noise"]) == set(sex.scores["noise"])


def test_windows_of_poor_quality_are_left_out_of_each_table(folder: Path, tmp_path: Path) -> None:
    """Of one table half of the windows are poor; what is shared is what is good in both."""

    def poor(times: pd.DataFrame, *vectors: np.ndarray) -> tuple:
        return times.assign(quality=np.where(np.arange(len(times)) % 2, 0.2, 0.9)), *vectors

    rewrite(folder / "embeddings.parquet", tmp_path / "poor.parquet", poor)
    tables = [folder / "embeddings.parquet", tmp_path / "poor.parquet"]
    words: dict[str, Any] = {"task": "activity", "bootstrap": 20, "labels": folder / "labels.csv"}
    result = wearcli.compare(tables, output=tmp_path / "half", **words)
    assert (result.n_samples, result.left_out) == (48, 48)
    assert result.models["poor"]["dropped"] == {"windows of poor quality (--min-quality 0 keeps them)": 48}
    document = json.loads((tmp_path / "half" / "comparison.json").read_text())
    assert document["arguments"]["min_quality"] == 0.5
    everything = wearcli.compare(tables, output=tmp_path / "all", min_quality=0.2, **words)
    assert (everything.n_samples, everything.left_out) == (96, 0)


def test_participants_targets_are_of_the_seconds_that_all_tables_have(tmp_path: Path) -> None:
    """A table that begins a window later cuts the same epochs as the one that does not."""
    study(tmp_path, windows=4)

    def late(times: pd.DataFrame, *vectors: np.ndarray) -> tuple:
        kept = times["onset"].to_numpy() > 0
        return times[kept].reset_index(drop=True), *(values[kept] for values in vectors)

    rewrite(tmp_path / "embeddings.parquet", tmp_path / "late.parquet", late)
    words = {"task": "age", "target": "age", "labels": tmp_path / "participants.csv", "epoch": 4.0}
    result = compare(tmp_path, "embeddings", "late", **words)
    assert result.left_out == 0
    assert result.scores["embeddings"] == result.scores["late"]


def test_a_broken_table_among_three_is_named_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    tables = [folder / "embeddings.parquet", tmp_path / "broken.parquet", folder / "noise.parquet"]
    result = wearcli.compare(tables, task="activity", bootstrap=DRAWS, output=tmp_path / "out")
    assert [failure["model"] for failure in result.failed] == ["broken"]
    assert "cannot be read as Parquet" in result.failed[0]["error"]
    assert result.scores == compare(folder, "embeddings", "noise").scores
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        wearcli.compare(tables[1], task="activity", output=tmp_path / "alone", labels=folder / "labels.csv")
    assert not (tmp_path / "alone").exists()


def test_tables_of_other_people_and_of_other_recordings(folder: Path, tmp_path: Path) -> None:
    renamed = {"participant": lambda times: times["recording"]}
    rewrite(
        folder / "embeddings.parquet",
        tmp_path / "people.parquet",
        lambda times, *vectors: (times.assign(**renamed), *vectors),
    )
    rewrite(
        folder / "embeddings.parquet",
        tmp_path / "strangers.parquet",
        lambda times, *vectors: (times.assign(recording="x" + times["recording"]), *vectors),
    )
    tables = [folder / "embeddings.parquet", tmp_path / "people.parquet", tmp_path / "strangers.parquet"]
    result = wearcli.compare(tables, task="activity", bootstrap=DRAWS, output=tmp_path / "out")
    errors = {failure["model"]: failure["error"] for failure in result.failed}
    assert "recording p00_a is of participant p00_a" in errors["people"]
    assert "--participant-from" in errors["people"]
    assert "is among the embeddings'" in errors["strangers"]
    assert list(result.models) == ["embeddings"]


def test_tables_that_share_no_sample(folder: Path, tmp_path: Path) -> None:
    for name, person in (("a", "p00"), ("b", "p01")):
        rewrite(
            folder / "embeddings.parquet",
            tmp_path / f"{name}.parquet",
            lambda times, *vectors, person=person: (
                times[times["participant"] == person].reset_index(drop=True),
                *(values[times["participant"] == person] for values in vectors),
            ),
        )
    with pytest.raises(InputError, match=r"no sample of .* is in every table \(a has 12, b has 12\)"):
        compare(tmp_path, "a", "b", labels=folder / "labels.csv")


def test_a_table_without_features_has_no_difference_to_them(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    none = pa.array([[]] * len(table), pa.list_(pa.float32(), 0))
    bare = table.set_column(table.column_names.index("features"), "features", none)
    with pa.ipc.new_stream(tmp_path / "bare.arrow", bare.schema) as writer:
        writer.write_table(bare)
    tables = [folder / "embeddings.parquet", tmp_path / "bare.arrow"]
    result = wearcli.compare(tables, task="activity", bootstrap=DRAWS, output=tmp_path / "out")
    assert set(result.less_features) == {"embeddings"}
    assert result.less_first["bare"]["macro_f1"]["mean"] == 0
    assert any("bare: its table has no hand-made features" in warning for warning in result.warnings)


def test_the_document_says_all_and_is_the_same_twice(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words: dict[str, Any] = {"task": "activity", "bootstrap": 20, "output": out}
    tables = [folder / "embeddings.parquet", folder / "noise.parquet"]
    result = wearcli.compare(tables, **words)
    document = json.loads((out / "comparison.json").read_text())
    assert document | json.loads(json.dumps(result.to_json())) == document
    assert document["models"]["noise"]["model"] == {"name": "toy", "sha256": "abc"}
    assert document["labels"] == {str(folder / "labels.csv"): content_sha256(folder / "labels.csv")}
    assert document["arguments"]["models"] == [str(table) for table in tables]
    assert {"numpy", "scikit-learn", "sklearn", "onnxruntime"} & set(document["versions"])
    assert "bootstrap over participants" in document["protocol"]
    before = content_sha256(out)
    with pytest.raises(UsageError, match="is there already"):
        wearcli.compare(tables, **words)
    wearcli.compare(tables, **words, overwrite=True)
    assert content_sha256(out) == before


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = [DEFAULT_MODEL, "runs/relcon-fast", "runs/simclr-fast/model/", "tables/a.parquet"]
    assert list(name_models(given)) == [DEFAULT_MODEL, "relcon-fast", "simclr-fast", "a"]
    same = ["x/run", "y/run/model", "z/run.parquet", "features"]
    with pytest.raises(UsageError, match="features is a row of every comparison"):
        name_models(same)
    assert list(name_models([*same[:3], "./kept/features"])) == [*same[:3], "./kept/features"]
    with pytest.raises(UsageError, match=r"a\.parquet is given twice"):
        name_models(["a.parquet", "a.parquet"])
    with pytest.raises(UsageError, match="no model named"):
        name_models([])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"probe": "both"}, "--probe both: models are compared by one probe"),
        ({"folds": 1}, "--folds takes 2 or more"),
        ({"epoch": 0}, "--epoch takes seconds above 0"),
        ({"bootstrap": 0}, "--bootstrap takes 1 or more"),
        ({"seed": -1}, "--seed takes 0 or more"),
        ({"stride_s": 0}, "--stride takes seconds above 0"),
        ({"min_quality": -0.1}, "--min-quality takes 0 to 1"),
        ({"task": "a/b"}, "without a folder"),
        ({"task": "sleep"}, "unknown task 'sleep'"),
        ({"recordings": "nowhere"}, "nowhere"),
    ],
)
def test_arguments_that_cannot_be(folder: Path, words: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        compare(folder, "embeddings", **words)
    assert "\n" not in str(caught.value)


def test_comparing_tables_never_imports_torch(folder: Path) -> None:
    code = "import sys, wearcli.comparison.compare; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_doubt_about_participants_is_repeated_once(folder: Path) -> None:
    about = {"participant_doubt": "the participants are in doubt: days"}
    for name in ("one", "two"):
        rewrite(folder / "embeddings.parquet", folder / f"{name}.parquet", about=about)
    assert shared_of(folder, "embeddings", "one", "two").warnings == ["the participants are in doubt: days"]
