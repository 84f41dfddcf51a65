from wearcli.models.folder import DEFAULT_MODEL, Model, bundled_models, load_model

__all__ = ["DEFAULT_MODEL", "Model", "bundled_models", "load_model"]
