"""Compiled loops: arrays and NamedTuples of numbers in, arrays out. No frames, no settings, no logging, no randomness.

Kernels are serial and release the interpreter lock: threads share the work by SKU, in Python. They never reassociate
floating-point sums and never fuse them, so that an answer does not depend on the route it was computed by.
Compiled code is kept on disk beside the sources, in a folder named after their contents: a change of one kernel file
recompiles all of them (numba itself looks at the caller's file only, and would go on with an old callee inlined).
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import config, njit
from numba.core.compiler import CompilerBase, DefaultPassBuilder

_FOLDER = Path(__file__).parent
_numba: Any = config
_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
"""`error_model="numpy"`: a division needs no zero check, so that its loop can use SIMD."""


class _DisjointArguments(CompilerBase):
    """Compiles under the promise that array arguments do not overlap: many arrays in one loop then still become SIMD."""

    def define_pipelines(self) -> list[Any]:
        """Numba's own, with the promise."""
        self.state.flags.noalias = True
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]  # type: ignore[no-untyped-call]


def cache_folder() -> Path:
    """Where the compiled code of exactly these sources is kept (numba adds the processor's name to its keys)."""
    stamp = hashlib.blake2b(digest_size=8)
    for source in sorted(_FOLDER.glob("*.py")):
        stamp.update(source.read_bytes())
    base = Path(_numba.CACHE_DIR) if _numba.CACHE_DIR else _FOLDER / "__pycache__"
    return base / f"kernels-{stamp.hexdigest()}"


def _cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`njit` with the cache above; without a cache where no folder can be written."""

    def decorate(function: Callable[..., Any]) -> Any:
        before, _numba.CACHE_DIR = _numba.CACHE_DIR, str(_CACHE)
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder it can write
            return njit(**options)(function)
        finally:
            _numba.CACHE_DIR = before

    return decorate


_CACHE = cache_folder()

kernel = _cached(**_OPTIONS)
"""Decorator of a kernel."""

loop: Callable[[Callable[..., Any]], Any] = njit(forceinline=True, pipeline_class=_DisjointArguments, **_OPTIONS)
"""Decorator of a loop over paths, compiled into its caller. None of the arrays it is given may overlap one it writes."""
