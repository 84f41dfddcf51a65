"""The linear probe on a study as it is, and on the same study as worse sensors and other wearers give it.

    python benchmarks/robustness.py STUDY --model MODEL --task activity [--epoch 10]

STUDY is a folder of Parquet recordings (time, x, y, z) in g, with its sidecars. Every copy is embedded and
probed anew, with the same folds. Prints a Markdown table: the score on embeddings and on hand-made features,
and the paired difference between the two.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.signal
from scipy.spatial.transform import Rotation

from wearcli.embedding.embed import embed
from wearcli.probing.probe import probe

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
AXES = ["x", "y", "z"]


def rotated(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """All of a recording turned by one random rotation."""
    turned = Rotation.random(random_state=int(rng.integers(2**31))).apply(frame[AXES])
    return frame.assign(**dict(zip(AXES, turned.T, strict=True)))


def upside_down(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Half of the recordings with the watch on the other way up: two axes change their sign."""
    turned = rng.random() < 0.5
    return frame.assign(x=-frame["x"], y=-frame["y"]) if turned else frame


def clipped(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A range of 2 g."""
    return frame.assign(**{axis: frame[axis].clip(-2, 2) for axis in AXES})


def in_other_units(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Metres a second squared, for `embed` to recognise."""
    return frame.assign(**{axis: frame[axis] * 9.80665 for axis in AXES})


def with_gaps(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A tenth of the time lost, in stretches of half a second to two."""
    time = frame["time"].to_numpy()
    length = time[-1] - time[0]
    lost = np.zeros(len(frame), bool)
    while lost.mean() < 0.1:
        begin = time[0] + rng.uniform(0, length)
        lost |= (time >= begin) & (time < begin + rng.uniform(0.5, 2))
    return frame[~lost]


def at_rate(rate_hz: float) -> Change:
    """Measured at another rate, behind a filter that keeps what this rate can hold."""

    def change(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        time = frame["time"].to_numpy()
        own = (len(time) - 1) / (time[-1] - time[0])
        ratio = Fraction(rate_hz / own).limit_denominator(200)
        values = scipy.signal.resample_poly(
            frame[AXES].to_numpy(float), ratio.numerator, ratio.denominator, axis=0, padtype="line"
        )
        stamps = time[0] + np.arange(len(values)) / (own * float(ratio))
        return pd.DataFrame({"time": stamps, **dict(zip(AXES, values.T, strict=True))})

    return change


CHANGES: dict[str, Change] = {
    "as it is": lambda frame, rng: frame,
    "rotated at random": rotated,
    "half upside down": upside_down,
    "clipped at 2 g": clipped,
    "at 20 Hz": at_rate(20),
    "at 32 Hz": at_rate(32),
    "at 50 Hz": at_rate(50),
    "in m/s2": in_other_units,
    "10 % missing": with_gaps,
}


def main() -> None:
    """Print the table, a row a change."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", default="activity")
    parser.add_argument("--epoch", type=float)
    parser.add_argument("--only", nargs="*", choices=list(CHANGES), default=list(CHANGES))
    options = parser.parse_args()
    metric = None
    for name in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / "study"
            copy.mkdir()
            for number, path in enumerate(sorted(options.study.iterdir())):
                if path.suffix == ".parquet":
                    frame = CHANGES[name](pd.read_parquet(path), np.random.default_rng(number))
                    frame.to_parquet(copy / path.name)
                elif path.name == "recordings.csv":
                    pd.read_csv(path).drop(columns="rate_hz", errors="ignore").to_csv(
                        copy / path.name, index=False
                    )
                else:
                    shutil.copy(path, copy)
            table = Path(scratch) / "embeddings.parquet"
            made = embed([copy], table, model=options.model)
            result = probe(
                table,
                task=options.task,
                epoch=options.epoch,
                probe="linear",
                output=Path(scratch) / "probe",
            )
            if metric is None:
                metric = next(iter(result.scores["linear"]))
                print(f"| {options.study.name} | windows | {metric} | features | difference |")
                print("|---|---|---|---|---|")
            cells = [result.scores[probe_name][metric] for probe_name in ("linear", "features")]
            cells.append(result.differences["linear"][metric])
            texts = ["{mean:.3f} [{low:.3f}, {high:.3f}]".format(**cell) for cell in cells]
            print(f"| {name} | {made.windows} | {' | '.join(texts)} |", flush=True)


if __name__ == "__main__":
    main()
