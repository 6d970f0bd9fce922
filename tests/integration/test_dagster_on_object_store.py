"""The platform with its data root on an object store: the same policies as on a local disk, analytics included."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from assets.layout import newest_partition, read_partitions
from domain.settings import load_settings
from orchestration.run import run_platform
from sources.market import write_market

BUCKET = "replenish-test"


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
    yield endpoint
    server.stop()


def test_run_on_an_object_store(object_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_DAGSTER_HOME", str(tmp_path / "dagster"))
    write_market(n_merchants=1, n_articles=4, n_weeks=20, seed=3, out=tmp_path / "source")
    sizes = {"forecast": {"n_trees": 5}, "simulation": {"n_paths_optimize": 50, "n_paths_evaluate": 100}, "optimizer": {"evaluation_budget": 20}}
    remote, local = (
        load_settings(data=root, source=str(tmp_path / "source"), profile="tiny", n_shards=1, **sizes)
        for root in (f"s3://{BUCKET}/root", str(tmp_path / "data"))
    )
    summary = run_platform(remote)
    assert summary.outputs["analytics"] == f"s3://{BUCKET}/root/analytics/replenish.duckdb"
    assert newest_partition(remote.data, "policy/policies", "day") == summary.date
    key = {"day": summary.date, "shard": "00"}
    written = read_partitions(remote.data, "policy/policies", [key])
    run_platform(local)
    assert written.equals(read_partitions(local.data, "policy/policies", [key]))
    file = tmp_path / "copy.duckdb"
    boto3.client("s3", region_name="us-east-1").download_file(BUCKET, "root/analytics/replenish.duckdb", str(file))
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT sum(n_series) FROM kpis_by_merchant").fetchall() == [(written.height,)]
        tables = pl.DataFrame(connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall(), schema=["name", "comment"], orient="row")
    assert tables["comment"].null_count() == 0
