"""Two thousand damaged inputs; `benchmarks/fuzz.py` reads a hundred thousand, in processes of their own."""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.files import whole_cases
from tests.fuzz.trial import read_input, write_files, write_input

INPUTS, PARTS = 2000, 8


@pytest.mark.parametrize("name", sorted(whole_cases()))
def test_whole_files_are_read(tmp_path: Path, name: str) -> None:
    case = whole_cases()[name]
    write_files(case.files, tmp_path)
    assert read_input(tmp_path, case) == "read"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyarrow, of odd bytes
@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_files_are_read_or_refused(tmp_path: Path, part: int) -> None:
    """Read to finite windows in order, or refused in one line; nothing else, and nothing takes long."""
    outcomes: Counter[str] = Counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for number in range(part, INPUTS, PARTS):
            folder = tmp_path / str(number)
            folder.mkdir()
            case = write_input(folder, number)
            outcomes[read_input(folder, case)] += 1
    assert sum(outcomes.values()) == INPUTS / PARTS
    assert min(outcomes["read"], outcomes["refused"]) > 10
