"""One frozen settings object: defaults < TOML file < environment < the merchant's own row.

Environment variables start with `REPLENISH_`; nested values take two underscores
(`REPLENISH_FORECAST__N_TREES=60`). A TOML file named by `REPLENISH_SETTINGS` or `--settings` has the same shape,
with merchants under `[merchants.ID]`. Every value's unit stands in its name or description;
`docs/reference/settings.md` is generated from here.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from domain.calendar import time_zones
from domain.errors import UsageError

PolicyName = Literal["extended", "look_ahead", "classical", "s_S", "base_stock", "newsvendor"]
Trigger = Literal["position", "on_hand"]
OBJECTIVE_PATTERN = "^(mean|p[1-9][0-9]?|cvar[1-9][0-9]?)$"
"""The mean, a percentile (p75), or the mean of the costs from a percentile on (cvar90)."""
Profile = Literal["tiny", "full"]
StockReporting = Literal["snapshot", "changes"]
ChannelName = Literal["file", "mail", "webhook", "sns", "cloudwatch"]


def _floors_from_text(value: Any) -> Any:
    """A floor per service class from the text of a table's cell, "A=0.95, B=0.9"; anything else as it is."""
    if not isinstance(value, str):
        return {} if value is None else value
    parts = (part.partition("=") for part in value.split(",") if part.strip())
    return {name.strip(): floor.strip() or None for name, _, floor in parts}


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _listed(value: Any) -> Any:
    """The words of a table's cell, "monday, thursday"; anything else as it is."""
    return tuple(word.strip().lower() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
OrderWeekdays = Annotated[tuple[Weekday, ...], BeforeValidator(_listed)]
OrderDates = Annotated[tuple[date, ...], BeforeValidator(_listed)]
FillRateFloors = Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]], BeforeValidator(_floors_from_text)]


def _known_time_zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError("an IANA name such as Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ForecastSettings(_Frozen):
    """How demand is forecast."""

    history_weeks: int = Field(156, ge=1, description="Sliding window of history, in weeks (three years).")
    n_training_rows: int = Field(240_000, ge=100, description="Rows (series × origin × horizon week) sampled for training, over all shards.")
    min_training_rows: int = Field(500, ge=1, description="Below this many rows no tree model is trained; every series takes the empirical route.")
    n_trees: int = Field(90, ge=1, description="Boosting rounds per quantile level.")
    n_leaves: int = Field(31, ge=2, description="Leaves per tree.")
    learning_rate: float = Field(0.08, gt=0, le=1, description="Shrinkage per tree.")
    decay_half_life_weeks: float = Field(104.0, gt=0, description="Age in weeks at which a training row counts half.")
    n_threads: int = Field(2, ge=1, description="Threads of LightGBM and feature building; results do not depend on it.")


class ChampionSettings(_Frozen):
    """When a challenger takes over a segment from the models."""

    minimum_improvement: float = Field(0.15, ge=0, lt=1, description="Least share by which its held-out loss must be below the models'.")
    significance: float = Field(0.05, gt=0, lt=1, description="Largest p-value of the paired test over series, all challengers together.")
    fewest_series: int = Field(30, ge=2, description="Least series of the segment that must have been judged.")
    fewest_cutoffs: int = Field(3, ge=1, description="Least cutoffs that must have been judged, among those of the last 13 weeks.")


class CalibrationSettings(_Frozen):
    """When a forecast counts as calibrated."""

    largest_error: float = Field(0.05, gt=0, le=1, description="Largest mean |coverage − level| over the 39 levels [ECE].")
    coverage_tolerance: float = Field(0.08, gt=0, le=1, description="Largest distance of the 80 % interval's coverage from 0.8.")
    is_enforced: bool = Field(
        True, description="Whether a segment that fails is decided on with a simple forecaster's quantiles instead; false = it only warns."
    )
    fewest_cells: int = Field(2_000, ge=1, description="Series × weeks below which a segment's figures say too little to fail it.")


class DriftSettings(_Frozen):
    """When a figure of a week or a day differs so much from its own past that a person should look."""

    reference_periods: int = Field(26, ge=8, description="Weeks (decision days: days) before, with which a figure is compared.")
    fewest_reference_periods: int = Field(12, ge=4, description="Below this many there is no verdict.")
    robust_deviations: float = Field(5.0, gt=0, description="Distance from the median of the periods before, in robust standard deviations (1.4826 · MAD).")
    largest_psi: float = Field(0.25, gt=0, description="Population stability index of a distribution against that of the 8 weeks before, at least.")
    largest_ks: float = Field(0.15, gt=0, le=1, description="Kolmogorov–Smirnov distance of a distribution from that of the 8 weeks before, at least.")
    fewest_cells: int = Field(200, ge=1, description="Rows or series below which a distribution says too little to judge it.")
    level_change: float = Field(0.4, gt=0, description="Least change of a level of demand, as a logarithm (0.4: −33 %, +49 %).")
    fewest_series_of_level: int = Field(50, ge=2, description="Series with known demand below which the level of a category or merchant is not judged.")
    category_fall_deviations: float = Field(
        3.0, gt=0, description="Robust standard deviations for a category whose demand falls: it is sought harder than one that rises, as promotions make it."
    )
    price_jump_share: float = Field(0.2, gt=0, le=1, description="Share of a merchant's articles with a price five times the usual, or a fifth; blocks.")
    silent_share: float = Field(0.15, gt=0, le=1, description="Share of series that sell every week and sold nothing; blocks.")
    uncounted_share: float = Field(0.1, gt=0, le=1, description="Share of series whose stock was counted the week before and is not any more; blocks.")
    repeated_share: float = Field(0.15, gt=0, le=1, description="Share of rows of sales that repeat another row under another id; blocks.")
    frozen_share: float = Field(0.3, gt=0, le=1, description="Share of series whose stock should have changed and did not.")
    unexplained_share: float = Field(0.3, gt=0, description="Units of stock that sales, returns and receipts do not explain, over the units moved.")
    censored_share: float = Field(0.2, gt=0, le=1, description="Least change of the share of series that stock cut off.")
    churn_share: float = Field(0.2, gt=0, le=1, description="Share of series that are new, or have ended, in one week.")
    category_share: float = Field(0.05, gt=0, le=1, description="Share of units in categories that appeared, or in those that vanished.")
    forecast_change: float = Field(
        0.35, gt=0, description="Least change of a forecast's loss or error over that of the baseline, and of its mean over demand, as a logarithm."
    )
    coverage_change: float = Field(0.08, gt=0, le=1, description="Least change of the share of weeks inside the 80 % interval, and of the mean PIT.")
    changed_orders_share: float = Field(0.25, gt=0, le=1, description="Share of SKUs whose order changed from the day before.")
    order_change: float = Field(0.2, ge=0, description="An order has changed where it moved by more than this share of the larger of both.")
    order_value_change: float = Field(0.7, gt=0, description="Least change of the value of a week's orders, as a logarithm (0.7: half, double).")
    adherence_change: float = Field(0.3, gt=0, le=1, description="Least fall of the share of recommended orders that were placed.")
    cost_change: float = Field(0.4, gt=0, description="Least change of realised over predicted cost, as a logarithm.")
    accepted_weeks: tuple[date, ...] = Field((), description="Mondays whose input a person has looked at and accepts: breaches are shown but block nothing.")


class SimulationSettings(_Frozen):
    """How futures are drawn."""

    n_paths_optimize: int = Field(500, ge=2, description="Paths on which candidate policies compete.")
    n_paths_settle: int = Field(
        1_024, ge=2, description="Further paths on which today's order is settled: orders that cost as much within the error are alike."
    )
    n_paths_evaluate: int = Field(5_000, ge=2, description="Fresh paths on which the chosen policy's figures are reported.")
    copula_common_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of weekly demand's variance that is common to all weeks [g]; unset = as past forecasts of the segment showed, else 0.15.",
    )
    copula_autocorrelation: float | None = Field(
        None, gt=-1, lt=1, description="Week-to-week autocorrelation of the rest [ρ]; unset = as past forecasts of the segment showed, else 0.2."
    )
    random_shipment_delays: bool = Field(
        True, description="Shipments in transit arrive early or late as lead times do, given that they have not arrived; false = when expected."
    )
    n_threads: int = Field(2, ge=1, description="SKUs optimised at a time; results do not depend on it.")

    def n_paths(self, purpose: Literal["optimize", "settle", "evaluate"]) -> int:
        """Paths of a purpose."""
        return {"optimize": self.n_paths_optimize, "settle": self.n_paths_settle, "evaluate": self.n_paths_evaluate}[purpose]


class OptimizerSettings(_Frozen):
    """How hard the optimiser looks."""

    evaluation_budget: int = Field(1_200, ge=10, description="Most candidate policies scored per SKU.")


class EvidenceSettings(_Frozen):
    """What is shown beside a recommendation, so that a person can judge it; no order depends on it."""

    compared_policies: tuple[PolicyName, ...] = Field((), description="Policies every recommendation is compared with, beside base-stock and never ordering.")
    n_paths_cost_curve: int = Field(1_024, ge=0, description="Fresh paths on which other quantities of today's order are tried, in blocks of 128; 0 = none.")
    explained_changes_from_eur: float | None = Field(
        100.0, ge=0, description="Changes of an order since the day before worth at least this are traced to their causes; unset = none are."
    )


class InventorySettings(_Frozen):
    """What a merchant may decide; every value can be overridden per merchant (table `merchants` or TOML)."""

    review_period_weeks: int = Field(1, ge=1, le=12, description="Weeks between two order decisions [R].")
    order_weekdays: OrderWeekdays = Field(
        ("monday",),
        min_length=1,
        description='Days on which orders are placed, in a table\'s cell "monday, thursday". On other days a recommendation is a preview of the next one, '
        "unless an order today prevents a stock-out.",
    )
    order_dates: OrderDates = Field((), description='Dates on which orders are placed, instead of weekdays; in a table\'s cell "2026-10-05, 2026-11-02".')
    smallest_benefit_eur: float | None = Field(
        None,
        ge=0,
        description="What an order must save at least against ordering nothing today, never more than a tenth of what a review period's sales earn; "
        "unset = the fixed order cost, else 1 EUR.",
    )
    lead_time_weeks: float = Field(2.0, ge=0, le=52, description="Mean full weeks between order and receipt [L].")
    lead_time_cv: float | None = Field(
        None, ge=0, le=5, description="Standard deviation of the lead time over its mean; 0 = deterministic, unset = from received shipments, else 0.4."
    )
    policy: PolicyName = Field("look_ahead", description="Replenishment policy.")
    trigger: Trigger = Field("position", description="What the reorder point is compared with: inventory position, or on-hand stock with nothing in transit.")
    objective: str = Field(
        "mean",
        pattern=OBJECTIVE_PATTERN,
        description="What is minimised over the paths: a percentile of cost (p75), its mean (mean), or the mean from a percentile on (cvar90).",
    )
    minimum_fill_rate: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Least share of demand served, on average over the paths: no policy below it is chosen if one above it is found; unset = none.",
    )
    discount: float = Field(1.0, ge=0.5, le=1, description="Weight of a week's cost relative to the week before [γ].")
    inbound_share_before_demand: float = Field(0.5, ge=0, le=1, description="Share of a week's arrivals and returns that is on hand before its demand.")
    minimum_order_quantity_units: int = Field(1, ge=1, description="Smallest order, where the article has none of its own.")
    pack_size_units: int = Field(1, ge=1, description="Order multiple, where the article has none of its own.")
    maximum_order_quantity_units: int | None = Field(None, ge=1, description="Largest order of an article; unset = no limit.")
    storage_capacity_units: int | None = Field(
        None, ge=1, description="Most units of an article on hand and on order after an order, which is cut to whole packs that fit; unset = no limit."
    )
    budget_eur_per_week: float | None = Field(
        None, ge=0, description="Most to be spent on orders in an ISO week, earlier orders of the week counted; unset = no limit."
    )
    inbound_capacity_units_per_week: int | None = Field(
        None, ge=0, description="Most units that may arrive in the week in which an order of today is due, those in transit counted; unset = no limit."
    )
    minimum_order_value_eur: float | None = Field(
        None, ge=0, description="What a supplier must be ordered for on a day, or nothing at all (articles with a `supplier_id`); unset = no minimum."
    )
    fill_rate_floors: FillRateFloors = Field(
        default_factory=dict, description="Least fill rate by service class, over the class's demand, e.g. {A = 0.95}; in a table's cell \"A=0.95, B=0.9\"."
    )
    terminal_markdown_share: float = Field(0.0, ge=0, le=1, description="Share of unit cost lost on each unit left at the horizon; 0 = off.")
    initial_order_latest_week: int = Field(
        0, ge=0, le=11, description="Latest week, counted from now, for the kick-start order [bound of t₀]; 0 = now or never."
    )


class CostSettings(_Frozen):
    """Cost rates where the source has none."""

    unit_price_eur: float = Field(1.0, ge=0, description="Selling price per unit without a price anywhere (money then reads as units).")
    unit_cost_eur: float = Field(0.0, ge=0, description="Purchase cost per unit without a cost.")
    holding_rate_share_of_price_per_week: float = Field(
        0.01, ge=0, description="Holding rate per unit and week as a share of the unit price, without a holding rate."
    )
    inbound_rate_eur_per_unit: float = Field(0.0, ge=0, description="Receiving cost per unit ordered, without a rate.")
    outbound_rate_eur_per_unit: float = Field(0.0, ge=0, description="Shipping cost per unit sold, without a rate.")
    return_handling_rate_eur_per_unit: float = Field(0.0, ge=0, description="Handling cost per unit returned, without a rate.")
    fixed_order_cost_eur: float = Field(0.0, ge=0, description="Cost of placing one order, without a rate [K].")


class OperationsSettings(_Frozen):
    """When the platform runs by itself (Dagster's sensor `automation`, stopped until somebody starts it), and how backfills are cut."""

    due_hour_utc: int = Field(4, ge=0, le=23, description="Hour (UTC) at which a day's ingestion, forecast and optimisation fall due.")
    catch_up_days: int = Field(7, ge=0, le=370, description="Days back for which a missed run is made up for.")
    partitions_per_run: int | None = Field(None, ge=1, description="Most partitions one run of a backfill covers; unset = as many as follow each other.")
    emptied_tables: tuple[str, ...] = Field(
        (), description="Tables of the source that may come without rows, or not at all, although the ingestion before had some: otherwise the run stops."
    )


class SuiteSettings(_Frozen):
    """When data counts as usual (suites, `quality/suites`); beyond it a check warns, and nothing is stopped."""

    largest_missing_share: float = Field(0.05, ge=0, le=1, description="Largest share of missing values in a column that the source delivers.")
    fewest_history_weeks: int = Field(78, ge=1, description="History below which a series counts as short, in weeks (18 months).")
    usual_history_weeks: int = Field(104, ge=1, description="History the market as a whole should have, in weeks (24 months).")
    largest_short_share: float = Field(
        0.5, ge=0, le=1, description="Largest share of series with a short history: articles that come and go are normal, a truncated export is not."
    )
    largest_unexplained_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Largest share of the units moved that sales, returns and arrivals leave unexplained in the stock, over half a year and in the newest week.",
    )


class AlertSettings(_Frozen):
    """Who is told what goes wrong, and how. Secrets belong into the environment, not into a file."""

    channels: tuple[ChannelName, ...] = Field(("file",), description="Channels that get every alert; in the environment a JSON list.")
    most_exceptions_per_merchant: int = Field(
        100, ge=1, description="Exceptions of a merchant and day from which on its list is too long to be worked through."
    )
    link_base: str = Field(
        "", description="What stands before the path of a runbook: where the repository is browsed, ending in a slash; empty = the file of this installation."
    )
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="Longest wait for a channel's answer, in seconds.")
    mail_host: str = Field("", description="SMTP server.")
    mail_port: int = Field(587, ge=1, le=65_535, description="Its port.")
    mail_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is encrypted.")
    mail_user: str = Field("", description="Name to log in with; empty = no login.")
    mail_password: SecretStr | None = Field(None, description="Its password.")
    mail_login_in_clear: bool = Field(
        False, description="Log in although mail_security is none: for a relay on this machine or a private network, as the password can be read on the way."
    )
    mail_from: str = Field("", description="Sender.")
    mail_to: tuple[str, ...] = Field((), description="Recipients.")
    webhook_url: SecretStr | None = Field(None, description="Slack-compatible incoming webhook.")
    sns_topic_arn: str = Field("", description="SNS topic (AWS credentials and region as boto3 finds them).")
    cloudwatch_namespace: str = Field("Replenish", description="Namespace of the metric AlertsFiring and prefix of the alarms' names.")
    cloudwatch_alarms_notify: bool = Field(
        False, description="CloudWatch's alarms notify the SNS topic too; with the channel sns on, everything would be told twice."
    )


class SourceReadingSettings(_Frozen):
    """How the source is to be read where it does not say so itself."""

    time_zone: TimeZone = Field("UTC", description="Whose clock says what day and week it is, for merchants that name none (IANA name).")
    stock_reports: StockReporting | None = Field(
        None,
        description="snapshot: a day's stock report lists all there is, what it omits is zero; changes: what it omits is as before; unset = guessed.",
    )


class GovernanceSettings(_Frozen):
    """Whose orders are released, and which wait for a person. No recommendation depends on it, only what may be placed."""

    pilot_merchants: tuple[str, ...] = Field((), description="Merchants whose orders are released; empty = all. In the environment a JSON list.")
    hold_change_from_eur: float | None = Field(
        None, gt=0, description="An order that moved by at least this value since the day before waits for a person's approval; unset = none does."
    )


class Settings(_Frozen):
    """Everything that can be set. Frozen: a run keeps what it started with, and its hash stands in every policy row."""

    data: str = Field("./data", description="Root of everything written: a local folder or an s3:// prefix.")
    source: str = Field("", description="Source the raw stage reads: a folder or s3:// prefix holding the data contract.")
    n_shards: int = Field(4, ge=1, le=99, description="Shards the series are spread over.")
    seed: int = Field(20_260_101, ge=0, lt=2**63, description="Seed of all keyed randomness.")
    profile: Profile = Field("full", description="tiny: fewer paths and trees, for smoke tests.")
    forecast: ForecastSettings = ForecastSettings()
    champions: ChampionSettings = ChampionSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    drift: DriftSettings = DriftSettings()
    simulation: SimulationSettings = SimulationSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    inventory: InventorySettings = InventorySettings()
    costs: CostSettings = CostSettings()
    reading: SourceReadingSettings = SourceReadingSettings()
    operations: OperationsSettings = OperationsSettings()
    alerts: AlertSettings = AlertSettings()
    suites: SuiteSettings = SuiteSettings()
    governance: GovernanceSettings = GovernanceSettings()
    merchants: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Inventory settings by merchant_id: `[merchants.ID]` in the TOML file.")

    def for_merchant(self, merchant_id: str, row: Mapping[str, Any] | None = None) -> Self:
        """These settings with the merchant's own in force: its row of the `merchants` table, then its TOML section.

        Raises:
            UsageError: A merchant's setting is unknown or out of bounds.
        """
        known = InventorySettings.model_fields
        own = {name: value for name, value in (row or {}).items() if name in known and value is not None}
        own |= self.merchants.get(merchant_id, {})
        if not own:
            return self
        try:
            inventory = InventorySettings(**(self.inventory.model_dump() | own))
        except ValidationError as error:
            raise _settings_error(error, where=f"merchant {merchant_id}") from error
        return self.model_copy(update={"inventory": inventory})

    def for_merchant_if_usable(self, merchant_id: str, row: Mapping[str, Any] | None = None) -> tuple[Self, str]:
        """The merchant's settings and no reason; or the platform's, and why the merchant's own are not usable."""
        try:
            return self.for_merchant(merchant_id, row), ""
        except UsageError as error:
            return self, f"{error.fact}: {error.got}"

    def for_article(self, lead_time_weeks: float | None) -> Self:
        """These settings with an article's own lead time in force; `None` = the merchant's."""
        if lead_time_weeks is None or lead_time_weeks == self.inventory.lead_time_weeks:
            return self
        return self.model_copy(update={"inventory": self.inventory.model_copy(update={"lead_time_weeks": lead_time_weeks})})

    def hash(self) -> str:
        """16 hex digits over the record."""
        return hashlib.sha256(self.as_record().encode()).hexdigest()[:16]

    def as_record(self) -> str:
        """Every value that can change a result, as JSON: not where data lies, how many work on it, nor when, nor who is told."""
        values = self.model_dump(
            mode="json", exclude={"data", "source", "n_shards", "profile", "operations", "drift", "alerts", "suites", "governance", "merchants"}
        )
        del values["forecast"]["n_threads"], values["simulation"]["n_threads"]
        return json.dumps(values, sort_keys=True)

    @classmethod
    def from_record(cls, record: str) -> Self | None:
        """Settings that were in force; `None` where the record knows settings that this version does not, or the other way round."""
        try:
            settings = cls.model_validate_json(record)
        except ValidationError:
            return None
        return settings if json.loads(settings.as_record()) == json.loads(record) else None


TINY: Mapping[str, Any] = {
    "forecast": {"n_training_rows": 20_000, "n_trees": 20},
    "simulation": {"n_paths_optimize": 100, "n_paths_settle": 256, "n_paths_evaluate": 400},
    "optimizer": {"evaluation_budget": 200},
    "evidence": {"n_paths_cost_curve": 128},
}
"""What the profile `tiny` changes, where nothing else says otherwise."""
_SECRET = re.compile("passw|secret|token|key|webhook|credential", re.IGNORECASE)
"""Names whose values are never shown."""
_NAME_ANOTHER = "Correct --settings or REPLENISH_SETTINGS."


def load_settings(settings_file: str | Path | None = None, **overrides: Any) -> Settings:
    """Settings from defaults, profile, TOML file, environment and arguments, the later winning.

    Args:
        settings_file: TOML file; `None` = the one `REPLENISH_SETTINGS` names, if any.
        **overrides: Top-level settings given by the caller; `None` = not given.

    Raises:
        UsageError: The file is missing or not TOML, or a value is unknown or out of bounds.
    """
    path = settings_file or os.environ.get("REPLENISH_SETTINGS")
    from_file = _read_toml(Path(path)) if path else {}
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        from_environment = EnvSettingsSource(Settings, env_prefix="REPLENISH_", env_nested_delimiter="__")()  # type: ignore[arg-type]
        values = _merge(_merge(from_file, from_environment), given)
        if values.get("profile") == "tiny":
            values = _merge(TINY, values)
        settings = Settings.model_validate(values)
    except (ValidationError, SettingsError) as error:
        raise _settings_error(error, where=_place(path)) from error
    _check_order_terms(settings.inventory, where=f"the settings of {_place(path)}")
    for merchant_id in settings.merchants:
        _check_order_terms(settings.for_merchant(merchant_id).inventory, where=f"merchant {merchant_id}")
    return settings


def _place(path: str | Path | None) -> str:
    return str(path) if path else "the environment"


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, table by table."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return merged


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"settings file {path} does not exist", remedy=_NAME_ANOTHER) from error
    except OSError as error:  # a folder, a file of somebody else
        raise UsageError(
            f"settings file {path} cannot be read", got=error.strerror or str(error), wanted="a readable TOML file", remedy=_NAME_ANOTHER
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"settings file {path} is not text", got=str(error), wanted="TOML in UTF-8", remedy="Save the file as UTF-8, or name another with --settings."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"settings file {path} is not TOML", got=str(error), remedy="Correct the file at the place named.") from error


def _check_order_terms(inventory: InventorySettings, *, where: str) -> None:
    """Refuse terms that no order can meet, before anything is read.

    Raises:
        UsageError: The smallest order in whole packs is above the largest, or above what the warehouse holds.
    """
    pack = inventory.pack_size_units
    smallest = -(-inventory.minimum_order_quantity_units // pack) * pack
    for name in ("maximum_order_quantity_units", "storage_capacity_units"):
        limit = getattr(inventory, name)
        if limit is not None and smallest > limit:
            raise UsageError(
                f"the order terms of {where} contradict each other",
                got=f"smallest order {smallest} units (minimum {inventory.minimum_order_quantity_units}, pack {pack}), {name} = {limit}",
                wanted="a smallest order, in whole packs, up to the limit",
                remedy=f"Lower minimum_order_quantity_units or pack_size_units, or raise {name}.",
            )


def _settings_error(error: ValidationError | SettingsError, *, where: str) -> UsageError:
    """The first thing that is wrong; the value only of a setting that is known and no secret: a misspelt name may well hold one."""
    if isinstance(error, SettingsError):
        return UsageError(f"a setting of {where} is not usable", got=str(error), remedy="See docs/reference/settings.md.")
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    is_known = first["type"] not in {"extra_forbidden", "model_type"}
    value = repr(first.get("input"))
    may_be_shown = is_known and not _SECRET.search(name) and not _SECRET.search(value) and "://" not in value
    return UsageError(
        f"setting {name!r} of {where} is not usable",
        got=value if may_be_shown else "a value that is not shown, for it may be a secret",
        wanted="the name of a setting" if first["type"] == "extra_forbidden" else first["msg"],
        remedy="docs/reference/settings.md lists every setting with its unit, default and bounds.",
    )
