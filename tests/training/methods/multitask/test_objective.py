import pytest
import torch

from wearcli.encoders import build
from wearcli.training.methods.multitask.objective import MultiTask
from wearcli.training.methods.simclr.objective import nt_xent
from wearcli.training.methods.supervised.objective import cross_entropy_in_sets


def parts(contrast: float) -> tuple[MultiTask, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    module = MultiTask(build("fast"), [3, 2], 256, 0.2, contrast).eval()
    return module, torch.randn(8, 250, 3), torch.zeros(8, 8, dtype=torch.bool)


@pytest.mark.parametrize("contrast", [0.0, 0.5, 2.0])
def test_the_loss_is_that_of_both(contrast: float) -> None:
    module, views, ignore = parts(contrast)
    labels = torch.tensor([0, 2, -1, 4, -1, 1, 3, -1])
    embedding = module.encoder(views.transpose(1, 2))
    first, second = module.pairs.head(embedding).chunk(2)
    known = labels >= 0
    logits = module.labels.heads(embedding[known])
    expected = cross_entropy_in_sets(logits, labels[known], module.labels.class_sets)
    expected = expected + contrast * nt_xent(first, second, 0.2)
    torch.testing.assert_close(module(views, ignore, labels), expected)


def test_a_batch_without_labels_is_contrast_alone() -> None:
    module, views, ignore = parts(1.5)
    embedding = module.encoder(views.transpose(1, 2))
    first, second = module.pairs.head(embedding).chunk(2)
    loss = module(views, ignore, torch.full((8,), -1))
    torch.testing.assert_close(loss, 1.5 * nt_xent(first, second, 0.2))


def test_all_of_the_encoder_learns() -> None:
    module, views, ignore = parts(1.0)
    module.train()(views, ignore, torch.arange(8) % 5).backward()
    for name, p in module.named_parameters():
        assert p.grad is not None, name
        assert p.grad.any(), name
