"""Samples of participants: the means of their windows, against loops."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probing.tables import study, write_table
from wearcli.errors import InputError
from wearcli.labels.by_person import join_people
from wearcli.labels.samples import Samples
from wearcli.labels.windows import UsableWindows
from wearcli.probing.probe import probe
from wearcli.probing.saved import load_probe

WINDOW_S = 2.0

person = st.sampled_from(["p1", "p2", "p3"])
take = st.sampled_from("ab")
second = st.integers(0, 12).map(float)
some_windows = st.lists(st.tuples(person, take, second), min_size=1, max_size=30, unique=True)
some_intervals = st.lists(
    st.tuples(person, take, second, st.sampled_from([1.0, 2.0, 5.0]), st.sampled_from("XY"), second),
    min_size=1,
    max_size=10,
)


def tables(ws: list, ivs: list) -> tuple[UsableWindows, pd.DataFrame]:
    """Windows of 2 s, and intervals with a label and two targets, of which one is known now and then."""
    times = pd.DataFrame(
        [(f"{who}_{which}", who, onset, WINDOW_S) for who, which, onset in ws],
        columns=["recording", "participant", "onset", "duration"],
    ).astype({"recording": "category", "participant": "category"})
    # By the window's name, not its row, so that an order of the rows is the only thing to change.
    seeds = [int(onset) * 6 + "ab".index(which) * 3 + int(who[1]) for who, which, onset in ws]
    vectors = np.stack([np.random.default_rng(seed).normal(size=3) for seed in seeds]).astype(np.float32)
    intervals = pd.DataFrame(
        [
            (f"{who}_{which}", onset, length, label, value, value if value > 6 else np.nan)
            for who, which, onset, length, label, value in ivs
        ],
        columns=["recording", "onset", "duration", "label", "hr", "rare"],
    )
    return UsableWindows(times, {"embedding": vectors, "features": vectors[:, :1] * 2}, {}), intervals


def lies(window: tuple, interval: tuple) -> bool:
    """Whether the window lies in the interval with half of its length."""
    shared = min(window[2] + WINDOW_S, interval[2] + interval[3]) - max(window[2], interval[2])
    return window[:2] == interval[:2] and shared >= WINDOW_S / 2


def found_in(samples: Samples, row: int, ws: list, rows: list[int], table: UsableWindows) -> None:
    """The sample `row` is of the windows `rows`, and says so."""
    for name in ("embedding", "features"):
        mean = table.vectors[name][rows].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(samples.vectors[name][row], mean, rtol=1e-5, atol=1e-6)
    which = min(ws[number][1] for number in rows)
    onsets = [ws[number][2] for number in rows if ws[number][1] == which]
    told = samples.rows.iloc[row]
    assert (told["recording"], told["windows"]) == (f"{told['participant']}_{which}", len(rows))
    assert (told["onset"], told["duration"]) == (min(onsets), max(onsets) + WINDOW_S - min(onsets))


@settings(max_examples=80, deadline=None)
@given(some_windows, some_intervals, st.integers(1, 4))
def test_numbers_are_the_mean_of_the_windows_and_of_what_they_measure(
    ws: list, ivs: list, fewest: int
) -> None:
    table, intervals = tables(ws, ivs)
    mine: dict[str, list[int]] = {}
    for row, window in enumerate(ws):
        if any(lies(window, interval) for interval in ivs):
            mine.setdefault(window[0], []).append(row)
    kept = {who: rows for who, rows in sorted(mine.items()) if len(rows) >= fewest}
    if mine and not kept:
        with pytest.raises(InputError, match=rf"no participant has {fewest} windows.*lower --min-segments"):
            join_people(table, intervals, ["hr", "rare"], fewest)
        return
    samples = join_people(table, intervals, ["hr", "rare"], fewest)
    assert samples.rows["participant"].tolist() == list(kept)
    assert samples.truth.shape == (len(kept), 2)
    for row, (_, rows) in enumerate(kept.items()):
        found_in(samples, row, ws, rows, table)
        each = [[i[5] for i in ivs if lies(ws[number], i)] for number in rows]
        rare = [np.mean([v for v in values if v > 6]) for values in each if any(v > 6 for v in values)]
        assert samples.truth[row, 0] == pytest.approx(np.mean([np.mean(values) for values in each]))
        assert samples.truth[row, 1] == pytest.approx(np.mean(rare) if rare else np.nan, nan_ok=True)
    assert samples.n_windows == sum(map(len, kept.values()))
    outside = len(ws) - sum(map(len, mine.values()))
    assert samples.dropped.get("windows outside every interval", 0) == outside
    told = f"participants, or classes of one, with fewer than {fewest} windows (--min-segments)"
    assert samples.dropped.get(told, 0) == len(mine) - len(kept)


@settings(max_examples=80, deadline=None)
@given(some_windows, some_intervals, st.integers(0, 99))
def test_classes_are_told_apart_within_a_participant(ws: list, ivs: list, seed: int) -> None:
    table, intervals = tables(ws, ivs)
    mine: dict[tuple[str, str], list[int]] = {}
    for row, window in enumerate(ws):
        ticks = window[2] + np.arange(8) / 4 + 0.125  # the middle of each quarter second
        cover = {
            label: sum(
                any(i[:2] == window[:2] and i[4] == label and i[2] < t < i[2] + i[3] for i in ivs)
                for t in ticks
            )
            for label in "XY"
        }
        best = min(cover, key=lambda label: (-cover[label], label))
        if cover[best] >= 4:
            mine.setdefault((window[0], best), []).append(row)
    samples = join_people(table, intervals, None, 1)
    keys = list(zip(samples.rows["participant"], samples.truth, strict=True))
    assert keys == sorted(mine)
    for row, key in enumerate(keys):
        found_in(samples, row, ws, mine[key], table)
    # Another order of the windows, or of the labels, changes nothing, to the bit.
    rng = np.random.default_rng(seed)
    turned, _ = tables([ws[number] for number in rng.permutation(len(ws))], ivs)
    again = join_people(turned, intervals.sample(frac=1, random_state=seed), None, 1)
    pd.testing.assert_frame_equal(again.rows, samples.rows)
    np.testing.assert_array_equal(again.truth, samples.truth)
    for name, values in samples.vectors.items():
        np.testing.assert_array_equal(again.vectors[name], values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 12 people with two recordings each, unlike in length; height and weight are known."""
    path = tmp_path_factory.mktemp("people")
    table = pq.read_table(study(path, people=12, bouts=6, windows=5))
    times = table.select(["recording", "participant", "onset"]).to_pandas()
    late = times["onset"] >= 20
    times.loc[late, "recording"] = times.loc[late, "participant"] + "_b"
    vectors = [np.stack(table[name].to_pylist()) for name in ("embedding", "features")]
    rng = np.random.default_rng(0)
    age = 20 + 5 * np.arange(12.0)
    vectors[0][:, 0] += 0.2 * age[times["participant"].str[1:].astype(int)] + rng.normal(size=len(times))
    about = pd.DataFrame({"participant": [f"p{n:02d}" for n in range(12)], "age": age})
    about.to_csv(path / "participants.csv", index=False)
    write_table(path / "embeddings.parquet", times, *vectors)
    return path


def test_a_participant_is_one_sample_of_all_recordings(folder: Path, tmp_path: Path) -> None:
    result = probe(
        folder / "embeddings.parquet",
        task="age",
        level="participant",
        min_segments=30,
        bootstrap=100,
        output=tmp_path / "p",
    )
    assert (result.n_samples, result.n_participants, result.n_windows) == (12, 12, 360)
    assert (result.level, result.min_segments, result.epoch) == ("participant", 30, None)
    assert result.scores["linear"]["r"]["mean"] > 0.6
    saved = load_probe(tmp_path / "p")
    assert saved.result.level == saved.document.arguments.level == "participant"
    assert saved.result.min_segments == 30
    assert saved.document.input.pooling == "mean of a participant's windows"
    held = pd.read_parquet(tmp_path / "p" / "predictions.parquet")
    assert held.groupby("probe")["participant"].apply(list).map(len).eq(12).all()
    assert held.groupby("participant")["fold"].nunique().eq(1).all()
    # What is saved takes such a mean.
    table = pq.read_table(folder / "embeddings.parquet").to_pandas()
    means = np.stack(
        table.groupby("participant")["embedding"].apply(lambda each: np.stack(each).mean(axis=0))
    )
    found = saved.predict(means.astype(np.float32), "linear", "age")
    assert np.corrcoef(found, 20 + 5 * np.arange(12))[0, 1] > 0.6
    truth = held[held["probe"] == "linear"].set_index("participant")["truth"]
    assert truth.to_dict() == {f"p{n:02d}": 20 + 5 * n for n in range(12)}
    assert json.loads((tmp_path / "p" / "probe.json").read_text())["n_samples"] == 12


def test_nobody_crosses_folds_where_a_participant_has_two_classes(folder: Path, tmp_path: Path) -> None:
    labels = pd.read_csv(folder / "labels.csv")
    labels = labels[labels["onset"] < 20]  # rest, then stairs, of the first recording
    labels.to_csv(tmp_path / "labels.csv", index=False)
    result = probe(
        folder / "embeddings.parquet",
        task="activity",
        labels=tmp_path / "labels.csv",
        level="participant",
        probe="linear",
        bootstrap=20,
        output=tmp_path / "p",
    )
    assert (result.n_samples, result.n_windows) == (24, 120)
    assert result.class_samples["stairs"] == {"samples": 12, "participants": 12}
    held = pd.read_parquet(tmp_path / "p" / "predictions.parquet")
    assert held.groupby("participant")["fold"].nunique().eq(1).all()
    assert (held["recording"] == held["participant"] + "_a").all()
    assert result.scores["linear"]["auroc"]["mean"] > 0.9


def test_participants_with_few_windows_are_counted(folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "embeddings.parquet")
    times = table.select(["recording", "participant", "onset"]).to_pandas()
    kept = ~(times["participant"].isin(["p03", "p07"]) & (times["onset"] >= 14))
    vectors = [np.stack(table[name].to_pylist())[kept] for name in ("embedding", "features")]
    path = write_table(tmp_path / "some.parquet", times[kept].reset_index(drop=True), *vectors)
    words = {"task": "age", "labels": folder / "participants.csv", "level": "participant", "dry_run": True}
    assert probe(path, **words).n_participants == 12
    result = probe(path, **words, min_segments=8)
    assert (result.n_participants, result.n_windows) == (10, 300)
    assert result.dropped == {
        "participants, or classes of one, with fewer than 8 windows (--min-segments)": 2
    }
    with pytest.raises(
        InputError, match="no participant has 31 windows to take the mean of, 30 are the most"
    ):
        probe(path, **words, min_segments=31)
    with pytest.raises(InputError, match="30 are the most: lower --min-segments"):
        probe(path, **words, min_segments=1000)
