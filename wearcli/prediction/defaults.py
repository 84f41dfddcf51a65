"""Defaults of `predict`, for the function and the command line."""

MIN_BOUT_S = 0.0
