"""Defaults of `wearcli embed`, of the function and of the command."""

BATCH = 128  # windows embedded at once
