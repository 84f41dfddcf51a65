"""What is damaged, and how it is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Case:
    """A recording or a document, with what belongs to it.

    Attributes:
        files: Contents by file name, below a folder.
        modality: The signal to read, of a recording.
        only: Which file is damaged; None for any of them.
        read: Reads the folder, and returns the numbers that come of it; None for a folder of recordings.
    """

    files: Mapping[str, bytes]
    modality: str = "acc"
    only: str | None = None
    read: Callable[[Path], Sequence[np.ndarray]] | None = None

    @property
    def damaged(self) -> list[str]:
        """Names of the files that may be damaged."""
        return [self.only] if self.only else sorted(self.files)
