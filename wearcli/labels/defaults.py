"""Defaults of all that uses windows, for functions and the command line."""

WORN = 0.5  # a window that is worn for a smaller share says nothing about the person
MIN_QUALITY = 0.5  # as of `signals.pulse_quality`, where it is measured
