"""Provenance: in the file, free of clocks and places, blind to comments, and told from rows alone."""

import ast
from pathlib import Path

import polars as pl

from assets.layout import partition_location
from assets.provenance import METADATA_KEY, Provenance, _without_docstrings, code_version, data_hash, read_provenance, settings_hash
from domain.settings import Settings
from sources.storage import read_parquet_metadata, write_parquet

KEY = {"week": "2026-03-02", "shard": "00"}
SOME = Provenance("d" * 16, "c" * 16, "s" * 16, {"raw/returns (the same shard)": "1" * 16})


def test_provenance_survives_the_file(tmp_path: Path) -> None:
    location = partition_location(str(tmp_path), "series/weekly_demand", KEY)
    write_parquet(pl.DataFrame({"a": [1]}), location, metadata=SOME.as_metadata())
    assert read_provenance(str(tmp_path), "series/weekly_demand", KEY) == SOME
    assert METADATA_KEY in read_parquet_metadata(location)


def test_a_partition_without_provenance_or_damaged_has_none(tmp_path: Path) -> None:
    assert read_provenance(str(tmp_path), "series/weekly_demand", KEY) is None
    location = partition_location(str(tmp_path), "series/weekly_demand", KEY)
    write_parquet(pl.DataFrame({"a": [1]}), location)
    assert read_provenance(str(tmp_path), "series/weekly_demand", KEY) is None
    Path(location).write_bytes(b"PAR1 half a file")
    assert read_provenance(str(tmp_path), "series/weekly_demand", KEY) is None


def test_data_hash_tells_rows_order_names_and_types() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [[1.0], None], "c": [b"x", None]})
    others = [frame.reverse(), frame.rename({"a": "z"}), frame.cast({"a": pl.Int32}), frame.head(1)]
    assert data_hash(frame) == data_hash(frame.clone().rechunk())
    assert len({data_hash(frame), *map(data_hash, others)}) == 1 + len(others)


def test_comments_and_docstrings_are_no_change_of_code() -> None:
    before, after, other = ('def f(x):\n    "what"\n    return x + 1', "def f(x):  # why\n    return x + 1", "def f(x):\n    return x + 2")
    first, second, third = (ast.dump(_without_docstrings(ast.parse(text))) for text in (before, after, other))
    assert first == second != third


def test_tables_of_different_code_have_different_versions() -> None:
    assert code_version("series/weekly_demand") != code_version("policy/policies")
    assert code_version("policy/recommendations") == code_version("policy/policies")


def test_settings_hash_knows_only_what_can_change_a_row() -> None:
    plain = Settings()
    elsewhere = Settings(data="/elsewhere", source="s3://there", n_shards=9)
    more_trees = plain.model_copy(update={"forecast": plain.forecast.model_copy(update={"n_trees": 7})})
    more_threads = plain.model_copy(update={"forecast": plain.forecast.model_copy(update={"n_threads": 9})})
    for table in ("series/weekly_demand", "forecast/models", "policy/policies", "raw/returns"):
        assert settings_hash(table, plain) == settings_hash(table, elsewhere) == settings_hash(table, more_threads)
    changed = [
        table for table in ("series/weekly_demand", "forecast/models", "policy/policies") if settings_hash(table, plain) != settings_hash(table, more_trees)
    ]
    assert changed == ["forecast/models"]
