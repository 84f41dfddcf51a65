"""Windows a second through `wearcli embed`, from reading to Parquet, beside RelCon's ResNet in torch.

    python benchmarks/embed_throughput.py [--days 2] [--model NAME] [--rounds 3]

In turn, in one run on the same cores: the command (its start left out) over a recording at 100 Hz, with
resampling, quality, hand-made features and the table; and the published network alone, in torch, fp32, at
batch 128, on windows that are already in memory. The last line is `ratio N.N`, of the better of each.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from wearcli.embedding.embed import embed
from wearcli.encoders import build
from wearcli.models.folder import DEFAULT_MODEL
from wearcli.recordings.reading import Reading

RATE_HZ, BATCH = 100, 128


def write_days(path: Path, days: float) -> None:
    """A wrist that walks, fidgets and rests, hour by hour, in steps of 4 mg."""
    rng = np.random.default_rng(0)
    columns = {name: pa.float32() for name in "xyz"}
    with pq.ParquetWriter(path, pa.schema({"time": pa.float64(), **columns})) as writer:
        for hour in range(max(1, round(days * 24))):
            time_s = np.arange(3600 * RATE_HZ) / RATE_HZ
            swing = (0.4, 0.05, 0.0)[hour % 3] * np.sin(2 * np.pi * np.outer(time_s, [0.9, 1.8, 1.8]))
            values = swing + [0.3, -0.5, 0.8] + rng.normal(0, 0.01, swing.shape)
            stepped = (np.round(values * 256) / 256).astype(np.float32)
            data = {"time": hour * 3600 + time_s, **dict(zip("xyz", stepped.T, strict=True))}
            writer.write_table(pa.table(data, schema=writer.schema))


def main() -> None:
    """Print a line a round, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, default=2.0)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    network = build("relcon", samples=256, rate_hz=RATE_HZ).eval()
    windows = torch.randn(BATCH, 3, 256)
    ours, theirs = 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        write_days(Path(folder) / "P01.parquet", options.days)
        for number in range(options.rounds):
            begin = time.perf_counter()
            result = embed(
                [Path(folder) / "P01.parquet"],
                Path(folder) / "out.parquet",
                model=options.model,
                overwrite=True,
                reading=Reading(unit="g"),
            )
            rate = result.windows / (time.perf_counter() - begin)
            network(windows)
            begin, done = time.perf_counter(), 0
            while time.perf_counter() - begin < 4:
                network(windows)
                done += BATCH
            other = done / (time.perf_counter() - begin)
            print(
                f"round {number + 1}: {options.model} {rate:,.0f} windows/s, recording to table; "
                f"RelCon's ResNet in torch {other:,.0f} windows/s"
            )
            ours, theirs = max(ours, rate), max(theirs, other)
    print(f"ratio {ours / theirs:.1f}")


if __name__ == "__main__":
    main()
