"""`wearcli retrieve` on embeddings whose answer is known."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import wearcli
from tests.retrieval.make import minutes, plain_ranks, write_table
from wearcli.errors import InputError, UsageError
from wearcli.retrieval import retrieve as module
from wearcli.retrieval.mapping import mapped, whitening

Command = Callable[..., tuple[int, str, str]]
PEOPLE, EACH = 8, 12


def tables(folder: Path, query: np.ndarray, target: np.ndarray, **more: np.ndarray) -> tuple[Path, Path]:
    """Of `PEOPLE` people `EACH` minutes, the embeddings in their order."""
    people, onset = minutes(len(query) // EACH, EACH)
    return (
        write_table(folder / "acc.parquet", query, people, onset, **more),  # type: ignore[arg-type]
        write_table(folder / "ppg.parquet", target, people, onset, quality=np.ones(len(people))),
    )


def noise(dimension: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(PEOPLE * EACH, dimension))


def test_a_table_finds_itself(tmp_path: Path) -> None:
    same = noise(16)
    for how in ("none", "ridge"):
        result = wearcli.retrieve(*tables(tmp_path, same, same), map=how, bootstrap=50)  # type: ignore[arg-type]
        for pool in result.pools.values():
            row = pool.rows["embedding"]
            assert [row[key]["mean"] for key in ("top1", "mean_rank", "median_rank")] == [1, 1, 1]
    assert result.pairs == PEOPLE * EACH
    assert result.people == {f"P{k:02d}": EACH for k in range(PEOPLE)}


def test_chance_where_there_is_nothing(tmp_path: Path) -> None:
    """In closed form: 1/12, 3/12, 6.5; of a mean of 40 seeds none is far from it."""
    told = []
    for seed in range(40):
        paths = tables(tmp_path, noise(5, seed), noise(6, 100 + seed))
        pool = wearcli.retrieve(*paths, bootstrap=20).pools["within"]
        told.append([pool.rows["embedding"][key]["mean"] for key in ("top1", "top3", "mean_rank")])
        row = pool.rows["chance"]
        assert [row[key]["mean"] for key in ("top1", "top3", "mean_rank", "median_rank")] == [
            pytest.approx(1 / 12, abs=1e-6),
            0.25,
            6.5,
            6.5,
        ]
    error = np.std(told, axis=0) / np.sqrt(40)
    assert (np.abs(np.mean(told, axis=0) - [1 / 12, 3 / 12, 6.5]) < 4 * error).all()


@pytest.mark.parametrize("how", ["none", "ridge"])
@pytest.mark.parametrize("drawn", [None, 7])
def test_an_embedding_that_says_nothing_is_at_chance(tmp_path: Path, how: str, drawn: int | None) -> None:
    paths = tables(tmp_path, np.full((PEOPLE * EACH, 4), 0.3), noise(4))
    result = wearcli.retrieve(*paths, map=how, pool=drawn, bootstrap=20)  # type: ignore[arg-type]
    for pool in result.pools.values():
        for key, value in pool.rows["chance"].items():
            assert pool.rows["embedding"][key]["mean"] == pytest.approx(value["mean"], abs=2e-6), key
    size = drawn or EACH
    assert result.pools["within"].rows["chance"]["top3"]["mean"] == pytest.approx(3 / size, abs=1e-6)


def test_a_ridge_finds_the_space_of_another_signal_on_people_it_has_not_seen(tmp_path: Path) -> None:
    """The target is a turned and stretched query; the cosine of the raw ones finds nothing."""
    query = noise(8)
    rng = np.random.default_rng(5)
    target = query @ rng.normal(size=(8, 8)) + 0.05 * noise(8, 1)
    hints = query[:, :2] + noise(2, 2)  # features that know a little
    paths = tables(tmp_path, query, target, features=hints, movement=np.abs(noise(1, 3)[:, 0]))
    found = wearcli.retrieve(*paths, bootstrap=200)
    raw = wearcli.retrieve(*paths, map="none", bootstrap=20)
    for name, pool in found.pools.items():
        assert pool.rows["embedding"]["top1"]["mean"] > 0.9
        assert raw.pools[name].rows["embedding"]["top1"]["mean"] < 0.35
        less = pool.differences["features"]["top1"]
        assert less["mean"] == pytest.approx(
            pool.rows["embedding"]["top1"]["mean"] - pool.rows["features"]["top1"]["mean"], abs=2e-6
        )
        assert less["low"] > 0
        assert pool.rows["features"]["mean_rank"]["high"] < pool.rows["movement"]["mean_rank"]["mean"]
    assert "features" not in raw.pools["within"].rows
    assert found.pools["within"].sizes == {"mean": 12, "min": 12, "max": 12}


def test_figures_of_one_space_as_written_plainly(tmp_path: Path) -> None:
    query, target = noise(3), noise(3) + 1.5 * noise(3, 1)
    result = wearcli.retrieve(*tables(tmp_path, query, target), map="none", bootstrap=20)
    query, target = query.astype(np.float32).astype(float), target.astype(np.float32).astype(float)
    across = np.array(plain_ranks(query, target))
    within = np.concatenate(
        [plain_ranks(query[k : k + EACH], target[k : k + EACH]) for k in range(0, len(query), EACH)]
    )
    for name, ranks in (("within", within), ("across", across)):
        row = result.pools[name].rows["embedding"]
        assert row["mean_rank"]["mean"] == pytest.approx(ranks.mean(), abs=1e-6)
        assert row["median_rank"]["mean"] == np.median(ranks)
        for k in (1, 3, 5):
            assert row[f"top{k}"]["mean"] == pytest.approx(np.mean(ranks <= k), abs=1e-6)
        np.testing.assert_allclose(
            result.pools[name].curves["embedding"],
            [np.mean(ranks <= k) for k in range(1, len(result.pools[name].curves["embedding"]) + 1)],
        )


def test_folds_share_nobody_and_across_pools_are_those_of_the_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, drawn = [], []

    def watched(query, target, participants, train, rng):  # type: ignore[no-untyped-def]
        assert not set(participants[train]) & set(participants[~train])
        seen.append(set(participants[~train]))
        drawn.append(copy.deepcopy(rng).integers(2**40))
        return mapped(query, target, participants, train, rng)

    monkeypatch.setattr(module, "mapped", watched)
    paths = tables(tmp_path, noise(4), noise(4), features=noise(3))
    result = wearcli.retrieve(*paths, folds=3, bootstrap=10)
    assert (result.folds, len(seen)) == (3, 6)
    # In a fold the features have the same people and inner folds as the embedding.
    assert seen[::2] == seen[1::2]
    assert drawn[::2] == drawn[1::2]
    assert len({*drawn}) == 3
    seen = seen[::2]
    assert sorted(person for held in seen for person in held) == list(range(PEOPLE))
    sizes = sorted(EACH * len(held) for held in seen)
    assert [result.pools["across"].sizes[key] for key in ("min", "max")] == [sizes[0], sizes[-1]]


def test_who_is_not_held_out_is_not_looked_at_to_whiten() -> None:
    """Whitened rows of the training people have deviation 1; others' values change nothing of it."""
    values = noise(6) @ np.diag([9.0, 5, 1, 1, 0.5, 0])
    mean, scale, projection = whitening(values[:50].astype(np.float32))
    white = ((values[:50] - mean) / scale) @ projection
    np.testing.assert_allclose(white.T @ white / 50, np.eye(white.shape[1]), atol=1e-3)
    assert projection.shape == (6, 5)  # of one constant column nothing is left
    train = np.arange(len(values)) < 50
    people = np.arange(len(values)) // EACH
    one = mapped(
        noise(3).astype(np.float32), values.astype(np.float32), people, train, np.random.default_rng(0)
    )
    values[70:] *= 100
    other = mapped(
        noise(3).astype(np.float32), values.astype(np.float32), people, train, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1][:20], other[1][:20])


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    query, target = noise(4), noise(4)
    people, onset = minutes(PEOPLE, EACH)
    order = np.random.default_rng(1).permutation(len(people))
    one = wearcli.retrieve(*tables(tmp_path, query, target), bootstrap=20).to_json()
    shuffled = write_table(
        tmp_path / "ppg.parquet",
        target[order],
        [people[k] for k in order],
        onset[order],
        quality=np.ones(len(people)),
    )
    other = wearcli.retrieve(tmp_path / "acc.parquet", shuffled, bootstrap=20).to_json()
    assert one == other


def test_a_difference_is_of_the_vectors_alone(tmp_path: Path) -> None:
    """Features that are the embedding: no difference, in any draw."""
    query = noise(24)
    paths = tables(tmp_path, query, query[:, :12] + 3 * noise(12, 1), features=query)
    for pool in wearcli.retrieve(*paths, bootstrap=50).pools.values():
        assert pool.rows["embedding"]["top1"]["mean"] > 2 * pool.rows["chance"]["top1"]["mean"]
        for value in pool.differences["features"].values():
            assert value == {"mean": 0, "low": 0, "high": 0}


def test_people_of_few_windows_and_short_folds_are_told(tmp_path: Path) -> None:
    people, onset = minutes(4, EACH)
    keep = [k for k, name in enumerate(people) if name != "P03" or onset[k] < 240]
    people, onset = [people[k] for k in keep], onset[keep]
    values = np.random.default_rng(0).normal(size=(len(people), 4))
    paths = [write_table(tmp_path / f"{name}.parquet", values, people, onset) for name in ("q", "t")]
    pools = wearcli.retrieve(*paths, folds=4, bootstrap=20).pools
    assert pools["within"].left_out == {"people with fewer than 5 windows": 1}
    assert (pools["within"].pairs, pools["within"].participants) == (36, 3)
    assert (pools["across"].pairs, pools["across"].sizes["min"]) == (40, 4)
    # All four of the small pool are within the first five.
    by_chance = pools["across"].rows["chance"]["top5"]["mean"]
    assert by_chance == pytest.approx((36 * 5 / 12 + 4) / 40, abs=1e-6)
    assert pools["across"].curves["embedding"][-1] == pytest.approx(1)
    pools = wearcli.retrieve(*paths, folds=4, bootstrap=20, pool=10).pools
    assert pools["across"].left_out == {"moments in folds of fewer than 10 windows (--pool)": 4}
    assert pools["across"].whole_sizes == {"mean": 12, "min": 12, "max": 12}
    assert pools["across"].sizes == {"mean": 10, "min": 10, "max": 10}
    with pytest.raises(InputError, match="lower --pool"):
        wearcli.retrieve(*paths, pool=500)


def test_the_command(tmp_path: Path, command: Command) -> None:
    query = noise(4)
    acc, ppg = tables(tmp_path, query, query + noise(4, 1), movement=np.linspace(0, 0.1, PEOPLE * EACH))
    out, png = tmp_path / "r.json", tmp_path / "r.png"
    words = ["retrieve", str(acc), str(ppg), "--json", "-o", str(out), "--bootstrap", "50"]
    code, stdout, err = command(*words, "--plot", str(png), "--pool", "6")
    assert code == 0, err
    document = json.loads(stdout)
    assert document == json.loads(out.read_text())
    assert set(document) >= {"pairs", "participants", "people", "pools", "map", "seed", "models"}
    assert document["models"]["query"]["sha256"] == "abc"
    assert set(document["pools"]["within"]["rows"]) == {"embedding", "movement", "chance"}
    assert "features are left out" in err
    assert "pools of 6, sampled from 12; 96 queries of 8 participants" in " ".join(err.split())
    assert png.read_bytes()[:4] == b"\x89PNG"
    code, _, err = command(*words)
    assert (code, "is there already" in err) == (2, True)
    again = command(*words[:4], "--bootstrap", "50", "--pool", "6")[1]
    assert json.loads(again)["pools"] == document["pools"]


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    paths = tables(tmp_path, noise(4), noise(5))
    for arguments, says in [
        ({"map": "none"}, "embeddings of 4 and 5 numbers are of two spaces"),
        ({"map": "linear"}, "unknown map"),
        ({"pool": 1}, "--pool takes 2 or more"),
        ({"folds": 1}, "--folds takes 2 or more"),
        ({"tolerance_s": -1}, "--tolerance takes 0 s or more"),
        ({"max_movement": -1}, "--max-movement takes 0 g or more"),
    ]:
        with pytest.raises(UsageError, match=says):
            wearcli.retrieve(*paths, **arguments)  # type: ignore[arg-type]
    alone = tables(tmp_path, noise(4)[:EACH], noise(4)[:EACH])
    with pytest.raises(InputError, match="one participant alone"):
        wearcli.retrieve(*alone)
    row = wearcli.retrieve(*alone, map="none", bootstrap=20).pools["within"].rows["embedding"]["top1"]
    assert row == {"mean": 1.0, "low": None, "high": None}
