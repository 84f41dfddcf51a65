"""Probes at scale: linear and MLP with 5 folds on a million embeddings of 256 numbers, from disk.

    python benchmarks/probe_scale.py [--windows 1000000] [--folder KEPT]

Writes a table of simulated embeddings (8 classes, 1,000 participants, each with an offset of their own, and
105 hand-made features that know less) as `embed` writes it, runs `wearcli probe` on it in a process of its
own, and prints the time, the most memory that the process held, and the scores; beside it how much faster the
bootstrap is than a loop over draws. The last line is `ratio N.N`: the 10 minutes that it may take over the
time that it took.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import f1_score

from wearcli.probing.bootstrap import participant_weights
from wearcli.probing.metrics import classification_scores

CLASSES, PEOPLE, DIMENSION, FEATURES = 8, 1000, 256, 105
LIMIT_S, LIMIT_GB = 600, 6.0
WINDOW_S = 5.0


def write_study(folder: Path, windows: int) -> None:
    rng = np.random.default_rng(0)
    person_windows = windows // PEOPLE
    centres = rng.normal(size=(CLASSES, DIMENSION)).astype(np.float32)
    names = [f"P{number:04d}" for number in range(PEOPLE)]
    document = {
        "model": {"name": "simulated", "sha256": "0"},
        "rate_hz": 50.0,
        "window_s": WINDOW_S,
        "stride_s": WINDOW_S,
    }
    schema = pa.schema(
        [
            ("recording", pa.string()),
            ("participant", pa.string()),
            ("placement", pa.string()),
            ("onset", pa.float64()),
            ("duration", pa.float64()),
            ("embedding", pa.list_(pa.float32(), DIMENSION)),
            ("features", pa.list_(pa.float32(), FEATURES)),
        ],
        {b"wearcli": json.dumps(document).encode()},
    )
    labels = ["recording,onset,duration,label"]
    with pq.ParquetWriter(folder / "embeddings.parquet", schema, compression="zstd") as writer:
        for name in names:
            code = np.repeat(rng.integers(CLASSES, size=person_windows // 20 + 1), 20)[:person_windows]
            own = rng.normal(size=DIMENSION).astype(np.float32)
            vectors = (
                centres[code] + 2 * own + 7 * rng.normal(size=(person_windows, DIMENSION)).astype(np.float32)
            )
            features = vectors[:, :FEATURES] + 5 * rng.normal(size=(person_windows, FEATURES)).astype(
                np.float32
            )
            onset = np.arange(person_windows) * WINDOW_S
            columns = [
                pa.array([name] * person_windows),
                pa.array([name] * person_windows),
                pa.array(["wrist"] * person_windows),
                pa.array(onset),
                pa.array(np.full(person_windows, WINDOW_S)),
                pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSION),
                pa.FixedSizeListArray.from_arrays(
                    pa.array(features.reshape(-1).astype(np.float32)), FEATURES
                ),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            turns = np.flatnonzero(np.diff(code, prepend=-1))
            for first, last in zip(turns, [*turns[1:], person_windows], strict=True):
                labels.append(f"{name},{onset[first]},{(last - first) * WINDOW_S},class{code[first]}")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")


def bootstrap_ratio() -> float:
    """The same 200 draws of macro-F1 over 1,000 people by sums over participants and by resampling rows."""
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(PEOPLE), 100)
    truth = rng.integers(CLASSES, size=len(owner))
    predicted = np.where(rng.random(len(owner)) < 0.7, truth, rng.integers(CLASSES, size=len(owner)))
    draws = 200
    weights = participant_weights(np.zeros(PEOPLE, int), 1, draws, np.random.default_rng(2))
    began = time.perf_counter()
    ours = classification_scores(weights, truth, predicted, owner, CLASSES)["macro_f1"][2:]
    fast = time.perf_counter() - began
    person_rows = [np.flatnonzero(owner == person) for person in range(PEOPLE)]
    began = time.perf_counter()
    plain = []
    for row in weights[2:]:
        rows = np.concatenate([np.repeat(person_rows[who], int(row[who])) for who in np.flatnonzero(row)])
        plain.append(f1_score(truth[rows], predicted[rows], average="macro"))
    slow = time.perf_counter() - began
    assert np.allclose(ours, plain)
    print(f"bootstrap of macro-F1, {draws} draws of {PEOPLE} people: {fast:.3f} s, by a loop {slow:.1f} s")
    return slow / fast


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, help="Keep the simulated study here, and use it if it is there."
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "embeddings.parquet").is_file():
            write_study(folder, given.windows)
        size = (folder / "embeddings.parquet").stat().st_size / 1e9
        words = [
            "-m",
            "wearcli",
            "probe",
            "embeddings.parquet",
            "--task",
            "activity",
            "--labels",
            "labels.csv",
        ]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *words, "-o", "probe", "--overwrite", "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
    scores = json.loads(done.stdout)["scores"]
    text = ", ".join(f"{name} {score['macro_f1']['mean']:.3f}" for name, score in scores.items())
    print(
        f"{given.windows:,} windows x {DIMENSION}, table of {size:.2f} GB: {seconds:.0f} s, {memory:.2f} GB; "
        f"macro-F1 {text}"
    )
    print(f"within {LIMIT_GB:g} GB: {'yes' if memory <= LIMIT_GB else 'no'}")
    print(f"ratio of the bootstrap {bootstrap_ratio():.0f}")
    print(f"ratio {LIMIT_S / seconds:.1f}")


if __name__ == "__main__":
    main()
