"""Numbers of 12 bits, two in three bytes, as ActiGraph and GENEActiv pack them."""

import numpy as np


def signed_12_bits(data: np.ndarray) -> np.ndarray:
    """Return the numbers that bytes hold, (..., 2 n) int16 from -2048 to 2047.

    Args:
        data: (..., 3 n) uint8; of each three bytes the first number has the first twelve bits, the most
            significant first, and the second number the rest.
    """
    out = np.empty((*data.shape[:-1], data.shape[-1] // 3 * 2), np.int16)
    bits = out.view(np.uint16)
    # Each number in the upper twelve of sixteen bits: shifted back, its sign comes along.
    first, middle, last = (data[..., byte::3] for byte in range(3))
    np.left_shift(first, 8, out=bits[..., 0::2], dtype=np.uint16, casting="unsafe")
    bits[..., 0::2] |= middle
    np.left_shift(middle, 12, out=bits[..., 1::2], dtype=np.uint16, casting="unsafe")
    bits[..., 1::2] |= np.left_shift(last, 4, dtype=np.uint16, casting="unsafe")
    out >>= 4
    return out
