"""Backtests: many games under identical conditions, and what they add up to. Shared by the command, the stage `backtest` and the benchmark.

`plan.py` says who plays; `results.py` turns a played game into a row per series; `running.py` plays them all; `tables.py`, `intervals.py` aggregate;
`report.py` writes the page people read, `database.py` the views analysts query; `stage.py` declares the assets.
"""

from assets.backtest.stage import build

__all__ = ["build"]
