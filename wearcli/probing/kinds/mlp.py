"""The MLP probe: one hidden layer of 512, stopped early on participants held out of the training ones."""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from wearcli.probing.calibration import fit_temperature
from wearcli.probing.folds import inner_folds
from wearcli.probing.kinds.dense import DensePredictor, forward, single_class
from wearcli.probing.kinds.kind import Fit, ProbeKind, Training
from wearcli.probing.standardise import standardise

HIDDEN = 512
LEARNING_RATE = 3e-4
# Per sample, of a regression. sample_data, gait: mean r .37 without it, .62 with it; classes lose a point.
REGRESSION_L2 = 0.1
MAX_EPOCHS = 100
PATIENCE = 10  # epochs without a better score before the training stops
EPOCH_SAMPLES = 100_000  # an epoch of more is a part of a pass, so that a look comes as often
LOOK_SAMPLES = 20_000  # of the people held out, drawn where there are more
DEFAULT_EPOCHS = 20  # where one participant alone leaves nobody to stop on
_HELD_OUT = 5  # a fifth of the training participants


def fit_mlp(
    vectors: np.ndarray,
    truth: np.ndarray,
    participants: np.ndarray,
    rng: np.random.Generator,
    *,
    classify: bool,
    typical: tuple[int, float] | None = None,
) -> tuple[DensePredictor, int]:
    """Fit a network, and stop it at its best epoch.

    A fifth of the participants is held out. Their macro-F1 (in a regression the squared error of all targets,
    each in its own deviations) chooses the epoch, and their classes the temperature.

    Args:
        vectors: (n, D) float32; they are standardised in place.
        truth: (n,) class codes, or (n, targets) float64 values, for which one network has several outputs.
        participants: (n,) names or codes.
        rng: Draws who is held out, and the network's random state.
        classify: Whether `truth` has classes.
        typical: An epoch and a temperature. With it everybody trains, until that epoch.

    Returns:
        The predictor, and the number of its epoch.
    """
    mean, scale = standardise(vectors)
    level, spread = np.zeros(1), np.ones(1)
    classes = None
    if classify:
        classes, goal = np.unique(truth, return_inverse=True)
        if len(classes) == 1:
            return single_class(mean, scale, classes), 0
    else:
        level, spread = truth.mean(axis=0), truth.std(axis=0)
        spread[spread == 0] = 1
        goal = ((truth - level) / spread).astype(np.float32)
        goal = goal[:, 0] if goal.shape[1] == 1 else goal  # as scikit-learn wants one target
    held = None if typical else inner_folds(participants, goal if classify else None, rng, _HELD_OUT)
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
    epochs, temperature = typical or (None, 1.0)
    look = None
    if held is not None:
        look = np.flatnonzero(~train)
        if len(look) > LOOK_SAMPLES:
            look = np.sort(rng.choice(look, LOOK_SAMPLES, replace=False))
    layers, best = _train(model, vectors, goal, train, look, classes, epochs, rng)
    weights, bias = layers[-1]
    if classify and weights.shape[1] == 1:  # one sigmoid, as two logits
        layers[-1] = (
            np.concatenate([-weights / 2, weights / 2], axis=1),
            np.concatenate([-bias / 2, bias / 2]),
        )
    if classify and look is not None:
        temperature = fit_temperature(forward(vectors[look], layers).astype(np.float64), goal[look])
    elif not classify:
        layers[-1] = (weights * spread.astype(np.float32), (bias * spread + level).astype(np.float32))
    return DensePredictor(mean, scale, tuple(layers), classes, temperature), best


def _train(
    model: MLPClassifier | MLPRegressor,
    values: np.ndarray,
    goal: np.ndarray,
    train: np.ndarray,
    look: np.ndarray | None,
    classes: np.ndarray | None,
    epochs: int | None,
    rng: np.random.Generator,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], int]:
    """The layers of the best epoch and its number. look: rows that choose it, None for a fixed number.

    An epoch is a pass over the training samples; of more than `EPOCH_SAMPLES` it is the next so many of them
    in an order drawn once a pass.
    """
    rows = np.flatnonzero(train)
    parts = -(-len(rows) // EPOCH_SAMPLES)
    labels = {} if classes is None else {"classes": np.arange(len(classes))}
    best_score, best, layers = -np.inf, 0, []
    x, y = (values[rows], goal[rows]) if parts == 1 else (values[:0], goal[:0])
    for epoch in range(1, (MAX_EPOCHS if look is not None else epochs or DEFAULT_EPOCHS) + 1):
        if parts > 1:
            part = (epoch - 1) % parts
            if part == 0:
                rows = rng.permutation(rows)
            now = rows[part * EPOCH_SAMPLES : (part + 1) * EPOCH_SAMPLES]
            x, y = values[now], goal[now]
        model.partial_fit(x, y, **labels)
        if look is not None:
            score = _score(goal[look], model.predict(values[look]), classes is not None)
            if score <= best_score:
                if epoch - best >= PATIENCE:
                    break
                continue
            best_score = score
            layers = [(w.copy(), b.copy()) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
        best = epoch
    if look is None:
        layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    return layers, best


def _score(truth: np.ndarray, predicted: np.ndarray, classify: bool) -> float:
    if classify:
        return float(f1_score(truth, predicted, average="macro"))
    return -float(np.square(truth - predicted).mean())


def fit(training: Training) -> list[Fit]:
    """Fit the probe. That of everybody has nobody to stop on: it takes the medians of the folds' fits."""
    typical = None
    if training.previous:
        epochs = np.median([one.chosen for one in training.previous])
        temperature = np.median([one.predictor.temperature for one in training.previous])
        typical = max(1, int(epochs)), float(temperature)
    predictor, epoch = fit_mlp(
        training.vectors,
        training.truth,
        training.participants,
        training.rng,
        classify=training.classify,
        typical=typical,
    )
    if training.classify:
        return [Fit(predictor, epoch)]
    return [Fit(predictor.only(target), epoch) for target in range(training.truth.shape[1])]


KIND = ProbeKind(
    title="MLP probe",
    hyperparameter="epochs",
    protocol=(
        "epochs of the mlp on participants held out of the training ones, one network for all targets of the "
        "same samples"
    ),
    fit=fit,
    load=DensePredictor.from_arrays,
)
