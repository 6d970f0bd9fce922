"""A person's word about held orders: under the day's own rules, about nothing else, and never lost."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.governance import add_approvals, read_approvals
from assets.layout import check_shard_count, partition_location, read_partitions
from domain.errors import ReplenishError, StaleInputError, UsageError
from domain.governance_tables import Approvals
from domain.settings import GovernanceSettings, Settings
from domain.stage_tables import OrderChanges, Policies
from orchestration.approval import Decision, Word, decide_held_orders
from quality.governance import release_orders
from sources.storage import write_parquet
from tests.analyst_tables import frame_of

DAY = date(2026, 10, 1)
RULES = GovernanceSettings(pilot_merchants=("M1", "M3"), hold_change_from_eur=100.0)
CHANGES = {("M1", "a"): 350.0, ("M1", "b"): -300.0, ("M1", "c"): 20.0, ("M2", "a"): 900.0, ("M3", "a"): 500.0}
"""Two held orders of M1 and one of M3; the others are released or outside the pilot."""


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A data root whose day was decided with rules of its own, which the settings of later commands do not know."""
    rows = [{"merchant_id": merchant, "article_id": article, "date": DAY, "order_now_units": 40} for merchant, article in CHANGES]
    policies = frame_of(Policies, rows)
    changes = frame_of(OrderChanges, [row | {"change_eur": change} for row, change in zip(rows, CHANGES.values(), strict=True)])
    releases = release_orders(policies, changes, Approvals.create_empty(), settings=RULES)
    check_shard_count(str(tmp_path), n_shards=2)
    for table, frame in (("policies", policies), ("order_changes", changes), ("order_releases", releases)):
        for shard, merchants in (("00", ["M1", "M2"]), ("01", ["M3"])):
            key = {"day": str(DAY), "shard": shard}
            write_parquet(frame.filter(pl.col("merchant_id").is_in(merchants)), partition_location(str(tmp_path), f"policy/{table}", key))
    return str(tmp_path)


def say(root: str, word: Word = Word.APPROVE, **changes: Any) -> Decision:
    arguments = {"on": DAY, "merchant_id": "M1", "article_id": None, "by": "Ann", "on_progress": lambda _: None} | changes
    return decide_held_orders(Settings(data=root), word=word, **arguments)


def statuses(root: str) -> dict[tuple[str, str], str]:
    rows = read_partitions(root, "policy/order_releases", [{"day": str(DAY), "shard": shard} for shard in ("00", "01")])
    return {(merchant, article): status for merchant, article, status in rows.select("merchant_id", "article_id", "status").iter_rows()}


BEFORE = {("M1", "a"): "held", ("M1", "b"): "held", ("M1", "c"): "released", ("M2", "a"): "not_in_pilot", ("M3", "a"): "held"}


def test_an_approval_without_settings_releases_what_was_asked_for_and_nothing_else(root: str) -> None:
    assert statuses(root) == BEFORE
    decided = say(root, article_id="a")
    assert statuses(root) == BEFORE | {("M1", "a"): "approved"}
    assert decided.before == {"released": 1, "approved": 0, "held": 3, "rejected": 0, "not_in_pilot": 1}
    assert decided.after == decided.before | {"approved": 1, "held": 2}


def test_a_word_is_taken_back_and_all_three_stay_on_record(root: str) -> None:
    say(root)
    assert say(root, Word.WITHDRAW, article_id="a", by="Ben").after["held"] == 2
    assert statuses(root) == BEFORE | {("M1", "b"): "approved"}
    say(root, Word.REJECT, article_id="a", note="no room")
    assert statuses(root) == BEFORE | {("M1", "b"): "approved", ("M1", "a"): "rejected"}
    said = read_approvals(root).filter(pl.col("article_id") == "a")
    assert said.select("is_approved", "decided_by", "note").rows() == [(True, "Ann", ""), (None, "Ben", ""), (False, "Ann", "no room")]


@pytest.mark.parametrize(
    ("word", "changes", "named"),
    [
        (Word.APPROVE, {"article_id": "c"}, "no order of M1 c is held"),
        (Word.APPROVE, {"merchant_id": "M2"}, "no order of M2 is held"),
        (Word.WITHDRAW, {}, "no order of M1 is approved or rejected"),
        (Word.APPROVE, {"by": " "}, "nobody is named"),
        (Word.APPROVE, {"on": date(2026, 9, 30)}, "no partition"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_nothing_is_written(root: str, word: Word, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ReplenishError, match=named):
        say(root, word, **changes)
    assert statuses(root) == BEFORE
    assert read_approvals(root).is_empty()


def test_orders_that_were_decided_anew_are_not_released_unseen(root: str) -> None:
    key = {"day": str(DAY), "shard": "01"}
    location = partition_location(root, "policy/policies", key)
    write_parquet(pl.read_parquet(location, hive_partitioning=False).with_columns(order_now_units=pl.lit(4_000, pl.Int64)), location)
    with pytest.raises(StaleInputError, match="decided anew"):
        say(root)
    assert read_approvals(root).is_empty()


def test_releases_of_two_rules_are_not_mixed(root: str) -> None:
    location = partition_location(root, "policy/order_releases", {"day": str(DAY), "shard": "01"})
    write_parquet(pl.read_parquet(location, hive_partitioning=False).with_columns(rules=pl.lit(GovernanceSettings().model_dump_json())), location)
    with pytest.raises(StaleInputError, match="by which rules"):
        say(root)


def test_what_is_no_data_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data root"):
        say(str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_words_kept_in_one_file_by_an_earlier_version_still_count(root: str) -> None:
    at = datetime(2026, 10, 1, 9, tzinfo=UTC)
    word = {"date": DAY, "merchant_id": "M1", "article_id": "b", "recommended_units": 40, "is_approved": True, "decided_by": "Ann", "decided_at": at}
    write_parquet(frame_of(Approvals, [word]), f"{root}/governance/approvals.parquet")
    add_approvals(root, frame_of(Approvals, [word | {"article_id": "a"}]))
    assert read_approvals(root)["article_id"].to_list() == ["b", "a"]
    say(root, merchant_id="M3")
    assert statuses(root) == dict.fromkeys(BEFORE, "approved") | {("M1", "c"): "released", ("M2", "a"): "not_in_pilot"}


def test_two_processes_that_approve_at_once_lose_no_word(root: str) -> None:
    command = [sys.executable, "-c", "from cli import main; main()", "approve", "--data", root, "--date", str(DAY), "--by", "Ann"]
    orders = [("M1", "a"), ("M1", "b"), ("M3", "a")]
    running = [subprocess.Popen([*command, "--merchant", merchant, "--article", article], stderr=subprocess.PIPE) for merchant, article in orders]
    told = [process.communicate(timeout=300)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert read_approvals(root).height == 3
    assert statuses(root) == BEFORE | dict.fromkeys(orders, "approved")
