"""What a repair has to make again beyond what is stale: partitions that are gone."""

from pathlib import Path

import polars as pl

from assets.layout import partition_location
from assets.lineage import LINEAGE
from assets.staleness import lost_partitions
from domain.settings import Settings
from sources.storage import write_parquet


def test_a_deleted_partition_is_lost_where_others_are_made_from_it_but_a_begun_week_has_lost_nothing(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), n_shards=1)
    whole, begun = ({"week": week, "shard": "00"} for week in ("2026-03-02", "2026-03-09"))
    weekly = [table for table, lineage in LINEAGE.items() if lineage.rhythm == "weekly"]
    for table in weekly:
        write_parquet(pl.DataFrame({"row": [1]}), partition_location(settings.data, table, whole))
    write_parquet(pl.DataFrame({"row": [1]}), partition_location(settings.data, "series/weekly_demand", begun))
    assert not any(lost_partitions(settings).values())
    for table in ("features/group_weeks", "features/training_sample", "evaluation/forecast_drift"):
        Path(partition_location(settings.data, table, whole)).unlink()
    lost = {table: keys for table, keys in lost_partitions(settings).items() if keys}
    assert lost == {"features/group_weeks": [whole], "features/training_sample": [whole]}  # nothing is made from verdicts
