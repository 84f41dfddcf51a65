"""Within-class covariance normalisation of an embedding (Hatch, Kajarekar and Stolcke, Interspeech 2006).

A linear probe of few people must separate an activity from how these few do it. The training sets show more:
what differs among windows of one class, from person to person and from moment to moment, seldom decides
anything. Such directions are made small, others large, and the penalty of a probe, which treats all
directions alike, then relies on what separated classes before. How a sensor is worn decides nothing either: a
watch may sit on either wrist, and either way up. So what changes when windows are turned by half a turn about
one of their axes is made small too.

What an encoder measures (`measures`: the time and height of a stride) is no nuisance, although it differs
within every class of walking: what goes with it is removed before the covariance is computed. It is large
then, and a probe that standardises its inputs would make it small again, so it is mixed into the numbers
beside it that describe the same thing (`measured_among`: all that is read of a stride).
"""

import numpy as np
from torch import nn

from wearcli.encoders.whitened import Whitened, Whitening
from wearcli.seeds import generator
from wearcli.training.data import TrainingData
from wearcli.training.monitor import embed_windows

WINDOWS = 40_000  # of which the covariance is: some forty for each of its rows
TURNED = 6_000  # of these, seen half turned too
HALF_TURNS = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32)  # about x, y, z
FLOOR = 0.02  # of a number's own variance, added: a direction that never varied tells nothing for sure


def whiten(encoder: nn.Module, data: TrainingData, rows: np.ndarray, seed: int) -> Whitened:
    """The encoder with its embedding whitened within the classes of the labelled windows among `rows`.

    A class is a label of one set at one placement.

    Args:
        encoder: The trained encoder.
        data: All windows; its index has the labels.
        rows: Those to use.
        seed: The seed of the run.
    """
    labelled = rows[data.index["label"].notna().to_numpy()[rows]]
    rng = generator(seed, "whitening")
    if len(labelled) > WINDOWS:
        labelled = np.sort(rng.choice(labelled, WINDOWS, replace=False))
    part = data.index.loc[labelled, ["dataset", "placement", "label"]].fillna("")
    classes = part.groupby(list(part), sort=True).ngroup().to_numpy()
    windows = data.take(labelled)
    embedding = embed_windows(encoder, windows).numpy()
    nuisance = None
    if windows.shape[2] == 3:
        some = rng.permutation(len(windows))[:TURNED]
        turned = windows[some] * HALF_TURNS[rng.integers(3, size=len(some))][:, None]
        nuisance = embed_windows(encoder, turned).numpy() - embedding[some]
    measures, among = (getattr(encoder, name, slice(0)) for name in ("measures", "measured_among"))
    return Whitened(encoder, normalisation(embedding, classes, rng, measures, among, nuisance))


def normalisation(
    embedding: np.ndarray,
    classes: np.ndarray,
    rng: np.random.Generator,
    measures: slice = slice(0),
    among: slice = slice(0),
    nuisance: np.ndarray | None = None,
    floor: float = FLOOR,
) -> Whitening:
    """The map that makes the unit matrix of the covariance within classes plus that of nuisances.

    But for `floor`, for the turn, and for the scale (all numbers together have variance 1), it is of all such
    maps the symmetric one (zero-phase, or Mahalanobis, whitening: Kessy, Lewin and Strimmer, The American
    Statistician 2018), which leaves the numbers as near as possible to what they were. A class weighs with
    the square root of its windows.

    Args:
        embedding: (n, D).
        classes: (n,) codes 0 .. C - 1, all of them present.
        rng: Gives the turn.
        measures: Numbers of an embedding whose regression is removed first.
        among: Numbers that are turned among themselves in the end, by a random rotation.
        nuisance: (m, D) changes of embeddings that decide nothing; their mean products are added.
        floor: Share of a number's own variance that is added.
    """
    centre = embedding.mean(axis=0, dtype=np.float64)
    spread = np.maximum(embedding.std(axis=0, dtype=np.float64), 1e-6)
    scaled = (embedding - centre) / spread
    counts = np.bincount(classes)
    means = np.zeros((len(counts), scaled.shape[1]))
    np.add.at(means, classes, scaled)
    within = scaled - (means / counts[:, None])[classes]
    root = (counts[classes] ** -0.25)[:, None]
    within *= root / np.sqrt(np.square(root).sum())
    if nuisance is not None:
        within = np.concatenate([within, nuisance / spread / np.sqrt(len(nuisance))])
    within -= within[:, measures] @ np.linalg.lstsq(within[:, measures], within, rcond=None)[0]
    covariance = within.T @ within
    spectrum, basis = np.linalg.eigh(covariance)
    symmetric = (basis / np.sqrt(np.maximum(spectrum, 0) + floor)) @ basis.T
    symmetric /= np.sqrt(np.square(scaled @ symmetric).mean())
    k = len(range(*among.indices(len(symmetric))))
    turn = np.linalg.qr(rng.normal(size=(k, k)))[0]
    parts = (centre, 1 / spread, symmetric, turn)
    centre, scale, symmetric, turn = (part.astype(np.float32) for part in parts)
    return Whitening(centre, scale, symmetric, turn, among)
