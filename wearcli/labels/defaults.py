"""Defaults of all that uses windows, for functions and the command line."""

from wearcli.modality import MIN_QUALITY as MIN_QUALITY

WORN = 0.5  # a window that is worn for a smaller share says nothing about the person
