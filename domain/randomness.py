"""Keyed randomness: what a number is for decides its value, never the order in which it is drawn.

Keys are hashed with BLAKE2b (stable over processes, machines and versions, unlike `hash()` or Polars' row hash).
"""

from datetime import date
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.random.bit_generator import ISeedSequence

Purpose = Literal["optimize", "evaluate"]
SEPARATOR = "\x1f"


def stable_hash(*parts: object) -> int:
    """64-bit hash of the parts' text, the same on every machine."""
    text = SEPARATOR.join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def shard_of(merchant_id: str, article_id: str, *, n_shards: int) -> int:
    """Shard 0 … n_shards − 1 of a series: balanced whatever the merchant mix, and never a shuffle."""
    return stable_hash("shard", merchant_id, article_id) % n_shards


def keyed_generator(*, merchant_id: str, article_id: str, decision_date: date, purpose: Purpose, seed: int) -> np.random.Generator:
    """Generator of one SKU's paths on one day for one purpose.

    Philox is counter-based: its stream depends on the key alone, so batch order, shards and threads cannot change it.
    """
    key = stable_hash("paths", merchant_id, article_id, decision_date.isoformat(), purpose, seed)
    philox = np.random.Philox(_Key(key))  # type: ignore[arg-type]  # numpy's stub knows SeedSequence alone
    return np.random.Generator(philox)


class _Key(ISeedSequence):
    """Gives Philox its key directly: the same stream as `Philox(key=…)`, which asks the system for entropy first (ten times slower)."""

    def __init__(self, key: int) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> "np.ndarray[Any, np.dtype[Any]]":
        """The key in the first word, zeros in the others."""
        words = np.zeros(n_words, dtype)
        words[0] = self._key
        return words
