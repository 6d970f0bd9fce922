"""The object store door, against moto's S3 on loopback."""

import datetime as dt
from collections.abc import Iterator

import boto3
import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from domain.errors import DataError, StorageError
from sources import storage
from sources.folder import read_source

FRAME = pl.DataFrame({"a": [1, 2, 3]})
TODAY = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        values = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in values.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="replenish-test")
        yield "s3://replenish-test"
    server.stop()


def test_write_read_list_exists(bucket: str) -> None:
    location = storage.join(bucket, "stage", "week=2026-01-05", "part.parquet")
    assert not storage.exists(location)
    assert storage.write_parquet(FRAME, location) == 0
    assert storage.exists(location)
    assert storage.read_parquet(location).equals(FRAME)
    assert storage.list_files(storage.join(bucket, "stage", "week=2026-01-05")) == ["part.parquet"]
    assert storage.list_files(storage.join(bucket, "stage")) == []
    assert storage.list_files(storage.join(bucket, "absent")) == []
    assert storage.is_folder(storage.join(bucket, "stage"))
    assert not storage.is_folder(storage.join(bucket, "absent"))


def test_what_is_missing_is_a_storage_error(bucket: str) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        storage.read_parquet(storage.join(bucket, "absent.parquet"))
    with pytest.raises(StorageError, match="cannot read"):
        storage.read_bytes(storage.join(bucket, "absent.csv"))
    with pytest.raises(StorageError, match="cannot write"):
        storage.write_parquet(FRAME, "s3://no-such-bucket/x.parquet")


def test_a_source_is_read_from_a_prefix(bucket: str) -> None:
    sales = pl.DataFrame({"merchant_id": [7], "article_id": ["a"], "week": [dt.date(2026, 6, 1)], "sales_units": [3.0]})
    storage.write_parquet(sales, storage.join(bucket, "shop", "weekly_sales.parquet"))
    boto3.client("s3").put_object(Bucket="replenish-test", Key="shop/articles.csv", Body=b"merchant_id,article_id,brand\n7,a,acme\n")
    storage.write_parquet(FRAME, storage.join(bucket, "shop", "truth", "weekly_sales.parquet"))
    read = read_source(storage.join(bucket, "shop"), today=TODAY)
    assert read.present == ("weekly_sales", "articles")
    assert read.frames["weekly_sales"]["sales_units"].to_list() == [3]
    assert read.frames["articles"]["brand"].to_list() == ["acme"]


def test_an_empty_prefix_is_a_data_error(bucket: str) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        read_source(storage.join(bucket, "nothing-here"), today=TODAY)
