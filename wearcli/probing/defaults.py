"""Defaults of everything that fits probes, for functions and the command line."""

FOLDS = 5
BOOTSTRAP = 2000
SEED = 0
EMBEDDINGS = "embeddings.parquet"
PROBES = "both"  # the kinds that `probe` fits
COMPARED_BY = "linear"  # the kind that `compare` fits
MIN_SEGMENTS = 1
