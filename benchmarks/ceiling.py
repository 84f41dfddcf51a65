"""How well a set can be classified at all: the default encoder trained on labels of the very set that scores.

    wearcli preprocess STUDY -o STORE --stride 2.5
    wearcli embed STUDY -o TABLE; wearcli probe TABLE --task activity --epoch 10 -o PROBE
    python benchmarks/ceiling.py STORE PROBE [--steps 400]

On the samples and folds of PROBE: in each fold an encoder `streams` of random weights learns the labels of
the other folds' people (cross-entropy; small rotations, scaling and noise), and the mean of its windows' log
probabilities tells each sample of the people left out. No frozen encoder had these labels, so what this
reaches is a mark for one. Prints its macro-F1, the features', and the paired difference over people.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.metrics import f1_score
from torch import nn

from wearcli.encoders.streams import StreamsEncoder
from wearcli.signals.store import WindowStore
from wearcli.training.views.augment import Augment

BATCH, DRAWS = 256, 1000


def sample_windows(store: WindowStore, samples: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the store whose middle lies in a sample, and in which."""
    index = store.index.assign(row=np.arange(len(store)))
    index["middle"] = index["onset"] + index["duration"] / 2
    index["recording"] = index["recording"].astype(str)
    rows, owner = [], []
    by_recording = dict(list(index.groupby("recording", observed=True)))
    for number, sample in enumerate(samples.itertuples()):
        windows = by_recording[sample.recording]
        inside = windows["middle"].between(sample.onset, sample.onset + sample.duration, inclusive="left")
        rows += windows["row"][inside].tolist()
        owner += [number] * int(inside.sum())
    return np.array(rows), np.array(owner)


def log_probabilities(
    windows: torch.Tensor, truth: np.ndarray, train: np.ndarray, classes: int, steps: int, seed: int
) -> np.ndarray:
    """Log probabilities (n, classes) of all windows by an encoder that learned the labels of `train`."""
    torch.manual_seed(seed)
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    encoder = StreamsEncoder()
    head = nn.Sequential(nn.Dropout(0.3), nn.Linear(encoder.dimension, classes))
    weights = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, 1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
    rare = np.bincount(truth[train], minlength=classes)[truth[train]] ** -0.7
    views = Augment(12.0, 0.01, 0.05, 0.0)
    for _ in range(steps):
        rows = rng.choice(train, BATCH, p=rare / rare.sum())
        with torch.autocast("cpu", torch.bfloat16):
            embedded = encoder(views(windows[rows], generator).transpose(1, 2))
        loss = F.cross_entropy(head(embedded.float()), torch.from_numpy(truth[rows]), label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    encoder.eval()
    head.eval()
    with torch.no_grad():
        parts = [F.log_softmax(head(encoder(part.transpose(1, 2))), 1) for part in windows.split(1024)]
    return torch.cat(parts).numpy()


def score(samples: pd.DataFrame, predicted: np.ndarray) -> float:
    """Macro-F1 over the classes there are."""
    names = np.unique(samples["truth"])
    return float(f1_score(samples["truth"], predicted, labels=names, average="macro"))


def main() -> None:
    """Print what the labels of the set give, beside its hand-made features."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("probe", type=Path)
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    predictions = pd.read_parquet(options.probe / "predictions.parquet")
    samples = predictions[predictions["probe"] == "features"].reset_index(drop=True)
    store = WindowStore.open(options.store)
    rows, owner = sample_windows(store, samples)
    windows = torch.from_numpy(store.take(rows)).float()
    names, codes = np.unique(samples["truth"], return_inverse=True)
    fold = samples["fold"].to_numpy()
    sums = np.zeros((len(samples), len(names)))
    for held_out_fold in np.unique(fold):
        train = np.flatnonzero(fold[owner] != held_out_fold)
        predicted_logs = log_probabilities(
            windows, codes[owner], train, len(names), options.steps, int(held_out_fold)
        )
        held = fold[owner] == held_out_fold
        np.add.at(sums, owner[held], predicted_logs[held])
    predicted = names[sums.argmax(axis=1)]
    draws = []
    people = [part.index.to_numpy() for _, part in samples.groupby("participant", sort=True)]
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        resample = np.concatenate([people[n] for n in rng.integers(0, len(people), len(people))])
        some = samples.loc[resample]
        draws.append(score(some, predicted[resample]) - score(some, some["predicted"].to_numpy()))
    low, high = np.percentile(draws, [2.5, 97.5])
    ours, features = score(samples, predicted), score(samples, samples["predicted"].to_numpy())
    print(f"trained on the set's own labels, {options.steps} steps: macro-F1 {ours:.3f}")
    print(f"hand-made features: {features:.3f}; difference {ours - features:.3f} [{low:.3f}, {high:.3f}]")


if __name__ == "__main__":
    main()
