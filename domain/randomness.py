"""Keyed randomness: what a number is for decides its value, never the order in which it is drawn.

Keys are hashed with BLAKE2b or SHAKE-128 (stable over processes, machines and versions, unlike `hash()` or Polars' row hash).
"""

from collections.abc import Iterable
from hashlib import blake2b, shake_128
from typing import Literal

import numpy as np
import numpy.typing as npt

Purpose = Literal["optimize", "settle", "evaluate"]
SEPARATOR = "\x1f"


def stable_hash(*parts: object) -> int:
    """64-bit hash of the parts' text, the same on every machine."""
    text = SEPARATOR.join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def shard_of(merchant_id: str, article_id: str, *, n_shards: int) -> int:
    """Shard 0 … n_shards − 1 of a series: balanced whatever the merchant mix, and never a shuffle."""
    return stable_hash("shard", merchant_id, article_id) % n_shards


def keyed_words(n_words: int, owners: Iterable[tuple[str, ...]], *, purpose: Purpose, seed: int) -> npt.NDArray[np.uint32]:
    """Random 32-bit words of each owner's paths for one purpose `(n_owners, n_words)`, the same on every day.

    The output of an extendable hash function depends on the key alone, so batch order, shards and threads cannot change it; it
    costs a third of setting up a generator.

    Args:
        n_words: Per SKU.
        owners: Merchant and article of each, or whatever else has futures of its own, such as a supplier.
        purpose: What for.
        seed: Seed of all keyed randomness.
    """
    keys = (SEPARATOR.join(("paths", *owner, purpose, str(seed))) for owner in owners)
    digests = b"".join([shake_128(key.encode()).digest(4 * n_words) for key in keys])
    return np.frombuffer(digests, dtype="<u4").reshape(-1, n_words)
