"""Windows a second of the hand-made features beside the plain loop that the tests compare them with.

    python benchmarks/features_speed.py

The last line is `ratio N.N`: two threads of ours over the loop.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from wearcli.signals.features.motion import features

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.features_oracle import loop_features

RATE_HZ = 100.0
SAMPLES = 256  # 2.56 s
WINDOWS = 8192


def best(work: Callable[[], object], windows: int, repeats: int = 5) -> float:
    """Windows a second in the fastest of the repeats: the one that other programs disturbed least."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return windows / min(seconds)


def main() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.3, (WINDOWS, SAMPLES, 3)).astype(np.float32) + np.float32([0, 0, 1])
    batches = np.array_split(values, 16)
    one = best(lambda: [features(batch, RATE_HZ) for batch in batches], WINDOWS)
    with ThreadPoolExecutor(2) as pool:
        two = best(lambda: list(pool.map(lambda batch: features(batch, RATE_HZ), batches)), WINDOWS)
    loop = best(lambda: loop_features(values[:128], RATE_HZ), 128, repeats=3)
    print(f"{SAMPLES} samples, windows/s: one thread {one:,.0f}, two {two:,.0f}, plain loop {loop:,.0f}")
    print(f"ratio {two / loop:.1f}")


if __name__ == "__main__":
    main()
