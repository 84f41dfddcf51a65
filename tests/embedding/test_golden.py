"""The shipped weights on fixed windows give the stored embeddings, on every kind of CPU."""

from pathlib import Path

import numpy as np

from wearcli.embedding.encoder import Encoder
from wearcli.models.folder import load_model

GOLDEN = Path(__file__).parent / "golden.npz"


def fixed_windows() -> np.ndarray:
    """Rest in three postures, walking at three cadences, noise, and a fall; (8, 250, 3) g."""
    time = np.arange(250) / 50
    rest = [np.tile(np.float32(gravity), (250, 1)) for gravity in ([0, 0, 1], [0, -1, 0], [0.6, 0, 0.8])]
    walks = []
    for steps_hz in (1.6, 2.0, 2.8):
        step = 2 * np.pi * steps_hz * time
        walks.append(np.stack([0.1 * np.sin(step / 2), 0.2 * np.sin(step), 1 + 0.3 * np.cos(step)], axis=1))
    noise = [0, 0, 1] + 0.2 * np.random.default_rng(0).standard_normal((250, 3))
    fall = np.where((time[:, None] > 2) & (time[:, None] < 2.4), 0.05, [0.0, 0.0, 1.0])
    fall[120:124] = [1.0, -2.0, 4.0]
    return np.stack([*rest, *walks, noise, fall]).astype(np.float32)


def test_the_default_model_gives_the_stored_embeddings() -> None:
    model = load_model()
    stored = np.load(GOLDEN)
    assert str(stored["sha256"]) == model.config["sha256"], "new weights: store their embeddings anew"
    np.testing.assert_allclose(Encoder(model)(fixed_windows()), stored["embedding"], atol=1e-3)


def test_the_model_tells_postures_and_cadences_apart() -> None:
    embedding = Encoder(load_model())(fixed_windows())
    distance = np.linalg.norm(embedding[:, None] - embedding[None], axis=2)
    assert distance[~np.eye(8, dtype=bool)].min() > 0.1 * distance.max()
