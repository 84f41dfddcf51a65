import json
import math
import threading

import pytest
import torch
from torch import nn

from wearcli.errors import InputError
from wearcli.training import checkpoint
from wearcli.training.loop import effective_rank, fit, learning_rate, share_done
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
    return Settings(**{**usual, **changes})


class Regression(nn.Module):
    """An objective that can be solved: y = 2x - 1."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.layer(x)
        return (out - y).square().mean(), torch.cat([out, x], dim=1)


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
    assert best["layer.weight"].item() == pytest.approx(2, abs=1e-2)
    assert best["layer.bias"].item() == pytest.approx(-1, abs=1e-2)
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
        loss, _ = plain(*draw(step))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
        optimizer.step()
    torch.testing.assert_close(model.layer.weight, plain.layer.weight)


def test_schedule():
    setting = recipe(steps=1000, lr=1.0, warmup=100)
    assert learning_rate(setting, 0, 0) == pytest.approx(0.01)
    assert learning_rate(setting, 500, 0) == pytest.approx(0.505)
    assert learning_rate(setting, 1000, 0) == pytest.approx(0.01)
    rates = [learning_rate(setting, step, 0) for step in range(100, 1000)]
    assert rates == sorted(rates, reverse=True)
    timed = recipe(steps=None, minutes=10, lr=1.0, warmup=0)
    assert learning_rate(timed, 123_456, 300) == pytest.approx(0.505)
    both = recipe(steps=1000, minutes=10)
    assert [share_done(both, *at) for at in ((100, 300), (900, 300), (2000, 0))] == [0.5, 0.9, 1.0]


def test_a_short_run_warms_up_over_a_tenth_of_it_at_most():
    rates = [learning_rate(recipe(steps=50, lr=1.0, warmup=200), step, 0) for step in range(50)]
    assert rates.index(max(rates)) == 4


def test_minutes_end_a_run(tmp_path):
    progress, _ = fit(Regression(), draw, [], tmp_path, recipe(steps=None, minutes=0.005), CPU)
    assert progress.ended == "minutes"
    assert 0.3 <= progress.seconds < 3


def test_patience_ends_a_run_with_the_best_weights(tmp_path):
    """The validation batch wants the opposite of what training gives: the first look is the best."""
    x, y = draw(0)
    model = Regression()
    setting = recipe(steps=1000, patience=3, lr=0.01)
    progress, best = fit(model, draw, [(x, -y)], tmp_path, setting, CPU)
    assert (progress.ended, progress.best_step, progress.step) == ("patience", 10, 40)
    assert not torch.equal(best["layer.weight"], model.layer.weight)
    again, kept = fit(Regression(), draw, [(x, -y)], tmp_path, setting, CPU)
    assert again == progress
    assert torch.equal(kept["layer.weight"], best["layer.weight"])


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
    assert torch.equal(resumed["layer.weight"], expected["layer.weight"])


def test_runs_in_another_thread(tmp_path):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(fit(Regression(), draw, [], tmp_path, recipe(), CPU))
    )
    thread.start()
    thread.join()
    assert results[0][0].step == 30


def test_effective_rank():
    torch.manual_seed(0)
    assert effective_rank(torch.randn(5000, 16)) == pytest.approx(16, abs=0.1)
    line = torch.randn(500, 1) @ torch.randn(1, 16)
    assert effective_rank(line + 3) == pytest.approx(1, abs=1e-3)
    # Singular values 2:1:1 have entropy (1/2) ln 2 + (1/2) ln 4.
    basis = torch.linalg.qr(torch.randn(400, 3) - torch.randn(400, 3).mean(dim=0))[0]
    basis = torch.linalg.qr(basis - basis.mean(dim=0))[0]
    points = basis @ torch.diag(torch.tensor([2.0, 1.0, 1.0]))
    assert effective_rank(points) == pytest.approx(math.exp(0.5 * math.log(2) + 0.5 * math.log(4)), rel=1e-2)


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
