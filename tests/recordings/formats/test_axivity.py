""".cwa files of each packing: values, times, range and rate by block, order and damage."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.formats.device_writers import START, cwa_block, cwa_header
from tests.recordings.make import opened, read
from wearcli.inspection import inspect
from wearcli.recordings.formats.axivity import read_temperature

CODES = {50: 0x49, 100: 0x4A, 200: 0x4B}  # 8 g
T0 = START.replace(tzinfo=None)


def numbers(block: int, count: int, axes: int = 3, most: int = 2048) -> np.ndarray:
    return np.random.default_rng(block).integers(-most, most, (count, axes))


def write(path: Path, blocks: list[bytes], code: int = CODES[100], hardware: int = 0) -> Path:
    path.write_bytes(cwa_header(code, hardware) + b"".join(blocks))
    return path


def block(
    number: int, count: int = 80, start: datetime | None = None, axes: int = 3, **rest: object
) -> bytes:
    """Block of a recording at 100 Hz."""
    start = start or T0 + timedelta(seconds=number * count / 100)
    return cwa_block(number, start, numbers(number, count, axes).tolist(), **rest)  # type: ignore[arg-type]


def test_sixteen_bits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cwa", [block(i) for i in range(5)])
    recording = opened(path)
    time, values = read(recording)
    np.testing.assert_array_equal(values, np.concatenate([numbers(i, 80) for i in range(5)]) / 256)
    np.testing.assert_allclose(time, np.arange(400) / 100, atol=1e-4)
    assert abs((recording.start or START) - START) < timedelta(milliseconds=1)
    assert (recording.range_limit, recording.warnings) == (8.0, [])
    assert recording.rate_hz == pytest.approx(100, rel=1e-3)


def test_ten_bits_with_an_exponent(tmp_path: Path) -> None:
    """Against each number rounded down to what its word can hold."""
    blocks, truth = [], []
    for i in range(4):
        # Of every size, so that each exponent comes up.
        samples = numbers(i, 120, most=4096) >> np.random.default_rng(i).integers(0, 9, (120, 1))
        exponents = [
            next(e for e in range(4) if (row >> e >= -512).all() and (row >> e <= 511).all())
            for row in samples
        ]
        truth.append((samples >> np.array(exponents)[:, None]) << np.array(exponents)[:, None])
        blocks.append(cwa_block(i, T0 + timedelta(seconds=i * 1.2), samples.tolist(), packing=0))
        assert set(exponents) == {0, 1, 2, 3} or i
    _, values = read(opened(write(tmp_path / "a.cwa", blocks)))
    np.testing.assert_array_equal(values, np.concatenate(truth) / 256)


@pytest.mark.parametrize(("power", "steps"), [(0, 256), (3, 2048), (4, 4096), (6, 16384)])
@pytest.mark.parametrize(("gyro_power", "range_dps"), [(2, 2000), (5, 250)])
def test_rotation_comes_before_acceleration(
    tmp_path: Path, power: int, steps: int, gyro_power: int, range_dps: float
) -> None:
    light = power << 13 | gyro_power << 10 | 300
    blocks = [block(i, 40, axes=6, light=light, rate_code=0x4A) for i in range(5)]
    path = write(tmp_path / "a.cwa", blocks, hardware=0x64)
    raw = np.concatenate([numbers(i, 40, 6) for i in range(5)])
    np.testing.assert_allclose(read(opened(path))[1], raw[:, 3:] / steps, rtol=1e-6)
    recording = opened(path, modality="gyro")
    np.testing.assert_allclose(read(recording)[1], raw[:, :3] * range_dps / 32768, rtol=1e-6)
    assert recording.provenance["device"]["hardware"] == "AX6"  # type: ignore[index]


def test_a_magnetometer_comes_after_acceleration(tmp_path: Path) -> None:
    blocks = [block(i, 26, axes=9, light=3 << 13 | 2 << 10) for i in range(4)]
    _, values = read(opened(write(tmp_path / "a.cwa", blocks, hardware=0x64)))
    raw = np.concatenate([numbers(i, 26, 9) for i in range(4)])
    np.testing.assert_allclose(values, raw[:, 3:6] / 2048, rtol=1e-6)


def test_blocks_of_several_kinds_counts_ranges_and_rates(tmp_path: Path) -> None:
    blocks = [
        block(0, 80),
        block(1, 40, T0 + timedelta(seconds=0.8), axes=6, light=3 << 13),
        block(2, 17, T0 + timedelta(seconds=1.2)),
        block(3, 80, T0 + timedelta(seconds=1.37), rate_code=0x09),  # 50 Hz, 16 g
        block(4, 80, T0 + timedelta(seconds=2.97), rate_code=0x09),
    ]
    recording = opened(write(tmp_path / "a.cwa", blocks))
    time, values = read(recording)
    truth = [numbers(0, 80) / 256, numbers(1, 40, 6)[:, 3:] / 2048, numbers(2, 17) / 256]
    truth += [numbers(3, 80) / 256, numbers(4, 80) / 256]
    np.testing.assert_allclose(values, np.concatenate(truth), rtol=1e-6)
    assert recording.range_limit == 16.0
    np.testing.assert_allclose(np.diff(time)[:136], 0.01, atol=3e-4)
    np.testing.assert_allclose(np.diff(time)[138:], 0.02, atol=3e-4)


@pytest.mark.parametrize("fraction", [True, False])
def test_a_clock_that_is_a_little_off(tmp_path: Path, fraction: bool) -> None:
    """A device that samples at 98 Hz and not at 100: the samples lie evenly, across blocks too."""
    starts = [T0 + timedelta(seconds=i * 80 / 98) for i in range(40)]
    blocks = [block(i, 80, start, fraction=fraction, device_hz=98) for i, start in enumerate(starts)]
    recording = opened(write(tmp_path / "a.cwa", blocks))
    time, _ = read(recording)
    assert recording.rate_hz == pytest.approx(98, rel=2e-3)
    # A stamp is of a whole sample, and a fraction of a second has 15 bits.
    np.testing.assert_allclose(time, np.arange(3200) / 98, atol=0.011)
    if fraction:
        np.testing.assert_allclose(np.diff(time), 1 / 98, rtol=0.02)


def test_a_gap_stays_a_gap(tmp_path: Path) -> None:
    later = [block(i, start=T0 + timedelta(seconds=i * 0.8 + 60)) for i in (3, 4)]
    path = write(tmp_path / "a.cwa", [block(0), block(1), block(2), *later])
    (row,) = inspect([path]).recordings
    assert (row.gaps, round(row.gap_s)) == (1, 60)


def test_blocks_in_any_order(tmp_path: Path) -> None:
    """As of a memory that was written around its end, or of parts put together anew."""
    blocks = [block(i) for i in range(30)]
    whole = read(opened(write(tmp_path / "whole.cwa", blocks)))
    orders = {
        "around": [*range(11, 30), *range(11)],
        "swapped": [0, 2, 1, *range(3, 30)],
        "shuffled": np.random.default_rng(0).permutation(30).tolist(),
    }
    for name, order in orders.items():
        recording = opened(write(tmp_path / f"{name}.cwa", [blocks[i] for i in order]))
        time, values = read(recording)
        np.testing.assert_array_equal(values, whole[1])
        np.testing.assert_array_equal(time, whole[0])
        assert recording.warnings == ["the blocks are not in the order of their time: sorted"]
        assert recording.duration_s == pytest.approx(24, abs=0.1)


def test_a_clock_that_was_set_back_is_no_disorder(tmp_path: Path) -> None:
    again = [block(i, start=T0 - timedelta(days=400) + timedelta(seconds=i * 0.8)) for i in range(5, 9)]
    path = write(tmp_path / "a.cwa", [*(block(i) for i in range(5)), *again])
    _, values = read(opened(path))
    np.testing.assert_array_equal(values, np.concatenate([numbers(i, 80) for i in range(9)]) / 256)
    (row,) = inspect([path]).recordings
    assert row.clock_resets == 1


def test_damaged_missing_and_empty_blocks(tmp_path: Path) -> None:
    blocks = [block(i) for i in range(30)]
    for i in (4, 5, 20):
        damaged = bytearray(blocks[i])
        damaged[100] ^= 1
        blocks[i] = bytes(damaged)
    blocks[28:] = [b"\0" * 512, b"\xff" * 512, b"\0" * 512]
    del blocks[10:15]
    recording = opened(write(tmp_path / "a.cwa", blocks))
    _, values = read(recording)
    kept = [i for i in range(28) if i not in (4, 5, 20, *range(10, 15))]
    np.testing.assert_array_equal(values, np.concatenate([numbers(i, 80) for i in kept]) / 256)
    assert recording.warnings == [
        "3 damaged blocks (1,536 bytes) left out, the first 0:00:02 after the start",
        "3 blocks (1,536 bytes) are empty, the first 0:00:22 after the start",
        "5 blocks are missing from the sequence (4.0 s), the first 0:00:08 after the start",
    ]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (24, 3),  # a rate that no device has
        (25, 0x30 + 7),  # a packing that there is not
        (28, 200),  # more samples than fit
        (28, 0),
        (16, 0),  # no month
    ],
)
def test_a_block_that_says_what_cannot_be_is_damaged(tmp_path: Path, at: int, value: int) -> None:
    odd = bytearray(block(1))
    odd[at] = value
    odd[510:] = b"\0\0"
    total = int(np.frombuffer(bytes(odd), "<u2").sum(dtype=np.uint16))
    odd[510:] = (-total & 0xFFFF).to_bytes(2, "little")
    recording = opened(write(tmp_path / "a.cwa", [block(0), bytes(odd), block(2)]))
    assert len(read(recording)[0]) == 160
    assert "1 damaged block" in recording.warnings[0]


def test_temperature(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cwa", [block(i, temperature=t) for i, t in enumerate((256, 300, 0))])
    time, celsius = read_temperature(path)
    np.testing.assert_allclose(celsius, [25.0, 300 * 75 / 256 - 50, np.nan])
    np.testing.assert_allclose(np.diff(time) / 1e9, 0.8, atol=1e-3)
