import numpy as np

from domain.randomness import Purpose, keyed_words, shard_of, stable_hash


def draw(*, article_id: str = "a", purpose: Purpose = "optimize", seed: int = 1) -> list[float]:
    other, own = keyed_words(4, [("n", article_id), ("m", article_id)], purpose=purpose, seed=seed).tolist()
    assert own != other
    return own


def test_the_same_key_gives_the_same_stream_and_any_other_key_another() -> None:
    streams = [draw(), draw(article_id="b"), draw(purpose="evaluate"), draw(seed=2)]
    assert draw() == streams[0]
    assert len({tuple(stream) for stream in streams}) == len(streams)


def test_the_hash_is_pinned_so_that_partitions_never_move_between_versions() -> None:
    assert stable_hash("shard", "merchant", "article") == 0xD7F92D7D74BFBDC0
    assert shard_of("merchant", "article", n_shards=4) == 0


def test_ids_that_only_differ_in_where_they_are_split_have_different_hashes() -> None:
    assert stable_hash("ab", "c") != stable_hash("a", "bc")


def test_shards_are_balanced() -> None:
    shards = [shard_of("one merchant", str(article), n_shards=4) for article in range(4000)]
    assert np.bincount(shards).min() > 900
