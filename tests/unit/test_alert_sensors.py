"""The sensors of alerts over the real definitions: what they find in Dagster's records, and what people are told."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from assets.layout import partition_location
from domain.errors import DataError, UsageError
from domain.settings import AlertSettings, Settings
from domain.stage_tables import Exceptions
from orchestration.alert_sensors import ALERT_DELIVERY, ALERT_FRESHNESS, ALERT_RUNS
from orchestration.definitions import build_definitions
from orchestration.failure_log import label_covers, label_follows
from orchestration.run_tags import RANGE_END_TAG, RANGE_START_TAG
from quality.alerts.outbox import Outbox
from sources.storage import write_parquet

DAY = "2026-10-01"
RANGE = {RANGE_START_TAG: f"{DAY}|00", RANGE_END_TAG: f"{DAY}|01"}
POLICIES = dg.AssetKey(["policy", "policies"])
Look = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield instance


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), n_shards=2, alerts=AlertSettings(most_exceptions_per_merchant=3))


@pytest.fixture
def look(instance: dg.DagsterInstance, settings: Settings) -> Look:
    """All three sensors look, twice; the messages that went into the file."""
    definitions = build_definitions(settings)

    def messages() -> list[dict[str, Any]]:
        file = Path(instance.root_directory) / "alerts.jsonl"
        before = len(file.read_text().splitlines()) if file.exists() else 0
        for name in 2 * (ALERT_RUNS, ALERT_FRESHNESS, ALERT_DELIVERY):
            with dg.build_sensor_context(instance=instance) as context:
                assert isinstance(definitions.resolve_sensor_def(name)(context), dg.SkipReason)
        return [json.loads(line) for line in file.read_text().splitlines()[before:]] if file.exists() else []

    return messages


def run(instance: dg.DagsterInstance, *events: Any, error: Exception | None = None, tags: Mapping[str, str] = RANGE) -> None:
    """A run of a job of the platform's name that leaves these events in Dagster's records."""

    @dg.op
    def work(context: dg.OpExecutionContext) -> None:
        for event in events:
            context.log_event(event)
        if error:
            raise error

    @dg.job
    def daily_optimization() -> None:
        work()

    daily_optimization.execute_in_process(instance=instance, tags=dict(tags), raise_on_error=False)


def check(
    *, passed: bool, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN, shard: str | None = "00", day: str = DAY, n_rows: int = 7
) -> dg.AssetCheckEvaluation:
    metadata = {"rows_in_breach": dg.MetadataValue.int(n_rows)}
    return dg.AssetCheckEvaluation(
        asset_key=POLICIES,
        check_name="whole_packs",
        passed=passed,
        severity=severity,
        metadata=metadata,
        partition=f"{day}|{shard}" if shard else None,
        description=None,
    )


def test_a_failed_run_is_told_and_the_run_that_mends_it(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, error=DataError("stock_levels has no column date", remedy="Rename it."))
    (message,) = look()
    (alert,) = message["alerts"]
    assert (message["key"], message["state"], alert["subject"], alert["partition"]) == ("run_failed", "firing", "daily_optimization", f"{DAY}|00 … {DAY}|01")
    assert "stock_levels has no column date. Rename it." in alert["evidence"]
    run(instance, tags={})  # another partition is no remedy
    run(instance, error=DataError("the same again"))
    assert look() == []
    run(instance)
    assert [message["state"] for message in look()] == ["resolved"]
    assert look() == []


def test_a_run_that_was_deleted_is_passed_over(instance: dg.DagsterInstance, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.alert_observations._RUNS_PER_LOOK", 1)
    for text in ("deleted", "kept"):
        run(instance, error=DataError(text), tags={"dagster/partition": text})
    instance.delete_run(next(record.run_id for record in instance.get_runs() if record.tags["dagster/partition"] == "deleted"))
    assert [message["alerts"][0]["partition"] for message in look() + look()] == ["kept"]


def test_a_run_that_dagster_starts_again_by_itself_is_no_news(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, error=RuntimeError("killed"), tags=RANGE | {"dagster/will_retry": "true"})
    assert look() == []


def test_failed_checks_are_grouped_and_resolved_together(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, check(passed=False), check(passed=False, shard="01"), check(passed=False, severity=dg.AssetCheckSeverity.ERROR, shard="01"))
    (message,) = look()
    (group,) = message["alerts"]
    assert (message["severity"], message["n_firing"], group["n_partitions"]) == ("error", 1, 2)
    assert [(alert["partition"], alert["severity"]) for alert in group["worst"]] == [(f"{DAY}|01", "error"), (f"{DAY}|00", "warning")]
    assert group["subject"] == "policy/policies: whole_packs"
    assert "rows_in_breach 7" in group["evidence"]
    run(instance, check(passed=True, shard="01"))
    assert look() == []
    run(instance, check(passed=True))
    (message,) = look()
    assert (message["state"], message["n_firing"], message["alerts"][0]["partition"]) == ("resolved", 0, f"{DAY}|00")


def test_the_partition_with_most_rows_in_breach_is_the_worst(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, *(check(passed=False, shard=f"{shard:02d}", n_rows=n_rows) for shard, n_rows in enumerate((3, 90, 5, 40))))
    ((group,),) = [message["alerts"] for message in look()]
    assert [alert["partition"] for alert in group["worst"]] == [f"{DAY}|{shard}" for shard in ("01", "03", "02")]


def test_a_check_that_passes_on_a_later_day_settles_earlier_ones_of_its_shards(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, check(passed=False), check(passed=False, shard="01"))
    look()
    run(instance, check(passed=True, shard="00", day="2026-09-30"))
    assert look() == []
    run(instance, check(passed=True, shard="00", day="2026-10-02"), check(passed=True, shard="01", day="2026-10-02"))
    assert [(message["state"], message["alerts"][0]["n_partitions"]) for message in look()] == [("resolved", 2)]
    run(instance, check(passed=False, day="2026-10-03"))
    assert [message["state"] for message in look()] == ["firing"]


def is_current(table: str, week: str, **reasons: str) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table.split("/")),
        check_name="is_current",
        passed=not reasons,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={name: dg.MetadataValue.text(what) for name, what in reasons.items()},
        partition=f"00|{week}",
    )


@pytest.mark.parametrize(
    ("reason", "is_offered"), [("restated", True), ("upstream", True), ("unknown", True), ("reference", False), ("settings", False), ("code", False)]
)
def test_what_a_repair_makes_again_is_offered(instance: dg.DagsterInstance, look: Look, reason: str, is_offered: bool) -> None:
    run(instance, is_current("series/weekly_demand", "2026-09-07", **{reason: "what changed"}), tags={})
    assert [message["key"] for message in look()] == ["repair_offered"] * is_offered


def test_a_restated_source_is_one_offer_to_repair_and_a_change_of_settings_none(instance: dg.DagsterInstance, look: Look) -> None:
    stale = [(table, f"2026-{month:02d}-07") for table in ("series/weekly_demand", "features/model_rows") for month in range(1, 10)]
    run(instance, *(is_current(*key, settings="forecast") for key in stale))
    assert look() == []
    run(instance, *(is_current(*key, restated="raw/sales_transactions 2026") for key in stale), tags={})
    ((message, group),) = [(message, group) for message in look() for group in message["alerts"]]
    assert (message["key"], message["severity"], group["n_partitions"], len(group["worst"])) == ("repair_offered", "warning", 18, 3)
    assert group["partition"] == "00|2026-09-07"
    run(instance, *(is_current(*key) for key in stale[1:]), tags={})
    assert look() == []
    run(instance, is_current(*stale[0]), tags={})
    assert [(message["key"], message["state"]) for message in look()] == [("repair_offered", "resolved")]


def test_a_run_over_more_partitions_resolves_fewer_but_not_the_other_way_round(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, check(passed=False, shard="01"), error=DataError("of the range"))
    assert {message["key"] for message in look()} == {"check_failed", "run_failed"}
    run(instance, check(passed=True, shard=None), tags={"dagster/partition": f"{DAY}|00"})
    assert look() == []
    run(instance, check(passed=True, shard=None))
    assert [(message["state"], message["alerts"][0]["partition"]) for message in look()] == [("resolved", f"{DAY}|00 … {DAY}|01"), ("resolved", f"{DAY}|01")]


@pytest.mark.parametrize(
    ("label", "other", "covers"),
    [
        ("a|00 … a|03", "a|02", True),
        ("a|00 … c|03", "b|01 … c|02", True),
        ("a|00 … b|01", "a|02", False),
        ("a|02", "a|00 … a|03", False),
        ("00 … 03", "02", True),
        ("00 … 03", "a|02", False),
        ("none", "none", True),
    ],
)
def test_partitions_of_a_label(label: str, other: str, covers: bool) -> None:
    assert label_covers(label, other) == covers


@pytest.mark.parametrize(
    ("label", "other", "follows"),
    [
        ("2026-10-02|00", "2026-10-01|00", True),
        ("2026-10-02|00 … 2026-10-02|03", "2026-10-01|02", True),
        ("00|2026-09-14 … 03|2026-09-14", "02|2026-09-07", True),
        ("2026-10-02|00", "2026-10-01|01", False),
        ("2026-10-01|00", "2026-10-01|00", False),
        ("2026-09-30|00", "2026-10-01|00", False),
        ("00 … 03", "02", False),
        ("none", "none", False),
    ],
)
def test_labels_of_later_weeks_and_days(label: str, other: str, follows: bool) -> None:
    assert label_follows(label, other) == follows


def test_what_failed_and_was_mended_between_two_looks_is_told_in_order(instance: dg.DagsterInstance, look: Look) -> None:
    run(instance, check(passed=False))
    run(instance, check(passed=True))
    assert [message["state"] for message in look()] == ["firing", "resolved"]


def write_exceptions(settings: Settings, shard: str, merchants: list[str]) -> dg.AssetMaterialization:
    rows = [
        {
            "date": datetime.fromisoformat(DAY).date(),
            "merchant_id": merchant,
            "article_id": f"A{n}",
            "reason": "shipment overdue",
            "at_stake_eur": 10.0,
            "suggested_action": "Ask.",
        }
        for n, merchant in enumerate(merchants)
    ]
    frame = Exceptions.cast(pl.DataFrame(rows, schema=Exceptions.create_empty().schema))
    write_parquet(frame, partition_location(settings.data, "evaluation/exceptions", {"day": DAY, "shard": shard}))
    return dg.AssetMaterialization(dg.AssetKey(["evaluation", "exceptions"]), partition=f"{DAY}|{shard}")


def test_a_list_too_long_is_counted_over_all_shards(instance: dg.DagsterInstance, settings: Settings, look: Look) -> None:
    run(instance, write_exceptions(settings, "00", ["M1", "M1", "M2"]), write_exceptions(settings, "01", ["M1", "M2"]))
    (message,) = look()
    (alert,) = message["alerts"]
    assert (message["key"], alert["subject"], alert["partition"], alert["severity"]) == ("too_many_exceptions", "M1", DAY, "warning")
    assert alert["evidence"] == "3 exceptions (limit 3), 30 EUR at stake, most often: shipment overdue"
    run(instance, write_exceptions(settings, "00", ["M2"]), write_exceptions(settings, "01", []))
    assert [(message["state"], message["alerts"][0]["subject"]) for message in look()] == [("resolved", "M1")]


def judge(instance: dg.DagsterInstance, table: str, state: FreshnessState) -> None:
    """What Dagster's freshness daemon writes."""
    change = FreshnessStateChange(
        key=dg.AssetKey(table.split("/")), new_state=state, previous_state=FreshnessState.UNKNOWN, state_change_timestamp=1_790_000_000.0
    )
    instance._report_runless_asset_event(asset_event=change)


def test_late_tables_are_one_message(instance: dg.DagsterInstance, look: Look) -> None:
    for table, state in {"policy/policies": FreshnessState.FAIL, "raw/rejects": FreshnessState.FAIL, "series/weekly_demand": FreshnessState.PASS}.items():
        judge(instance, table, state)
    (message,) = look()
    assert (message["key"], [alert["subject"] for alert in message["alerts"]]) == ("freshness_breached", ["policy/policies", "raw/rejects"])
    judge(instance, "raw/rejects", FreshnessState.PASS)
    assert [(message["state"], message["alerts"][0]["subject"]) for message in look()] == [("resolved", "raw/rejects")]


def test_what_happened_long_before_the_first_look_is_no_news(instance: dg.DagsterInstance, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    run(instance, error=DataError("old"))

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = UTC) -> Any:
            return datetime(2100, 1, 1, tzinfo=tz)

    monkeypatch.setattr("orchestration.alert_sensors.datetime", Later)
    assert look() == []


def test_many_runs_are_looked_at_in_several_looks(instance: dg.DagsterInstance, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.alert_observations._RUNS_PER_LOOK", 2)
    for error in (DataError("1"), None, DataError("2"), DataError("3")):
        run(instance, error=error)
    assert [message["state"] for message in look() + look()] == ["firing", "resolved", "firing"]
    assert [alert.evidence.split(".")[0] for alert in Outbox(instance.root_directory).firing()] == ["3"]


def test_a_channel_without_its_address_is_refused_when_definitions_load() -> None:
    with pytest.raises(UsageError, match="webhook_url"):
        build_definitions(Settings(alerts=AlertSettings(channels=("webhook",))))
