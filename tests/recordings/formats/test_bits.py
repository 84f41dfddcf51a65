"""Numbers of 12 bits against a loop over their digits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wearcli.recordings.formats.bits import signed_12_bits


def by_digits(data: bytes) -> list[int]:
    """The numbers, bit by bit."""
    digits = "".join(f"{byte:08b}" for byte in data)
    numbers = [int(digits[at : at + 12], 2) for at in range(0, len(digits), 12)]
    return [number - 4096 if number > 2047 else number for number in numbers]


@given(st.lists(st.binary(min_size=3, max_size=3), max_size=20))
def test_numbers_are_those_of_the_digits(triples: list[bytes]) -> None:
    data = b"".join(triples)
    assert signed_12_bits(np.frombuffer(data, np.uint8)).tolist() == by_digits(data)


def test_rows_stay_apart_and_need_not_be_contiguous() -> None:
    data = np.random.default_rng(0).integers(0, 256, (5, 12), np.uint8)
    wide = np.concatenate((data, data), axis=1)[:, 3:9]
    assert signed_12_bits(wide).tolist() == [by_digits(row.tobytes()) for row in wide]


def test_the_example_of_the_format() -> None:
    """ActiGraph, GT3X File Format, LogRecords/Activity.md."""
    data = np.frombuffer(bytes.fromhex("006008EBD007009EBF007008EBF000"), np.uint8)
    assert signed_12_bits(data).tolist()[:9] == [6, 8, -323, 7, 9, -321, 7, 8, -321]
