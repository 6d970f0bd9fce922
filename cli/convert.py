"""`replenish convert …`: public data sets into the data contract, every input line accounted for."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import JsonOption, emit, progress

if TYPE_CHECKING:
    from sources.conversion import ConversionReport

app = typer.Typer(help="Convert public data sets into the data contract.", no_args_is_help=True)
Out = Annotated[str, typer.Option(help="Folder to write the data contract's tables into.")]


@app.command(name="online-retail")
def online_retail(
    from_: Annotated[str, typer.Option("--from", help="The UCI Online Retail file, Parquet or CSV.")],
    out: Out,
    as_json: JsonOption = False,
) -> None:
    """UCI Online Retail: invoices become sales, cancellations become returns, one merchant.

    Example: `replenish convert online-retail --from online_retail.parquet --out data/online-retail`
    """
    from sources.online_retail import convert_online_retail

    _report(convert_online_retail(from_, out=out), as_json=as_json)


@app.command(name="weekly-panel")
def weekly_panel(
    from_: Annotated[str, typer.Option("--from", help="Panel file, Parquet or CSV: one row per series and week.")],
    merchant: Annotated[str, typer.Option(help="Column with the merchant.")],
    article: Annotated[str, typer.Option(help="Column with the article.")],
    week: Annotated[str, typer.Option(help="Column with a date in the week; of a daily panel the day.")],
    units: Annotated[str, typer.Option(help="Column with the units sold.")],
    out: Out,
    price: Annotated[str | None, typer.Option(help="Column with the unit price.")] = None,
    in_stock: Annotated[str | None, typer.Option(help="Column with the share of the week in stock, 0 … 1 or true/false.")] = None,
    week_starts: Annotated[
        str | None, typer.Option("--week-starts", metavar="WEEKDAY", help="Weekday on which the panel's weeks start: monday, sunday, …; default: guessed.")
    ] = None,
    missing_weeks: Annotated[
        str | None, typer.Option("--missing-weeks", metavar="zero|unknown", help="What a week without a row means; default: unknown, with a warning.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Any panel of weekly or daily sales; rows of one week are added up.

    Example: `replenish convert weekly-panel --from panel.parquet --merchant store --article product --week date --units sales --out data/panel`
    """
    from sources.weekly_panel import convert_weekly_panel

    report = convert_weekly_panel(
        from_,
        out=out,
        merchant=merchant,
        article=article,
        week=week,
        units=units,
        price=price,
        in_stock=in_stock,
        week_starts=week_starts,
        missing_weeks=missing_weeks,
    )
    _report(report, as_json=as_json)


@app.command(name="dominicks")
def dominicks(
    from_: Annotated[str, typer.Option("--from", help="Folder with oj_yx.parquet.")],
    out: Out,
    as_json: JsonOption = False,
) -> None:
    """Dominick's orange juice: weekly store sales with prices and promotions.

    Example: `replenish convert dominicks --from dominicks_orange_juice --out data/dominicks`
    """
    from sources.dominicks import convert_dominicks

    _report(convert_dominicks(from_, out=out), as_json=as_json)


def _report(report: "ConversionReport", *, as_json: bool) -> None:
    for warning in report.warnings:
        progress(f"warning: {warning}")
    lines = [f"{report.rows_read:,} lines read: {report.rows_accepted:,} accepted, {report.rows_rejected:,} rejected → {report.out}"]
    lines += [f"  {name}: {rows:,} rows" for name, rows in report.tables.items()]
    lines += [f"  rejected by {rule}: {count:,}" for rule, count in report.rejects.items()]
    emit(report.as_dict(), "\n".join(lines), as_json=as_json)
