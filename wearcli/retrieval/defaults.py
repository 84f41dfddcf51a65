"""Defaults of `retrieve`, for the function and the command line."""

TOLERANCE_S = 1.0
FOLDS = 5
BOOTSTRAP = 2000
