"""Compiled loops: arrays and NamedTuples of numbers in, arrays out. No frames, no settings, no logging, no randomness.

Kernels are serial and release the interpreter lock. They are compiled on first call (no cache on disk: several
processes writing one can crash, numba #4807), never reassociate floating-point sums and never fuse them, so that an
answer does not depend on the route it was computed by.
"""

from numba import njit

kernel = njit(nogil=True, cache=False, fastmath=False, error_model="numpy")
"""Decorator of every kernel. `error_model="numpy"`: a division needs no zero check, so that its loop can use SIMD."""
