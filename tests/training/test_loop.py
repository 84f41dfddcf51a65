import itertools
import json
import math
import threading

import pytest
import torch
from torch import nn

from tests.training import make
from wearcli.errors import InputError
from wearcli.training import checkpoint
from wearcli.training.loop import fit
from wearcli.training.monitor import COLLAPSED, effective_rank, embed_windows
from wearcli.training.schedule import learning_rate, share_done
from wearcli.training.settings import Settings

CPU = torch.device("cpu")


def recipe(**changes) -> Settings:
    usual = {
        "steps": 30,
        "lr": 0.05,
        "weight_decay": 0.0,
        "warmup": 3,
        "clip_norm": 10.0,
        "validate_every": 10,
        "patience": 0,
        "checkpoint_every": 10,
        "precision": "fp32",
    }
    return make.settings(**{**usual, **changes})


class Regression(nn.Module):
    """An objective that can be solved: y = 2x - 1."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (self.encoder(x) - y).square().mean()


def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(32, 1, generator=torch.Generator().manual_seed(step))
    return x, 2 * x - 1


def lines(run) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_learns_logs_and_keeps_the_best(tmp_path):
    model, seen = Regression(), []
    progress, best = fit(
        model, draw, [draw(10_000)], tmp_path, recipe(steps=300, lr=0.1), CPU, lambda d, m: seen.append(d)
    )
    assert best["encoder.weight"].item() == pytest.approx(2, abs=1e-2)
    assert best["encoder.bias"].item() == pytest.approx(-1, abs=1e-2)
    assert (progress.step, progress.ended) == (300, "steps")
    log = lines(tmp_path)
    validated = {line["step"]: line["validation_loss"] for line in log if "validation_loss" in line}
    assert list(validated) == list(range(10, 301, 10))
    assert progress.best_loss == min(validated.values()) == validated[progress.best_step]
    assert [line["step"] for line in log if "loss" in line] == list(range(20, 301, 20))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_one_step_is_clipped_adamw_at_the_scheduled_rate(tmp_path):
    model, plain = Regression(), Regression()
    setting = recipe(steps=3, lr=0.5, clip_norm=0.1, weight_decay=0.3)
    fit(model, draw, [], tmp_path, setting, CPU)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.5, weight_decay=0.3)
    for step, rate in enumerate((0.5, 0.5 * (0.01 + 0.99 * 0.75), 0.5 * (0.01 + 0.99 * 0.25))):
        optimizer.param_groups[0]["lr"] = rate
        loss = plain(*draw(step))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
        optimizer.step()
    torch.testing.assert_close(model.encoder.weight, plain.encoder.weight)


def test_schedule():
    setting = recipe(steps=1000, lr=1.0, warmup=100)
    assert learning_rate(setting.optimisation, 0, 0) == pytest.approx(0.01)
    assert learning_rate(setting.optimisation, 500, 0) == pytest.approx(0.505)
    assert learning_rate(setting.optimisation, 1000, 0) == pytest.approx(0.01)
    rates = [learning_rate(setting.optimisation, step, 0) for step in range(100, 1000)]
    assert rates == sorted(rates, reverse=True)
    timed = recipe(steps=None, minutes=10, lr=1.0, warmup=0)
    assert learning_rate(timed.optimisation, 123_456, 300) == pytest.approx(0.505)
    both = recipe(steps=1000, minutes=10).optimisation
    assert [share_done(both, *at) for at in ((100, 300), (900, 300), (2000, 0))] == [
        0.5,
        0.9,
        1.0,
    ]


def test_a_short_run_warms_up_over_a_tenth_of_it_at_most():
    short = recipe(steps=50, lr=1.0, warmup=200).optimisation
    rates = [learning_rate(short, step, 0) for step in range(50)]
    assert rates.index(max(rates)) == 4


def test_minutes_end_a_run(tmp_path):
    """By a clock that goes on by a quarter of a second at each reading, once a step: 40 steps are 10 s."""
    ticks = itertools.count(0, 0.25)
    timed = recipe(steps=None, minutes=10 / 60)
    progress, _ = fit(Regression(), draw, [], tmp_path, timed, CPU, clock=lambda: next(ticks))
    assert (progress.ended, progress.step, progress.seconds) == ("minutes", 40, 10.0)


def test_patience_ends_a_run_with_the_best_weights(tmp_path):
    """The validation batch wants the opposite of what training gives: the first look is the best."""
    x, y = draw(0)
    model = Regression()
    setting = recipe(steps=1000, patience=3, lr=0.01)
    progress, best = fit(model, draw, [(x, -y)], tmp_path, setting, CPU)
    assert (progress.ended, progress.best_step, progress.step) == ("patience", 10, 40)
    assert not torch.equal(best["encoder.weight"], model.encoder.weight)
    again, kept = fit(Regression(), draw, [(x, -y)], tmp_path, setting, CPU)
    assert again == progress
    assert torch.equal(kept["encoder.weight"], best["encoder.weight"])


def test_a_loss_that_is_not_finite_stops_with_what_to_do(tmp_path):
    def broken(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = draw(step)
        return x, y * (math.nan if step == 12 else 1)

    with pytest.raises(InputError, match=r"loss is nan at step 12: try a smaller --lr"):
        fit(Regression(), broken, [], tmp_path, recipe(), CPU)


def test_an_error_while_drawing_comes_through(tmp_path):
    def broken(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == 7:
            raise InputError("the disk is gone")
        return draw(step)

    with pytest.raises(InputError, match="the disk is gone"):
        fit(Regression(), broken, [], tmp_path, recipe(), CPU)


@pytest.mark.parametrize("stop", [3, 10, 17, 29])
def test_resumed_is_as_never_stopped(tmp_path, stop):
    straight, stopped = Regression(), Regression()
    _, expected = fit(straight, draw, [draw(999)], tmp_path / "a", recipe(), CPU)

    def until(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == stop:
            raise RuntimeError("power cut")
        return draw(step)

    with pytest.raises(RuntimeError, match="power cut"):
        fit(stopped, until, [draw(999)], tmp_path / "b", recipe(), CPU)
    with (tmp_path / "b" / "metrics.jsonl").open("a") as log:
        log.write('{"step": 29, "lo')  # a line cut short
    _, resumed = fit(Regression(), draw, [draw(999)], tmp_path / "b", recipe(), CPU)
    assert all(torch.equal(resumed[name], tensor) for name, tensor in expected.items())
    for first, second in zip(lines(tmp_path / "a"), lines(tmp_path / "b"), strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_interrupt_saves_and_raises(tmp_path):
    import os
    import signal

    def drawing(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(step)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        fit(Regression(), drawing, [], tmp_path, recipe(checkpoint_every=1000), CPU)
    assert signal.getsignal(signal.SIGINT) is before
    model = Regression()
    progress, _ = checkpoint.load(
        tmp_path / "checkpoint", model, torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    )
    assert 6 <= progress.step <= 9
    _, resumed = fit(model, draw, [], tmp_path, recipe(), CPU)
    _, expected = fit(Regression(), draw, [], tmp_path / "whole", recipe(), CPU)
    assert torch.equal(resumed["encoder.weight"], expected["encoder.weight"])


def test_runs_in_another_thread(tmp_path):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(fit(Regression(), draw, [], tmp_path, recipe(), CPU))
    )
    thread.start()
    thread.join()
    assert results[0][0].step == 30


def test_monitor_is_in_the_log_with_each_validation_and_without_people_too(tmp_path):
    def monitor(encoder: nn.Module) -> dict[str, float]:
        return {"effective_rank": 3.0 + encoder.weight.item(), "rank_share": 0.5, "uniformity": -1.0}

    for name, held in (("with", [draw(999)]), ("without", [])):
        progress, _ = fit(Regression(), draw, held, tmp_path / name, recipe(), CPU, monitor=monitor)
        looked = [line for line in lines(tmp_path / name) if "uniformity" in line]
        assert [line["step"] for line in looked] == [10, 20, 30]
        assert all(("validation_loss" in line) == bool(held) for line in looked)
        assert len({line["effective_rank"] for line in looked}) == 3
        assert progress.effective_rank == looked[-1]["effective_rank"]
        assert not progress.collapsed


class Collapsing(nn.Module):
    """Its loss wants all but the first of 128 dimensions to be the first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(300, 128))

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        out = self.encoder(windows)
        return (out[:, 1:] - out[:, :1]).square().mean()


def test_a_collapse_is_said_once_and_kept_over_a_resume(tmp_path):
    windows = torch.randn(64, 100, 3, generator=torch.Generator().manual_seed(1))
    said: list[str] = []

    def monitor(encoder: nn.Module) -> dict[str, float]:
        rank = effective_rank(embed_windows(encoder, windows.numpy()))
        return {"effective_rank": rank, "rank_share": rank / 63}

    def run(stop: int) -> checkpoint.Progress:
        def batch(step: int) -> tuple[torch.Tensor]:
            if step == stop:
                raise RuntimeError("power cut")
            return (windows.transpose(1, 2),)

        setting = recipe(steps=300, lr=0.02, warmup=0, schedule="constant")
        return fit(Collapsing(), batch, [], tmp_path, setting, CPU, monitor=monitor, say=said.append)[0]

    for stop in (25, 250):
        with pytest.raises(RuntimeError, match="power cut"):
            run(stop)
        assert len(said) == (stop == 250)
    assert run(-1).collapsed
    ranks = {line["step"]: line["rank_share"] for line in lines(tmp_path) if "rank_share" in line}
    first = min(step for step, share in ranks.items() if share < COLLAPSED)
    (warning,) = said
    assert f"warning: the embeddings collapse: effective rank 1.2 at step {first} is below 2%" in warning
    assert "try a smaller --lr" in warning
    assert "\n" not in warning


def test_watch_looks_at_the_start_in_between_and_at_the_end(tmp_path):
    seen: list[float] = []

    def watch(encoder: nn.Module) -> dict[str, float]:
        seen.append(encoder.weight.item())
        return {"watch_r": seen[-1]}

    fit(Regression(), draw, [draw(999)], tmp_path / "a", recipe(), CPU, watch=watch)
    looks = [(line["step"], line["watch_r"]) for line in lines(tmp_path / "a") if "watch_r" in line]
    assert [step for step, _ in looks] == [0, 10, 20, 30]
    assert [score for _, score in looks] == seen
    assert seen[0] == Regression().encoder.weight.item()
    assert len(set(seen)) == 4
    x, y = draw(0)
    patient = recipe(steps=1000, patience=3, lr=0.01, watch="study", watch_every=15)
    progress, _ = fit(Regression(), draw, [(x, -y)], tmp_path / "b", patient, CPU, watch=watch)
    assert (progress.ended, progress.step) == ("patience", 40)
    assert [line["step"] for line in lines(tmp_path / "b") if "watch_r" in line] == [0, 15, 30, 40]


def test_the_time_of_a_look_is_no_training_time(tmp_path):
    """By a clock that a step puts on by 1 s and a look by 100 s."""
    now = [0.0]

    def watch(encoder: nn.Module) -> dict[str, float]:
        now[0] += 100
        return {"watch_r": 0.0}

    class Timed(Regression):
        def forward(self, *batch: torch.Tensor) -> torch.Tensor:
            now[0] += 1
            return super().forward(*batch)

    timed = recipe(steps=None, minutes=0.5, watch="study", watch_every=8, validate_every=10_000)
    progress, _ = fit(Timed(), draw, [], tmp_path, timed, CPU, watch=watch, clock=lambda: now[0])
    assert (progress.ended, progress.step, progress.seconds) == ("minutes", 30, 30.0)
    looks = [line for line in lines(tmp_path) if "watch_r" in line]
    assert [line["seconds"] for line in looks] == [0, 8, 16, 24, 30]
    assert now[0] == 30 + 100 * len(looks)


def test_looks_change_no_weight_resumed_or_not(tmp_path):
    def look(encoder: nn.Module) -> dict[str, float]:
        encoder(torch.randn(4, 1, generator=torch.Generator().manual_seed(0)))
        return {"effective_rank": 1.0, "rank_share": 1.0, "watch_r": 0.0}

    _, plain = fit(Regression(), draw, [draw(999)], tmp_path / "a", recipe(), CPU)

    def until(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == 17:
            raise RuntimeError("power cut")
        return draw(step)

    looks = {"monitor": look, "watch": look}
    with pytest.raises(RuntimeError, match="power cut"):
        fit(Regression(), until, [draw(999)], tmp_path / "b", recipe(), CPU, **looks)
    _, watched = fit(Regression(), draw, [draw(999)], tmp_path / "b", recipe(), CPU, **looks)
    assert all(torch.equal(watched[name], tensor) for name, tensor in plain.items())
    assert [line["step"] for line in lines(tmp_path / "b") if "watch_r" in line] == [
        0,
        10,
        10,
        20,
        20,
        30,
        30,
    ]


def test_drawing_ahead_leaves_torch_its_threads(tmp_path):
    """torch.set_num_threads in any thread is for all of them."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []

        def watching(step: int) -> tuple[torch.Tensor, torch.Tensor]:
            seen.append(torch.get_num_threads())
            return draw(step)

        fit(
            Regression(),
            watching,
            [],
            tmp_path,
            recipe(),
            CPU,
            lambda d, m: seen.append(torch.get_num_threads()),
        )
        assert set(seen) == {2}
    finally:
        torch.set_num_threads(before)
