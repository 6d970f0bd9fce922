"""What a run decided, read back from the tables it wrote."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from assets.layout import PartitionKey, partition_location, read_partition, read_partitions, shard_names
from assets.marts import ANALYTICS_FILE
from domain.settings import Settings
from domain.stage_tables import FORECAST_REFUSED
from domain.tables import RAW_TABLES
from feature_store import defaults_used
from orchestration.suite_reports import index_location, is_raw, newest_reports
from quality.day_figures import AGED_COLUMNS, accuracy_figures, input_ages, newest_days, order_figures, release_figures, top_exceptions, top_orders
from quality.readings import count_readings
from quality.suites import SUITE_TABLES, unmet_expectations
from sources.folder import count_rules
from sources.storage import join

_DRIFT = ("series/input_drift", "evaluation/forecast_drift")
_REPORTED = ("rows_read", "rows_accepted", "rows_rejected")


@dataclass(frozen=True)
class RunSummary:
    """What a run decided, in figures read back from the tables it wrote. Money in EUR over the 12 weeks."""

    date: str
    cutoff: str
    n_series: int
    n_orders: int
    order_value_eur: float
    expected_cost_eur: float
    expected_cost_without_order_eur: float
    fill_rate: float | None
    fill_rate_without_order: float | None
    forecast_accuracy: dict[str, float] | None
    """`wape` and `coverage_80` of the forecast of 12 weeks ago; `None` where none can be judged."""
    top_orders: list[dict[str, Any]]
    top_exceptions: list[dict[str, Any]]
    defaults_used: list[str]
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rejects_by_rule: dict[str, int]
    missing_optional: list[str]
    not_read: list[str]
    """Files and columns of the source that the data contract does not know."""
    ids_without_sales: list[str]
    outputs: dict[str, str]
    readings: list[dict[str, Any]] = field(default_factory=list)
    """How unclear, implausible and missing values of the source were read (`quality.readings`)."""
    refused_forecasts: dict[str, str] = field(default_factory=dict)
    """Segments whose forecast the calibration gate refused, with the forecaster that answers instead."""
    drift: list[str] = field(default_factory=list)
    """Checks of the week's input and forecast that are breached, with their figures."""
    n_orders_released: int = 0
    n_next_order_day: int = 0
    """Orders that are planned for the next order day."""
    next_order_date: str | None = None
    """The first of these days."""
    n_not_decided: int = 0
    not_decided: list[dict[str, Any]] = field(default_factory=list)
    """Why articles could not be decided: `n`, `reason`."""
    n_orders_held: int = 0
    """Orders that wait for a person's approval."""
    n_orders_outside_pilot: int = 0
    expected_cost_base_stock_eur: float = 0.0
    """What a tuned base-stock policy would cost on the same futures."""
    stock_age_days: int | None = None
    """Days from the newest stock count to the decision day; `None` = there is none."""
    sales_age_days: int | None = None
    stale_inputs: list[str] = field(default_factory=list)
    """Merchants whose stock or sales end more than a week before the decision day."""
    unmet_expectations: list[dict[str, Any]] = field(default_factory=list)
    """What the suites found, of the source and of the day's and the week's tables: table, expectation, got, wanted, is_blocking."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def summarize_run(settings: Settings, *, cutoff: date, decision_date: date, source_report: dict[str, Any]) -> RunSummary:
    """The figures of one decision day.

    Args:
        settings: Of the run.
        cutoff: Of the forecast behind the day's orders.
        decision_date: The day.
        source_report: See `source_report`.
    """
    shards = shard_names(settings.n_shards)
    of_day: list[PartitionKey] = [{"day": decision_date.isoformat(), "shard": shard} for shard in shards]
    of_week: list[PartitionKey] = [{"week": cutoff.isoformat(), "shard": shard} for shard in shards]
    policies = read_partitions(settings.data, "policy/policies", of_day)
    return RunSummary(
        date=decision_date.isoformat(),
        cutoff=cutoff.isoformat(),
        **order_figures(policies),
        forecast_accuracy=accuracy_figures(read_partitions(settings.data, "evaluation/forecast_accuracy", of_week)),
        top_orders=top_orders(policies),
        top_exceptions=top_exceptions(read_partitions(settings.data, "evaluation/exceptions", of_day), n_series=policies.height),
        defaults_used=_defaults_used(settings, of_week, decision_date=decision_date),
        **source_report,
        rejects_by_rule=count_rules(read_partitions(settings.data, "raw/rejects", [{"shard": shard} for shard in shards])),
        readings=count_readings(_readings(settings.data, shards, of_day)),
        outputs=_outputs(settings.data, cutoff=cutoff, decision_date=decision_date),
        refused_forecasts=_refused(read_partitions(settings.data, "forecast/released", of_week)),
        drift=[line for table in _DRIFT for line in _breaches(read_partition(settings.data, table, of_week[0]))],
        **release_figures(read_partitions(settings.data, "policy/order_releases", of_day)),
        **input_ages(_newest_days(settings.data, shards, decision_date), decision_date=decision_date),
        unmet_expectations=_unmet(settings.data, moments={cutoff.isoformat(), decision_date.isoformat()}),
    )


def _newest_days(root: str, shards: list[str], decision_date: date) -> pl.DataFrame:
    """Shard by shard: the rows of a large market do not fit into memory together."""
    parts = ({table: read_partition(root, f"raw/{table}", {"shard": shard}, columns=columns) for table, columns in AGED_COLUMNS.items()} for shard in shards)
    return pl.concat([newest_days(part, decision_date=decision_date) for part in parts])


def _unmet(root: str, *, moments: set[str]) -> list[dict[str, Any]]:
    """Of the newest report of every table, where it is about the source or about these weeks and days."""
    reports = [found[0] for table in SUITE_TABLES if (found := newest_reports(root, table, n=1))]
    return [finding for report in reports if is_raw(report.table) or report.partition in moments for finding in unmet_expectations(report)]


def _readings(root: str, shards: list[str], of_day: list[PartitionKey]) -> pl.DataFrame:
    """How the source was read, and how its meaning was on the day."""
    of_source: list[PartitionKey] = [{"shard": shard} for shard in shards]
    return pl.concat([read_partitions(root, "raw/readings", of_source), read_partitions(root, "vectors/readings", of_day)])


def _refused(forecast: pl.DataFrame) -> dict[str, str]:
    rows = forecast.filter(pl.col("flags").str.contains(FORECAST_REFUSED)).select("segment", "model").unique().sort("segment")
    return dict(rows.iter_rows())


def _breaches(verdicts: pl.DataFrame) -> list[str]:
    found = verdicts.filter("is_breached").select("check", "scope", "evidence")
    return [f"{check} ({scope}): {evidence}" for check, scope, evidence in found.iter_rows()]


def source_report(ingest: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """What the raw stage said about the source, from its materialisation of the rejects."""
    events = [event.step_materialization_data.materialization for event in ingest.get_asset_materialization_events()]
    metadata = next(event.metadata for event in events if event.asset_key == dg.AssetKey(["raw", "rejects"]))
    lists = {"missing_optional": ("missing_optional_tables", ", "), "not_read": ("not_read", ", "), "ids_without_sales": ("ids_without_sales", "; ")}
    return {name: metadata[name].value for name in _REPORTED} | {
        name: [] if (text := str(metadata[key].value)) == "none" else text.split(separator) for name, (key, separator) in lists.items()
    }


def _defaults_used(settings: Settings, of_week: list[PartitionKey], *, decision_date: date) -> list[str]:
    """Every default with the share of articles it fills, shard by shard."""
    root = settings.data
    returns = read_partitions(root, "raw/returns", [{"shard": key["shard"]} for key in of_week])
    n_series, n_filled = 0, dict[tuple[str, str], float]()
    for key in of_week:
        tables = {name: read_partition(root, f"raw/{name}", {"shard": key["shard"]}) for name in RAW_TABLES} | {"returns": returns}
        forecast = read_partition(root, "forecast/quantiles", key)
        n_here = forecast.select("merchant_id", "article_id").n_unique()
        n_series += n_here
        demand, profiles = read_partition(root, "series/weekly_demand", key), read_partition(root, "series/merchant_profiles", key)
        for default in defaults_used(tables, demand, forecast, profiles, decision_date=decision_date, settings=settings):
            name_value = (default.name, default.value)
            n_filled[name_value] = n_filled.get(name_value, 0.0) + default.share_of_rows * n_here
    return [f"{name} = {value} for {filled / n_series:.0%} of articles" for (name, value), filled in n_filled.items()]


def _outputs(root: str, *, cutoff: date, decision_date: date) -> dict[str, str]:
    """Where to find what was written: folders that hold one file per shard, and the analysts' file."""
    of_week, of_day = {"week": cutoff.isoformat()}, {"day": decision_date.isoformat()}
    tables = {"forecasts": ("forecast/released", of_week), "policies": ("policy/policies", of_day), "exceptions": ("evaluation/exceptions", of_day)}
    folders = {name: partition_location(root, table, key).removesuffix("/part.parquet") for name, (table, key) in tables.items()}
    return folders | {"analytics": join(root, "analytics", ANALYTICS_FILE), "checks": index_location(root)}
