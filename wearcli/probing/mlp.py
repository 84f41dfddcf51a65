"""The MLP probe: one hidden layer of 512, stopped early on participants held out of the training ones."""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from wearcli.probing.linear import inner_folds
from wearcli.probing.predictor import Predictor, standardisation

HIDDEN = 512
LEARNING_RATE = 3e-4
# Per sample, of a regression. sample_data, gait: mean r .37 without it, .62 with it; classes lose a point.
REGRESSION_L2 = 0.1
MAX_EPOCHS = 100
PATIENCE = 10  # epochs without a better score before the training stops
DEFAULT_EPOCHS = 20  # where one participant alone leaves nobody to stop on
_HELD_OUT = 5  # a fifth of the training participants


def fit_mlp(
    vectors: np.ndarray,
    truth: np.ndarray,
    participants: np.ndarray,
    rng: np.random.Generator,
    *,
    classify: bool,
    epochs: int | None = None,
) -> tuple[Predictor, int]:
    """The network of its best epoch, and that epoch's number.

    vectors: (n, D) float32; truth: (n,) class codes, or (n, targets) float64 values, for which one network
    has several outputs. A fifth of the participants is held out; their macro-F1 (in a regression the squared
    error, of all targets in their own deviations) chooses the epoch. With `epochs` everybody trains and it
    stops there.
    """
    mean, scale = standardisation(vectors)
    values = (vectors - mean) / scale
    level, spread = np.zeros(1), np.ones(1)
    classes = None
    if classify:
        classes, goal = np.unique(truth, return_inverse=True)
        if len(classes) == 1:
            return Predictor(
                mean, scale, ((np.zeros((len(mean), 1), np.float32), np.zeros(1, np.float32)),), classes
            ), 0
    else:
        level, spread = truth.mean(axis=0), truth.std(axis=0)
        spread[spread == 0] = 1
        goal = ((truth - level) / spread).astype(np.float32)
        goal = goal[:, 0] if goal.shape[1] == 1 else goal  # as scikit-learn wants one target
    held = None if epochs else inner_folds(participants, goal if classify else None, rng, _HELD_OUT)
    train = np.ones(len(goal), bool) if held is None else held != 0
    if classify and len(np.unique(goal[train])) < 2:
        held, train = None, np.ones(len(goal), bool)
    # A few samples shall still be many steps an epoch.
    batch = min(max(int(train.sum()) // 20, 8), 200, int(train.sum()))
    make = MLPClassifier if classify else MLPRegressor
    model = make(
        hidden_layer_sizes=(HIDDEN,),
        learning_rate_init=LEARNING_RATE,
        batch_size=batch,
        alpha=1e-4 if classify else REGRESSION_L2 * batch,  # scikit-learn divides it by the batch
        random_state=int(rng.integers(2**31)),
    )
    layers, best = _train(model, values, goal, train, held is not None, classes, epochs)
    weights, bias = layers[-1]
    if classify and weights.shape[1] == 1:  # one sigmoid, as two logits
        layers[-1] = (
            np.concatenate([-weights / 2, weights / 2], axis=1),
            np.concatenate([-bias / 2, bias / 2]),
        )
    elif not classify:
        layers[-1] = (weights * spread.astype(np.float32), (bias * spread + level).astype(np.float32))
    return Predictor(mean, scale, tuple(layers), classes), best


def _train(
    model: MLPClassifier | MLPRegressor,
    values: np.ndarray,
    goal: np.ndarray,
    train: np.ndarray,
    stop_early: bool,
    classes: np.ndarray | None,
    epochs: int | None,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], int]:
    """The layers of the best epoch and its number; `partial_fit` is one pass over the training samples."""
    x, y = values[train], goal[train]
    known = {} if classes is None else {"classes": np.arange(len(classes))}
    best_score, best, layers = -np.inf, 0, []
    for epoch in range(1, (MAX_EPOCHS if stop_early else epochs or DEFAULT_EPOCHS) + 1):
        model.partial_fit(x, y, **known)
        if stop_early:
            score = _score(goal[~train], model.predict(values[~train]), classes is not None)
            if score <= best_score:
                if epoch - best >= PATIENCE:
                    break
                continue
            best_score = score
            layers = [(w.copy(), b.copy()) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
        best = epoch
    if not stop_early:
        layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    return layers, best


def _score(truth: np.ndarray, predicted: np.ndarray, classify: bool) -> float:
    if classify:
        return float(f1_score(truth, predicted, average="macro"))
    return -float(np.square(truth - predicted).mean())
