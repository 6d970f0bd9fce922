"""Read a source for a command, say what was found in it, and check that a cutoff can be answered from it."""

from dataclasses import replace
from datetime import date

from cli.terminal import progress, today
from domain.calendar import monday_of, sunday_of
from domain.errors import UsageError
from domain.settings import Settings
from quality.readings import count_readings, reading_lines
from quality.source_checks import check_merchant_settings, data_span, ids_without_sales
from sources.folder import RawTables, read_source
from sources.local_time import on_merchants_clocks


def read_and_report(source: str, *, settings: Settings) -> RawTables:
    """Read the source, print what was read, rejected and assumed on stderr.

    Raises:
        DataError: The source breaks the data contract.
        UsageError: The settings name a merchant that the source does not have.
    """
    progress(f"reading {source}")
    read = read_source(source, today=today())
    raw = replace(read, frames=on_merchants_clocks(read.frames, default_time_zone=settings.reading.time_zone))
    progress(f"read {raw.rows_read:,} rows: {raw.rows_accepted:,} accepted, {raw.rows_rejected:,} rejected")
    for rule, count in raw.rejects_by_rule.items():
        progress(f"  rejected by {rule}: {count:,}")
    if raw.missing_optional:
        progress(f"  not in the source: {', '.join(raw.missing_optional)}")
    if raw.not_read:
        progress(f"  not read, unknown to the data contract: {', '.join(raw.not_read)}")
    for line in reading_lines(count_readings(raw.readings)):
        progress(f"  {line}")
    for note in ids_without_sales(raw.frames):
        progress(f"  {note}")
    check_merchant_settings(raw.frames, settings)
    return raw


def check_cutoff(raw: RawTables, cutoff: date, *, option: str) -> None:
    """Refuse a cutoff the source knows nothing about; warn where its week may be incomplete.

    Raises:
        UsageError: The cutoff is not a Monday, or lies outside the data.
    """
    if cutoff != monday_of(cutoff):
        raise UsageError(f"{option} {cutoff} is not a Monday", wanted="the Monday of the last week the forecast may see", remedy=f"Use {monday_of(cutoff)}.")
    first, last = data_span(raw.frames, today=today())
    if cutoff > monday_of(last):
        raise UsageError(
            f"the source ends before the week of cutoff {cutoff}", got=f"last day with data: {last}", remedy=f"Use a cutoff up to {monday_of(last)}."
        )
    if sunday_of(cutoff) >= today():
        raise UsageError(f"the week of cutoff {cutoff} is not over yet", remedy="Use the Monday of the last complete week.")
    if cutoff < monday_of(first):
        raise UsageError(f"cutoff {cutoff} lies before the first sale", got=f"first sale on {first}", remedy=f"Use a cutoff from {monday_of(first)} on.")
    if last < sunday_of(cutoff):
        progress(f"warning: the last day with data is {last}; the week of cutoff {cutoff} is read as complete")
