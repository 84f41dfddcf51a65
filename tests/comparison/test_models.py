"""`wearcli.compare` with models that embed, of two rates, and one of random weights."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import wearcli
from wearcli.errors import UsageError
from wearcli.files import content_sha256
from wearcli.models.folder import DEFAULT_MODEL, load_model
from wearcli.probing.probe import probe

DRAWS = 200
pytestmark = pytest.mark.slow  # of which most is torch and its export to ONNX


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people who rest (the arm hangs) and move (it swings), 40 s each, at 50 Hz."""
    folder = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    time_s = np.arange(4000) / 50
    labels = []
    for person in range(6):
        moving = (time_s >= 40) * np.sin(2 * np.pi * 1.7 * time_s)
        values = rng.normal(scale=0.02, size=(4000, 3)) + [0.0, 0.0, 1.0] + 0.4 * moving[:, None]
        np.savez(folder / f"p{person}_a.npz", time=time_s, **dict(zip("xyz", values.T, strict=True)))
        labels += [(f"p{person}_a", 0, 40, "rest"), (f"p{person}_a", 40, 40, "move")]
    columns = ["recording", "onset", "duration", "label"]
    pd.DataFrame(labels, columns=columns).to_csv(folder / "labels.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def short_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a model of 2.56 s at 100 Hz, of random weights."""
    from wearcli.training.untrained import write_untrained

    config = replace(
        load_model(DEFAULT_MODEL).config,
        encoder="fast",
        rate_hz=100.0,
        window_s=2.56,
        samples=256,
        stride_s=2.56,
        normalisation="revin",
    )
    run = tmp_path_factory.mktemp("runs") / "short"
    write_untrained(run / "model", config, seed=3)
    return run


def test_models_of_two_rates_and_a_random_one(
    recordings: Path, short_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words: dict[str, Any] = {"task": "activity", "bootstrap": DRAWS}
    both = [short_model, DEFAULT_MODEL]  # the random one is like the first, which is soon exported
    with pytest.raises(
        UsageError, match=r"short has windows of 2.56 s, motion-v5 of 5 s every 2.5 s: give --epoch"
    ):
        wearcli.compare(both, recordings, **words)
    assert not (tmp_path / "comparisons").exists()  # nothing was embedded to learn it
    seen: list[tuple[str, str, float]] = []
    result = wearcli.compare(both, recordings, **words, epoch=10, watch=lambda *told: seen.append(told))
    assert list(result.models) == ["short", DEFAULT_MODEL, "untrained"]
    assert (result.n_samples, result.left_out, result.failed) == (6 * 2 * 4, 0, [])
    assert result.scores[DEFAULT_MODEL]["macro_f1"]["mean"] > 0.95
    assert [result.models[name]["rate_hz"] for name in result.models] == [100.0, 50.0, 100.0]
    assert result.models["untrained"]["model"]["name"] == "untrained-fast"
    assert {"untrained", DEFAULT_MODEL} == set(result.less_first)
    for phase in ("embed", "probe"):
        shares = [share for what, _, share in seen if what == phase]
        assert shares == sorted(shares)
        assert shares[-1] == 1
    # The score of a model is that of `probe` on the table that was kept.
    alone = probe(
        result.models["short"]["table"],
        epoch=10,
        probe="linear",
        output="p",
        labels=recordings / "labels.csv",
        **words,
    )
    assert result.scores["short"] == alone.scores["linear"]


def test_a_rerun_embeds_only_what_is_new(
    recordings: Path, short_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wearcli.comparison import tables as module

    out = tmp_path / "out"
    made: list[tuple[str, int]] = []
    embed = module.embed

    def counted(*paths: Any, **words: Any) -> Any:
        result = embed(*paths, **words)
        made.append((Path(words["model"]).name, result.embedded))
        return result

    monkeypatch.setattr(module, "embed", counted)
    words: dict[str, Any] = {
        "task": "activity",
        "bootstrap": 20,
        "output": out,
        "epoch": 10,
        "overwrite": True,
    }
    first = wearcli.compare(short_model, recordings, **words)
    assert made == [("model", 6), ("untrained", 6)]
    before = content_sha256(out)
    made.clear()
    assert wearcli.compare(short_model, recordings, **words) == first
    assert made == [("model", 0), ("untrained", 0)]
    assert content_sha256(out) == before
    made.clear()
    wearcli.compare([short_model, DEFAULT_MODEL], recordings, **words, untrained=False)
    assert made == [("model", 0), (DEFAULT_MODEL, 6)]
    # Another stride is another table; other recordings take the place of those that were.
    made.clear()
    wearcli.compare(short_model, recordings, **words, untrained=False, stride_s=2.5)
    fewer = tmp_path / "fewer"
    fewer.mkdir()
    for path in recordings.iterdir():
        if not path.name.startswith("p5"):
            (fewer / path.name).write_bytes(path.read_bytes())
    wearcli.compare(short_model, fewer, **words, untrained=False)
    assert made == [("model", 6), ("model", 5)]


def test_a_seed_gives_one_untrained_encoder(short_model: Path, tmp_path: Path) -> None:
    import torch

    from wearcli.training.untrained import write_untrained

    like = load_model(short_model).config
    state = torch.random.get_rng_state()
    same, other = (write_untrained(tmp_path / str(seed), like, seed) for seed in (3, 4))
    assert same.sha256 == like.sha256 != other.sha256
    assert torch.equal(torch.random.get_rng_state(), state)
    for key in ("encoder", "rate_hz", "samples", "normalisation", "unit"):
        assert getattr(other, key) == getattr(like, key)


def test_a_broken_model_and_a_broken_recording_among_others(
    recordings: Path, short_model: Path, tmp_path: Path
) -> None:
    study_ = tmp_path / "recordings"
    study_.mkdir()
    for path in recordings.iterdir():
        (study_ / path.name).write_bytes(path.read_bytes())
    (study_ / "p9_a.npz").write_bytes(b"nothing")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text((short_model / "model" / "config.json").read_text())
    (broken / "model.onnx").write_bytes(b"other weights")
    result = wearcli.compare(
        ["nowhere", broken, DEFAULT_MODEL],
        study_,
        task="activity",
        bootstrap=20,
        output=tmp_path / "out",
        untrained=False,
    )
    assert list(result.models) == [DEFAULT_MODEL]
    told = [(failure.get("model"), failure.get("recording")) for failure in result.failed]
    assert told == [("nowhere", None), ("broken", None), (None, "p9_a")]
    assert "sha256" in result.failed[1]["error"]


def test_a_dry_run_counts_and_writes_nothing(recordings: Path, tmp_path: Path) -> None:
    result = wearcli.compare(
        DEFAULT_MODEL, recordings, task="activity", dry_run=True, output=tmp_path / "out"
    )
    assert result.models[DEFAULT_MODEL]["recordings_to_embed"] == 6
    assert (result.scores, result.output, list(tmp_path.iterdir())) == ({}, None, [])


def test_people_that_a_model_may_know_are_said(recordings: Path, tmp_path: Path) -> None:
    known = load_model(DEFAULT_MODEL).config.training_sets[0].name
    words: dict[str, Any] = {"task": "activity", "dry_run": True, "output": tmp_path / "out"}
    shutil.copytree(recordings, tmp_path / "sets" / known)
    (warning,) = wearcli.compare(DEFAULT_MODEL, tmp_path / "sets" / known, **words).warnings
    assert warning.startswith(f"{DEFAULT_MODEL} was trained on a set named '{known}'")
    assert wearcli.compare(DEFAULT_MODEL, recordings, **words).warnings == []


def test_without_torch_it_goes_on_with_a_warning(recordings: Path, tmp_path: Path) -> None:
    code = (
        "import sys, wearcli\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError('no torch here', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        f"result = wearcli.compare({DEFAULT_MODEL!r}, {str(recordings)!r}, task='activity', bootstrap=20,"
        f" output={str(tmp_path / 'out')!r})\n"
        "print(list(result.models), result.warnings)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, warnings = done.stdout.split("] [")
    assert names == f"['{DEFAULT_MODEL}'"
    assert "no untrained encoder beside them: it needs torch: pip install" in warnings
    assert done.stderr == ""


def test_models_of_ppg_and_ecg_are_compared_on_recordings_of_them(tmp_path: Path) -> None:
    wearcli.write_sample(tmp_path / "hearts", study="heart")
    result = wearcli.compare(
        ["ecg", "ppg"],
        recordings=tmp_path / "hearts",
        task="rhythm",
        epoch=120,
        untrained=False,
        bootstrap=20,
        output=tmp_path / "out",
    )
    assert {"ecg", "ppg"} <= {*result.models}
