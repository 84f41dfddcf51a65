"""Distillation from one signal to another (Abbaspourazad et al., arXiv 2412.11276, section 3).

The student's embedding of a window must pick, among the batch, the embedding that a teacher has of another
sensor's window of the same person and time, and the other way round. The teacher is there already: the paper
freezes it.
"""

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import embed

HIDDEN, OUTPUT = 256, 128


class Distill(nn.Module):
    """The student's encoder, a head on it and one on the teacher's embedding, which only training uses.

    Args:
        encoder: The student's encoder.
        dimension: Dimension of its embedding.
        teacher_dimension: Dimension of the teacher's embedding.
        temperature: Temperature of the contrast.
        teacher: The network that gives the teacher's embedding, trained along (the paper's ablation); None
            where the batch brings the embeddings of a frozen one.
    """

    def __init__(
        self,
        encoder: nn.Module,
        dimension: int,
        teacher_dimension: int,
        temperature: float,
        teacher: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.teacher = encoder, teacher
        self.head = _head(dimension)
        # A teacher's numbers have any scale; the student's are learned with their head.
        self.teacher_head = nn.Sequential(
            nn.BatchNorm1d(teacher_dimension, affine=False), _head(teacher_dimension)
        )
        self.temperature = temperature

    def forward(self, windows: torch.Tensor, theirs: torch.Tensor, ignore: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar.

        Args:
            windows: (b, samples, channels) of the student's sensor.
            theirs: (b, teacher_dimension), or with a teacher that trains its windows (b, samples, channels).
            ignore: (b, b) bool, see `cross_modal`.
        """
        student = embed(self.encoder, windows)
        if self.teacher is not None:
            theirs = embed(self.teacher, theirs)
        # At this temperature the rounding of bf16 would be a tenth of the logits.
        with torch.autocast(windows.device.type, enabled=False):
            return cross_modal(self.head(student), self.teacher_head(theirs), self.temperature, ignore)


def _head(dimension: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dimension, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, OUTPUT))


def cross_modal(
    student: torch.Tensor, teacher: torch.Tensor, temperature: float, ignore: torch.Tensor
) -> torch.Tensor:
    """Symmetric InfoNCE over the cosine similarities of two signals, the mean of both directions.

    Args:
        student: (b, d).
        teacher: (b, d), row i is the answer to row i of `student`.
        temperature: Temperature of the contrast.
        ignore: (b, b) bool, symmetric: pairs too alike to be negatives; a row's own answer always counts.
    """
    similarity = F.normalize(student, dim=1) @ F.normalize(teacher, dim=1).T / temperature
    own = torch.eye(len(student), dtype=torch.bool, device=student.device)
    similarity = similarity.masked_fill(ignore & ~own, float("-inf"))
    answer = torch.arange(len(student), device=student.device)
    return (F.cross_entropy(similarity, answer) + F.cross_entropy(similarity.T, answer)) / 2
