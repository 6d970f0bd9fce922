"""The data flow (`stages.py`): one module per stage, one folder per stage on disk."""
