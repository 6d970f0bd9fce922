"""The game as it is played: a world that knows what happens, decisions that do not, week after week.

`world.py` is reality (demand, deliveries, returns, stock, money); `game.py` lets a decider play against it; `decisions.py` decides as the
engine does, from feature vectors; `known_end.py` tells it when the game ends; `foresight.py` decides with perfect information.
Nothing here reads a table: `assets/replay/` brings source, forecaster and world together.
"""
