"""The version of the code between a recording's file and its rows.

A row depends on more than the model: on how the file is read, resampled, cut into windows, judged and
described by hand-made features. The table's metadata has this version. `embed` keeps a row of an earlier run
only where the versions are equal.

Raise `PIPELINE` whenever a change of that code changes a row. tests/embedding/test_pipeline.py holds a
fingerprint of the code, so that no change goes by unseen, and stored rows, which show whether they changed.
"""

PIPELINE = 2
