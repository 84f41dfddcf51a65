"""A training step of RelCon's encoder: ours against a plain one. Run it on an idle machine.

    python benchmarks/relcon_step.py [--people 16] [--repeats 3] [--device cpu|cuda] [--precision bf16|fp32]

The plain step is the paper's: 64 anchors, each with 20 windows of its person and the 63 other anchors as
candidates; 21 windows embedded an anchor; distances in a loop over the candidates' places; sparsemax by
sorting; float32. Ours has as many candidates an anchor: PEOPLE x 21 windows, each embedded once and each an
anchor. Both train RelCon's ResNet of 3,635,840 parameters on windows of 2.56 s at 100 Hz, in one process, in
turn, and the medians are compared. The last line is the ratio of anchors a second.
"""

import argparse
import json
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from wearcli.encoders import build
from wearcli.training.device import choose_device, has_bf16
from wearcli.training.methods.relcon.distance import WIDTH, MotifDistance, statistics
from wearcli.training.methods.relcon.objective import RelCon

SAMPLES, WITHIN, BETWEEN, ANCHORS, TEMPERATURE = 256, 20, 63, 64, 0.1
Step = Callable[[], None]


def walks(n: int, generator: torch.Generator) -> torch.Tensor:
    """Windows that swing at rhythms, strengths and tilts of their own: (n, samples, 3) g."""
    time_s = torch.arange(SAMPLES) / 100
    rhythm = 0.5 + 3 * torch.rand(n, 1, 3, generator=generator)
    swing = torch.rand(n, 1, 3, generator=generator) * torch.sin(2 * math.pi * rhythm * time_s[:, None])
    tilt = F.normalize(torch.randn(n, 1, 3, generator=generator), dim=2)
    return tilt + swing + 0.05 * torch.randn(n, SAMPLES, 3, generator=generator)


def sparsemax_by_sorting(scores: torch.Tensor) -> torch.Tensor:
    """Martins & Astudillo (2016), algorithm 1."""
    ordered = scores.sort(dim=-1, descending=True).values
    sums = ordered.cumsum(dim=-1) - 1
    place = torch.arange(1, scores.shape[-1] + 1, device=scores.device)
    size = (ordered * place > sums).sum(dim=-1, keepdim=True)
    return (scores - sums.gather(-1, size - 1) / size).clamp_min(0)


def plain_distance(
    distance: MotifDistance, anchor: torch.Tensor, candidate: torch.Tensor, attention: Callable
) -> torch.Tensor:
    """(n, samples, 3) twice -> (n,), each pair from the start."""
    mean, deviation = statistics(candidate)
    normalised = distance.normalise(candidate, mean, deviation)
    q = distance.query(distance.normalise(anchor, mean, deviation))
    k, v = distance.key(normalised), distance.value(normalised)
    weights = attention(q.transpose(1, 2) @ k / math.sqrt(WIDTH))
    rebuilt = distance.out(weights @ v.transpose(1, 2))
    rebuilt = (rebuilt - distance.shift) / distance.scale * deviation + mean
    return (rebuilt - anchor).square().sum(dim=(1, 2))


def plain_step(objective: RelCon, windows: torch.Tensor, attention: Callable) -> torch.Tensor:
    """windows: (64, 21, samples, 3), each anchor and the 20 of its person. Returns the loss."""
    anchors = windows[:, 0]
    with torch.no_grad():
        columns = [
            plain_distance(objective.distance, anchors, windows[:, n], attention)
            for n in range(1, WITHIN + 1)
        ]
        columns += [
            plain_distance(objective.distance, anchors, anchors.roll(-n, 0), attention)
            for n in range(1, ANCHORS)
        ]
    distances = torch.stack(columns, dim=1)  # (64, 83)
    embedded = objective.encoder(windows.flatten(0, 1).transpose(1, 2)).view(ANCHORS, WITHIN + 1, -1)
    z = F.normalize(embedded, dim=2)
    own = (z[:, :1] * z[:, 1:]).sum(dim=2)
    others = torch.stack([(z[:, 0] * z[:, 0].roll(-n, 0)).sum(dim=1) for n in range(1, ANCHORS)], dim=1)
    s = torch.cat([own, others], dim=1) / TEMPERATURE
    loss = torch.zeros((), device=s.device)
    for i in range(s.shape[1]):
        farther = distances > distances[:, i : i + 1]
        denominator = s[:, i].exp() + (s.exp() * farther).sum(dim=1)
        loss = loss - (s[:, i] - denominator.log()).mean()
    return loss


def peak_memory(device: torch.device, work: Step) -> float:
    """GB at most while `work` runs: of the card, or resident in all."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() / 1e9
    clear = Path("/proc/self/clear_refs")
    if clear.exists():  # Linux: forget the peak so far
        clear.write_text("5")
    work()
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


def seconds(device: torch.device, work: Step) -> float:
    """Of one call."""
    begin = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def bf16_rate(device: torch.device) -> float:
    """Operations a second of the device in its favourite task, a product of large matrices."""
    a, b = (torch.randn(8192, 8192, device=device, dtype=torch.bfloat16) for _ in range(2))
    times = [seconds(device, lambda: torch.mm(a, b)) for _ in range(10)]
    return 2 * 8192**3 / min(times)


def main() -> None:
    """Print one JSON document and the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3, help="steps of each, in turn")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["bf16", "fp32"])
    arguments = parser.parse_args()
    device = choose_device(arguments.device)
    bf16 = has_bf16(device) if arguments.precision is None else arguments.precision == "bf16"
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    objective = RelCon(build("relcon", samples=SAMPLES), MotifDistance(), TEMPERATURE).to(device).train()
    optimizer = torch.optim.Adam(objective.encoder.parameters(), lr=1e-6)

    theirs = walks(ANCHORS * (WITHIN + 1), generator).view(ANCHORS, WITHIN + 1, SAMPLES, 3).to(device)
    n = arguments.people * (WITHIN + 1)
    ours = walks(n, generator).to(device)
    place = np.arange(n).reshape(arguments.people, WITHIN + 1)
    rng = np.random.default_rng(0)
    between = min(BETWEEN, n - WITHIN - 1)
    rows = []
    for anchor in range(n):
        group = place[anchor // (WITHIN + 1)]
        others = rng.choice(np.setdiff1d(place, group), between, replace=False)
        rows.append(np.concatenate([group[group != anchor], others]))
    anchors, candidates = torch.arange(n, device=device), torch.from_numpy(np.stack(rows)).to(device)

    def train(loss: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    turn = 0

    def our_step() -> None:
        nonlocal turn
        turn += 1  # so that no distance is known from the step before
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = objective(ours, ours, anchors, candidates, torch.tensor(turn))
        train(loss)

    steps: dict[str, tuple[int, Step]] = {
        "ours": (n, our_step),
        "plain": (ANCHORS, lambda: train(plain_step(objective, theirs, sparsemax_by_sorting))),
        "plain, softmax": (ANCHORS, lambda: train(plain_step(objective, theirs, lambda s: s.softmax(-1)))),
    }
    memory = {name: peak_memory(device, work) for name, (_, work) in steps.items()}  # and warms up
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(arguments.repeats):
        for name, (_, work) in steps.items():
            times[name].append(seconds(device, work))
    results = {
        name: {
            "anchors": count,
            "candidates": WITHIN + (between if name == "ours" else BETWEEN),
            "seconds": round(float(np.median(times[name])), 3),
            "anchors_per_s": round(count / float(np.median(times[name])), 1),
            "peak_gb": round(memory[name], 2),
        }
        for name, (count, _) in steps.items()
    }
    machine = {"device": device.type, "threads": torch.get_num_threads(), "bf16": bf16}
    if device.type == "cuda":
        with FlopCounterMode(display=False) as counter:
            our_step()
        rate = counter.get_total_flops() / results["ours"]["seconds"]
        machine["share_of_bf16_rate"] = round(rate / bf16_rate(device), 4)
    print(json.dumps({"machine": machine, **results}, indent=2))
    print(f"ratio {results['ours']['anchors_per_s'] / results['plain']['anchors_per_s']:.1f}")


if __name__ == "__main__":
    main()
