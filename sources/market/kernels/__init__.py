"""Compiled loops of the market: arrays and NamedTuples of numbers in, arrays out; no frames, no randomness made inside.

One decorator serves the whole house: serial, releases the interpreter lock (several buyers run in threads), compiled
on first call.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from simulation.kernels import kernel as _compile

_P = ParamSpec("_P")
_R = TypeVar("_R")


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorator of every kernel of the market; it keeps the signature for the type checker."""
    return cast("Callable[_P, _R]", _compile(function))
