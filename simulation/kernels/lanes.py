"""Lanes: 32 paths as one value that lives in the processor's vector registers.

A loop over paths keeps its state in memory from week to week; with lanes the loop over weeks is the inner one, and its
state never leaves the registers. 32 numbers are two registers of AVX-512: enough independent work to hide how long an
instruction takes, few enough that a week's state fits (16 and 64 are slower by a fifth, measured). Each function here is
plain NumPy on arrays of 32; compiled, it is the instruction of `lane_instructions.py`. Lanes may be added, subtracted,
multiplied and compared (<, <=, ==) with each other.
"""

from typing import Any

import numpy as np

from simulation.kernels import lane_instructions
from simulation.kernels.lane_instructions import LANES, compiled_as

Lanes = Any
"""32 numbers: float32, or int32 where they are bits, or bool where they are a mask."""


@compiled_as(lane_instructions.load)
def load(rows: Lanes, first: int) -> Lanes:
    """32 numbers of an array of float32 or int32 from index `first` on."""
    return rows[first : first + LANES].copy()


@compiled_as(lane_instructions.store)
def store(rows: Lanes, first: int, values: Lanes) -> None:
    """Write 32 numbers into an array of float32."""
    rows[first : first + LANES] = values


@compiled_as(lane_instructions.splat)
def splat(value: np.float32) -> Lanes:
    """The same float32 in all lanes."""
    return np.full(LANES, value, np.float32)


@compiled_as(lane_instructions.no_bits)
def no_bits() -> Lanes:
    """No bit set in any lane."""
    return np.zeros(LANES, np.int32)


@compiled_as(lane_instructions.where)
def where(mask: Lanes, values: Lanes) -> Lanes:
    """Values where the mask holds, else 0."""
    return np.where(mask, values, np.float32(0))


@compiled_as(lane_instructions.has_bit)
def has_bit(bits: Lanes, bit: int) -> Lanes:
    """The mask of lanes in which that bit (1, 2, 4, …) is set."""
    return (bits & np.int32(bit)) != 0


@compiled_as(lane_instructions.a_week_older)
def a_week_older(bits: Lanes, mask: Lanes) -> Lanes:
    """Bit ℓ becomes bit ℓ + 1, and the mask bit 1."""
    return (bits << 1) | (mask.astype(np.int32) << 1)


@compiled_as(lane_instructions.n_common)
def n_common(bits: Lanes, others: Lanes) -> Lanes:
    """How many bits are set in both, as float32."""
    return np.bitwise_count(bits & others).astype(np.float32)


@compiled_as(lane_instructions.times_plus)
def times_plus(factor: Lanes, values: Lanes, summand: Lanes) -> Lanes:
    """Product of the first two, and the third; compiled, it is rounded once, on every processor."""
    return factor * values + summand


@compiled_as(lane_instructions.floor)
def floor(values: Lanes) -> Lanes:
    """Largest whole numbers at or below."""
    return np.floor(values)


@compiled_as(lane_instructions.smaller)
def smaller(values: Lanes, others: Lanes) -> Lanes:
    """The smaller of the two, lane by lane."""
    return np.minimum(values, others)
