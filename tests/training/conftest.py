import pytest

from wearcli.training import pretrain as module


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> dict:
    """The slow end of a run left out: what the model's config would say."""
    kept: dict = {}
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: kept.update(config))
    monkeypatch.setattr(module, "draw_curves", lambda run, say: None)
    return kept
