"""The data flow (`stages.py`): one module per stage, one group per stage in the Dagster UI, one folder per stage on disk."""
