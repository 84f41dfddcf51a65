"""Shards of a study: every recording once, balanced, and the same whoever asks."""

from pathlib import Path

import numpy as np
import pytest

from wearcli.errors import UsageError
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.shards import Shard, choose_shard


def sources(count: int) -> list[Source]:
    return [Source(f"P{number:05d}", Path(f"P{number:05d}.csv"), "csv", "P") for number in range(count)]


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_every_recording_is_in_one_shard_and_none_is_much_larger(shards: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    study = sources(int(rng.integers(1, 500)))
    weights = rng.lognormal(10, 1 + seed, len(study)).astype(int)  # from alike to one that is all
    sizes = {source.recording: int(weight) for source, weight in zip(study, weights, strict=True)}
    chosen = [Shard(number, shards).choose(study, sizes) for number in range(1, shards + 1)]
    assert [source for shard in chosen for source in shard] == study  # neighbours, in order
    held = [sum(max(sizes[source.recording], 1) for source in shard) for shard in chosen]
    assert max(held) <= sum(held) / shards + max(map(int, weights))


def test_empty_files_are_shared_too() -> None:
    study = sources(100)
    sizes = dict.fromkeys((source.recording for source in study), 0)
    assert [len(Shard(number, 4).choose(study, sizes)) for number in (1, 2, 3, 4)] == [25] * 4


def test_the_shard_does_not_depend_on_how_the_study_is_listed(tmp_path: Path) -> None:
    """Nodes may list folders in any order, and mount the study elsewhere."""
    rng = np.random.default_rng(0)
    names = [f"P{number % 7}/day{number}.csv" for number in range(40)]
    for folder, order in (("a", rng.permutation(40)), ("b", rng.permutation(40))):
        for number in order:
            path = tmp_path / folder / "study" / names[number]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("time,x,y,z\n" + "0,0,0,1\n" * (1 + int(number) ** 2))
    for number in (1, 2, 3):
        one, other = (
            choose_shard(f"{number}/3", find_recordings([tmp_path / folder / "study"]).sources)
            for folder in "ab"
        )
        assert [(s.recording, s.participant) for s in one] == [(s.recording, s.participant) for s in other]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "a/b", "-1/3", "1/3/5", "1.5/3", ""])
def test_a_shard_that_cannot_be_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="give the shard and their number, such as 3/64"):
        Shard.parse(text)
