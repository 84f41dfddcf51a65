"""How fast the encoders are here: embedding (torch, onnxruntime) and training. Run it on an idle machine.

    python benchmarks/encoders.py [--seconds 3]

Windows are as long as each encoder is made for: 250 samples (5 s at 50 Hz) for `fast`, 256 (2.56 s at
100 Hz) for `relcon`. The last line is the ratio of windows a second: `fast` as `embed` runs it, `relcon` in
torch at batch 128.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import torch
from torch import nn

from wearcli.encoders import ENCODERS, build
from wearcli.training.device import has_bf16
from wearcli.training.export import WindowsFirst, to_onnx
from wearcli.training.methods.simclr.objective import SimCLR

SAMPLES = {"fast": 250, "relcon": 256}
CPU = torch.device("cpu")


def rate(work: Callable[[], None], windows: int, seconds: float) -> int:
    """Windows a second of the better half of the calls: others may use the machine too."""
    work()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 4:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return round(windows / float(np.median(sorted(times)[: (len(times) + 1) // 2])))


def multiplications(encoder: nn.Module, samples: int) -> int:
    """Of one window, in convolutions and linear layers."""
    total = 0

    def count(layer: nn.Module, given: object, out: torch.Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * (out[0][0].numel() if out.dim() > 2 else 1)

    hooks = [
        layer.register_forward_hook(count)
        for layer in encoder.modules()
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)
    ]
    encoder.eval()(torch.zeros(1, 3, samples))
    for hook in hooks:
        hook.remove()
    return total


def onnx_rate(path: Path, windows: np.ndarray, threads: int, sessions: int, seconds: float) -> int:
    """With `sessions` sessions side by side, each of `threads` threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    made = [onnxruntime.InferenceSession(path, options) for _ in range(sessions)]
    rates = [0] * sessions

    def one(number: int) -> None:
        rates[number] = rate(lambda: made[number].run(None, {"windows": windows}), len(windows), seconds)

    together = [threading.Thread(target=one, args=(number,)) for number in range(sessions)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    return sum(rates)


def train_rate(name: str, bf16: bool, seconds: float) -> int:
    """Views a second, forward and backward, of SimCLR at 256 pairs."""
    objective = SimCLR(build(name, samples=SAMPLES[name]), ENCODERS[name].dimension, 0.1).train()
    views, ignore = torch.randn(512, SAMPLES[name], 3), torch.zeros(512, 512, dtype=torch.bool)

    def step() -> None:
        objective.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = objective(views, ignore)
        loss.backward()

    return rate(step, 512, seconds)


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="a figure")
    seconds = parser.parse_args().seconds
    cores = torch.get_num_threads()
    out: dict[str, dict[str, float]] = {"machine": {"cores": cores, "bf16": has_bf16(CPU)}}
    for name, samples in SAMPLES.items():
        encoder = WindowsFirst(build(name, samples=samples)).eval()
        figures: dict[str, float] = {
            "parameters": sum(p.numel() for p in encoder.parameters()),
            "million_multiplications": round(multiplications(encoder.encoder, samples) / 1e6, 1),
        }
        batch = torch.randn(128, samples, 3)
        with torch.inference_mode():
            figures["torch_fp32_batch_128"] = rate(lambda: encoder(batch), 128, seconds)  # noqa: B023
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            to_onnx(encoder, path, (2, samples, 3))
            for size in (64, 256):
                windows = np.random.default_rng(0).normal(size=(size, samples, 3)).astype(np.float32)
                for threads, sessions in ((1, 1), (cores, 1), (1, cores)):
                    key = f"onnx_batch_{size}_{sessions}_sessions_of_{threads}_threads"
                    figures[key] = onnx_rate(path, windows, threads, sessions, seconds)
        figures["train_fp32"] = train_rate(name, False, seconds)
        if has_bf16(CPU):
            figures["train_bf16"] = train_rate(name, True, seconds)
        out[name] = figures
    print(json.dumps(out, indent=2))
    ours = out["fast"][f"onnx_batch_64_{cores}_sessions_of_1_threads"]
    print(f"ratio {ours / out['relcon']['torch_fp32_batch_128']:.1f}")


if __name__ == "__main__":
    main()
