"""The colours can be told apart, by everyone and in both schemes: by formulas from elsewhere."""

import itertools

import numpy as np
import pytest

from wearcli.reporting.palette import (
    COLOURS,
    DARK_INK,
    DARK_MUTED,
    DARK_PAGE,
    INK,
    MARKERS,
    MUTED,
    ON_COLOUR,
    PAGE,
    colour,
    marker,
)

# Machado, Oliveira & Fernandes 2009, table 1, severity 1.0: of linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(hexadecimal: str) -> np.ndarray:
    """sRGB as linear light (IEC 61966-2-1)."""
    values = np.array([int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((linear(each) @ [0.2126, 0.7152, 0.0722] for each in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(light: np.ndarray) -> np.ndarray:
    """Ottosson 2020, https://bottosson.github.io/posts/oklab/."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return lab @ np.cbrt(cones @ light)


def test_the_formulas() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # as WCAG's own checkers say
    assert oklab(np.ones(3)) == pytest.approx([1, 0, 0], abs=1e-4)


@pytest.mark.parametrize("each", COLOURS)
def test_marks_stand_out_in_both_schemes(each: str) -> None:
    assert contrast(each, PAGE) >= 3
    assert contrast(each, DARK_PAGE) >= 3


def test_text_can_be_read_in_both_schemes() -> None:
    for text, page in ((INK, PAGE), (MUTED, PAGE), (DARK_INK, DARK_PAGE), (DARK_MUTED, DARK_PAGE)):
        assert contrast(text, page) >= 4.5
    assert contrast(ON_COLOUR, COLOURS[0]) >= 4.5  # in a full cell of the confusion matrix


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_are_told_apart(sight: str) -> None:
    seen = [oklab(np.clip(np.array(SIGHT[sight]) @ linear(each), 0, 1)) for each in COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 0.10


def test_colour_and_marker_together_tell_42_apart() -> None:
    assert len({(colour(number), marker(number)) for number in range(len(COLOURS) * len(MARKERS))}) == 42
