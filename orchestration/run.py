"""The main job, in this process: ingest → forecast → policies → analytics, and the figures of the day.

`replenish run` calls it. The same jobs run by automation and in backfills from the UI; those wait in Dagster's queue, this one does not.
"""

from datetime import UTC, date, datetime

from assets.partitioned import Progress
from assets.source_days import source_days
from assets.staleness import DATA_REASONS
from domain.calendar import ONE_WEEK, cutoff_for, weeks_between
from domain.errors import DataError
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from orchestration.in_process import InProcess, errors_of_ours
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range
from orchestration.staleness_checks import report_staleness
from orchestration.summary import RunSummary, source_report, summarize_run
from quality.source_checks import decision_day

__all__ = ["RunSummary", "run_platform"]

FEWEST_HISTORY_WEEKS = 16
"""History a judged forecast must have had: with less, its accuracy says little about today's."""
_REASON = "replenish run"


def run_platform(settings: Settings, *, on_progress: Progress | None = None) -> RunSummary:
    """Run the whole graph for the newest complete week and the day after the last day with data.

    The forecast of 12 weeks before is made too, where enough history lies before it, so that its accuracy is known.

    Raises:
        ReplenishError: As the failing step raised it.
        StorageError: The data root is full or read-only.
    """
    with errors_of_ours(root=settings.data):
        return _run(settings, on_progress or (lambda _: None))


def _run(settings: Settings, tell: Progress) -> RunSummary:
    reading = InProcess(settings, reason=_REASON, on_progress=tell)
    ingest = reading.run(INGEST, shard_range(settings.n_shards))
    restated = [stale for stale in report_staleness(reading.instance, settings) if stale.is_for(DATA_REASONS)]
    if restated:
        tell(f"the source restated rows that {len(restated)} partitions had seen: see `replenish status`, then `replenish repair`")
    days = source_days(settings)
    if days is None:
        raise DataError("the source holds no sales", remedy="Add rows to sales_transactions or weekly_sales.")
    today = datetime.now(UTC).date()
    day = decision_day(days.first_sale, min(days.last_day, today), today=today)
    cutoff = cutoff_for(day)
    platform = InProcess(settings, reason=_REASON, on_progress=tell)  # the partitions begin where the source does
    for week in _cutoffs(days.first_sale, cutoff):
        tell(f"forecast from cutoff {week}")
        platform.run(WEEKLY_FORECAST, week_range(week, n_shards=settings.n_shards))
    tell(f"orders for {day}")
    platform.run(DAILY_OPTIMIZATION, day_range(day, n_shards=settings.n_shards))
    return summarize_run(settings, cutoff=cutoff, decision_date=day, source_report=source_report(ingest))


def _cutoffs(first_sale: date, newest: date) -> list[date]:
    """Cutoffs to forecast from, the one to be judged first."""
    judged = newest - HORIZON_WEEKS * ONE_WEEK
    return [judged, newest] if weeks_between(first_sale, judged) + 1 >= FEWEST_HISTORY_WEEKS else [newest]
