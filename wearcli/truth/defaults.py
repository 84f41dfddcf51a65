"""Defaults of `gait_truth` and `heart_truth`, for the functions and the command line."""

from pathlib import Path

GAIT_OUTPUT = Path("gait.csv")
GAIT_WINDOW_S = 10.0
GAIT_MIN_QUALITY = 0.5
HEART_OUTPUT = Path("heart.csv")
HEART_WINDOW_S = 60.0
# In minutes that are at least as good, the rate is off by 0.6 bpm on average for the PPG of a wrist
# (stress_predict), by 0.4 bpm for an ECG (hexoskin): docs/lab/distillation.md.
HEART_MIN_QUALITY = {"ppg": 0.8, "ecg": 0.5}
