"""A data root belongs to one market."""

from pathlib import Path

import pytest

from assets.layout import check_market
from domain.errors import UsageError


def test_another_market_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    check_market(str(tmp_path), ["m1", "m2"])
    record = (tmp_path / "market.parquet").read_bytes()
    with pytest.raises(UsageError, match=r"holds another market[\s\S]*got: merchants shop[\s\S]*wanted: at least one of m1, m2"):
        check_market(str(tmp_path), ["shop"])
    assert (tmp_path / "market.parquet").read_bytes() == record


def test_merchants_may_come_and_go(tmp_path: Path) -> None:
    for merchants in (["m1", "m2"], ["m2", "m3"], ["m3"]):
        check_market(str(tmp_path), merchants)
    with pytest.raises(UsageError):
        check_market(str(tmp_path), ["m1"])
