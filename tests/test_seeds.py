"""Named streams: no two are one, and every generator of wearcli comes from one of them."""

import ast
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import wearcli
from wearcli.seeds import STREAMS, generator, whole_number

ROOT = Path(wearcli.__file__).parent


def test_no_two_streams_meet() -> None:
    """As `default_rng([seed, 0])` and `default_rng([seed, 0, 0, 0])` did: folds, and the fit of fold 0."""
    assert np.random.default_rng([3, 0]).integers(2**63) == np.random.default_rng([3, 0, 0, 0]).integers(
        2**63
    )
    keys = [(), *product(range(3)), *product(range(3), repeat=2), *product(range(3), repeat=3)]
    first = [
        tuple(generator(seed, stream, *key).integers(2**63, size=2))
        for seed in (0, 1, 2**40)
        for stream in STREAMS
        for key in keys
    ]
    assert len(set(first)) == len(first)


def test_a_stream_is_numpys_spawned_child() -> None:
    """The n-th child that a parent spawns, then its own children, as numpy documents spawn keys."""
    parent = np.random.SeedSequence(7).spawn(len(STREAMS))[STREAMS.index("bootstrap")]
    child = parent.spawn(3)[2]
    assert generator(7, "bootstrap", 2).random() == np.random.default_rng(child).random()


def test_the_names_are_told_apart_and_unknown_ones_refused() -> None:
    assert len(set(STREAMS)) == len(STREAMS)
    with pytest.raises(ValueError, match="not in tuple"):
        generator(0, "no such stream")


def test_a_whole_number_is_one_that_torch_takes() -> None:
    numbers = {whole_number(0, "views", step) for step in range(1000)}
    assert len(numbers) == 1000
    assert max(numbers) < 2**63


def test_every_generator_comes_from_a_stream() -> None:
    made = {"default_rng", "SeedSequence", "RandomState"}
    users = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in made
    }
    assert users == {"seeds.py"}
