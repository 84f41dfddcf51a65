"""Colours and markers of all figures.

The six colours are told apart with normal sight and with each of the three kinds of colour blindness (at
least 0.10 apart in OKLab as simulated by Machado et al. 2009), and each has a contrast of 3 or more to both
the light and the dark page (WCAG 2.2, 1.4.11): found by a search under these conditions, held by a test.
Markers differ from class to class too, so that nothing rests on colour alone.
"""

from wearcli.probing import kinds

# Colours that follow the reader's colour scheme; these are the light ones, variables on the page.
INK, MUTED, GRID, PAGE = "#16191d", "#59626e", "#d5dae1", "#ffffff"
DARK_INK, DARK_MUTED, DARK_GRID, DARK_PAGE = "#e8ebef", "#a3adb9", "#363d47", "#15181d"
ON_COLOUR = "#fefefe"  # text on a full colour: white in both schemes

COLOURS = ("#1b61d0", "#b78c0a", "#e966a4", "#5f6d16", "#9b7efd", "#974b83")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Number of the colour and marker of each probe, in the order of the registry.
_PROBE_COLOURS = (0, 4, 1, 2, 3, 5)
PROBES = {name: _PROBE_COLOURS[place % len(COLOURS)] for place, name in enumerate(kinds.PROBES)}


def colour(number: int) -> str:
    """Return a colour by its number; colours repeat after six."""
    return COLOURS[number % len(COLOURS)]


def marker(number: int) -> str:
    """Return a marker by its number; colour and marker together repeat after 42."""
    return MARKERS[number % len(MARKERS)]
