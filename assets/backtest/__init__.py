"""Backtests: many games under identical conditions, and what they add up to. Plain code, shared by the command, the assets and the benchmark.

`plan.py` says who plays; `results.py` turns a played game into a row per series; `running.py` plays them all; `tables.py`, `intervals.py` aggregate;
`report.py` writes the page people read.
"""
