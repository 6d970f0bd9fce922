"""Lanes: 32 paths as one value that lives in the processor's vector registers.

A loop over paths keeps its state in memory from week to week; with lanes the loop over weeks is the inner one, and its
state never leaves the registers. 32 numbers are two registers of AVX-512: enough independent work to hide how long an
instruction takes, few enough that a week's state fits (16 and 64 are slower by a fifth, measured). Each function here is
plain NumPy on arrays of 32; compiled, it is the instruction of `lane_instructions.py`. Lanes may be added, subtracted,
multiplied, divided and compared (<, <=, ==) with each other.
"""

from typing import Any

import numpy as np

from simulation.kernels import lane_instructions
from simulation.kernels.lane_instructions import LANES, compiled_as

Lanes = Any
"""32 numbers: float32, or int32 where they are bits, or bool where they are a mask."""


@compiled_as(lane_instructions.load)
def load(rows: Lanes, first: int) -> Lanes:
    """32 numbers of an array of float32, int32 or uint32 (read as int32) from index `first` on."""
    here = rows[first : first + LANES]
    return here.view(np.int32 if here.dtype == np.uint32 else here.dtype).copy()


@compiled_as(lane_instructions.store)
def store(rows: Lanes, first: int, values: Lanes) -> None:
    """Write 32 numbers into an array of their kind."""
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


@compiled_as(lane_instructions.ceiling)
def ceiling(values: Lanes) -> Lanes:
    """Smallest whole numbers at or above."""
    return np.ceil(values)


@compiled_as(lane_instructions.smaller)
def smaller(values: Lanes, others: Lanes) -> Lanes:
    """The smaller of the two, lane by lane."""
    return np.minimum(values, others)


@compiled_as(lane_instructions.larger)
def larger(values: Lanes, others: Lanes) -> Lanes:
    """The larger of the two, lane by lane."""
    return np.maximum(values, others)


@compiled_as(lane_instructions.choose)
def choose(mask: Lanes, values: Lanes, others: Lanes) -> Lanes:
    """Values where the mask holds, else the others."""
    return np.where(mask, values, others)


@compiled_as(lane_instructions.square_root)
def square_root(values: Lanes) -> Lanes:
    """Square roots of numbers that are not negative."""
    return np.sqrt(values)


@compiled_as(lane_instructions.exponent)
def exponent(values: Lanes) -> Lanes:
    """The power of two of positive normal numbers, as float32: mantissa · 2^exponent."""
    return np.frexp(values)[1].astype(np.float32)


@compiled_as(lane_instructions.mantissa)
def mantissa(values: Lanes) -> Lanes:
    """Positive normal numbers without their power of two, in [½, 1)."""
    return np.frexp(values)[0]


@compiled_as(lane_instructions.scrambled)
def scrambled(words: Lanes, shift: np.uint32) -> Lanes:
    """Words with the bits of the shift flipped."""
    return (words.view(np.uint32) ^ shift).view(np.int32)


@compiled_as(lane_instructions.leading_bits)
def leading_bits(words: Lanes, n_bits: int) -> Lanes:
    """The first 1 … 24 bits of 32-bit words as whole float32."""
    return (words.view(np.uint32) >> np.uint32(32 - n_bits)).astype(np.float32)


@compiled_as(lane_instructions.one_more)
def one_more(counts: Lanes, words: Lanes, level: np.uint32) -> Lanes:
    """Counts, one more where the word is not below the level."""
    return counts + (words.view(np.uint32) >= level).astype(np.int32)


@compiled_as(lane_instructions.is_count)
def is_count(counts: Lanes, count: int) -> Lanes:
    """The mask of lanes with that count."""
    return counts == np.int32(count)


@compiled_as(lane_instructions.with_bit)
def with_bit(bits: Lanes, mask: Lanes, bit: int) -> Lanes:
    """Bits, and that one (1, 2, 4, …) set where the mask holds."""
    return bits | np.where(mask, np.int32(bit), np.int32(0))


@compiled_as(lane_instructions.either)
def either(bits: Lanes, others: Lanes) -> Lanes:
    """Bits set in one or the other."""
    return bits | others


@compiled_as(lane_instructions.all_bits)
def all_bits(bits: Lanes) -> int:
    """Bits set in any lane."""
    return int(np.bitwise_or.reduce(bits))


@compiled_as(lane_instructions.is_any)
def is_any(mask: Lanes) -> bool:
    """Whether the mask holds in any lane."""
    return bool(mask.any())


@compiled_as(lane_instructions.look_up)
def look_up(table: Lanes, values: Lanes) -> Lanes:
    """Numbers of a table of 48 float32, each at the whole part of its value, 0 … 47.99."""
    return table[values.astype(np.int32)]
