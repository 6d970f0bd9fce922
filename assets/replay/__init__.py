"""Replays: a source, its forecaster and its world brought together for `simulation.replay`. Plain code, shared by the command and the assets.

`engine_view.py` cuts a source at a week; `opening.py` is what the game starts from; `reality.py` reads the world; `forecasts.py` and `engine.py` are
the engine's side; `replaying.py` plays and reports.
"""
