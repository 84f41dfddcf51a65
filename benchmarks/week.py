"""A week at 100 Hz (60.5 million samples) through `wearcli embed`: memory, time and where it goes.

    python benchmarks/week.py [--days 7] [--form parquet|csv|npz] [--keep FILE]

Makes the recording, embeds it with the command in a process of its own and prints that process's peak
resident memory; then measures, in this process and in turn, the processor time of reading with resampling,
of writing, of the hand-made features and of the model alone over the same windows. The last line is
`ratio N.N`: the model's time over that of reading, resampling and writing together (2 or more is wanted).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from wearcli.embedding.sinks import open_sink
from wearcli.embedding.table import rows, schema
from wearcli.models.encoder import Encoder
from wearcli.models.folder import DEFAULT_MODEL, load_model
from wearcli.recordings.open import open_recording
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.cutting import iter_windows
from wearcli.signals.features.motion import FEATURE_NAMES, features
from wearcli.signals.windows import WindowSpec

RATE = 100


def write_week(path: Path, days: float, form: str) -> int:
    """Days of walking, moving about and lying still, hour by hour; returns the number of samples."""
    rng = np.random.default_rng(0)
    writer = None
    total = 0
    parts = []
    for hour in range(round(days * 24)):
        time_s = np.arange(3600 * RATE) / RATE
        size = (0.3, 0.05, 0.002)[hour % 3]
        wave = size * np.sin(2 * np.pi * 1.8 * time_s[:, None] + [0.0, 1.0, 2.0])
        values = np.round(wave + [0.0, 0.6, 0.8] + rng.normal(scale=size / 3, size=wave.shape), 3)
        columns = {"time": time_s + hour * 3600, **dict(zip("xyz", values.T.astype(np.float32), strict=True))}
        total += len(time_s)
        if form == "npz":
            parts.append(columns)
            continue
        table = pa.table(columns)
        if writer is None:
            make = pq.ParquetWriter if form == "parquet" else pa.csv.CSVWriter
            writer = make(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    else:
        np.savez(path, **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    return total


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--form", choices=("parquet", "csv", "npz"), default="parquet")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / f"P01_week.{arguments.form}"
        samples = write_week(path, arguments.days, arguments.form)
        print(f"{samples:,} samples, {path.stat().st_size / 1e6:,.0f} MB of {arguments.form}")
        began = time.perf_counter()
        command = [sys.executable, "-m", "wearcli", "embed", str(path), "-o", str(folder / "out.parquet")]
        subprocess.run([*command, "--model", arguments.model], check=True)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.perf_counter() - began
        busy = (usage.ru_utime + usage.ru_stime) / wall
        print(f"embed: {wall:.1f} s, peak resident {usage.ru_maxrss / 1e6:.2f} GB, {busy:.1f} of "
              f"{os.cpu_count()} cores busy")  # fmt: skip

        model = load_model(arguments.model)
        window_s = model.config.window_s
        spec = WindowSpec(model.config.rate_hz, window_s, window_s)
        encoder = Encoder(model)
        source = find_recordings([path]).sources[0]
        spent = dict.fromkeys(("read and resample", "model", "features", "write"), 0.0)

        def timed(stage: str, began: float) -> float:
            now = time.process_time()
            spent[stage] += now - began
            return time.process_time()

        table_schema = schema(encoder.dimension, len(FEATURE_NAMES), {})
        with open_sink(folder / "again.parquet", "parquet", table_schema) as sink:
            clock = time.process_time()
            recording = open_recording(source)
            for windows in iter_windows(recording, spec, 128):
                clock = timed("read and resample", clock)
                embedding = encoder(windows.values)
                clock = timed("model", clock)
                extra = features(windows.values, spec.rate_hz)
                clock = timed("features", clock)
                batch = rows(recording, windows, window_s, embedding, extra)
                sink.write(pa.Table.from_batches([batch]).cast(table_schema))
                clock = timed("write", clock)
            sink.close({})
            timed("write", clock)
        for stage, seconds in spent.items():
            print(f"{stage}: {seconds:.1f} s of processor time")
        print(f"ratio {spent['model'] / (spent['read and resample'] + spent['write']):.1f}")


if __name__ == "__main__":
    main()
