"""The tables of a backtest, each a frame of finished text and numbers from the rows of `results.py`. Definitions: method §7."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from assets.backtest.intervals import Interval, drawn_over, uplift
from domain.randomness import stable_hash

RECORDED, HINDSIGHT = "recorded", "hindsight"
DAYS_PER_YEAR, WEEKS_PER_YEAR = 365, 52
ADOPTION_SHARES = (0.25, 0.5, 0.75, 1.0)
_SERIES = ["start_week", "merchant_id", "article_id"]


def with_measures(results: pl.DataFrame) -> pl.DataFrame:
    """The rows with what the tables add up: GMV after fulfilment, weighted service, obsolescence."""
    fulfilment = pl.sum_horizontal(f"{term}_cost_eur" for term in ("holding", "inbound", "outbound", "returns"))
    return results.with_columns(
        gmv_after_fulfilment_eur=pl.col("gmv_eur") - fulfilment,
        weighted_available_eur=pl.col("revenue_potential_eur") * (1 - pl.col("stock_out_weeks") / pl.col("n_weeks")),
        obsolete_value_eur=pl.when("ends_soon").then("left_value_eur").otherwise(0.0),
    )


def played_everywhere(results: pl.DataFrame) -> pl.DataFrame:
    """Only the contestants that played on every start date: sums over the others would be of other games."""
    n_starts = results["start_week"].n_unique()
    return results.filter(pl.col("start_week").n_unique().over("contestant") == n_starts)


def policy_comparison(results: pl.DataFrame, *, reference: str) -> pl.DataFrame:
    """A row per contestant: the published measures against a reference, with paired intervals over merchants, or over series of few."""
    rows, n_merchants = [], results["merchant_id"].n_unique()
    for contestant in _contestants(results):
        own = results.filter(pl.col("contestant") == contestant)
        sums = own.select(pl.col(pl.Float64, pl.Int64).sum()).row(0, named=True)
        rows.append(
            {
                "contestant": contestant,
                "GMV": _against(results, "gmv_eur", contestant, reference),
                "GMV after fulfilment": _against(results, "gmv_after_fulfilment_eur", contestant, reference),
                "weighted availability": _share(sums["weighted_available_eur"], sums["revenue_potential_eur"]),
                "weighted fill rate": _share(sums["gmv_eur"], sums["revenue_potential_eur"]),
                "cost, EUR per series and week": f"{sums['cost_eur'] / sums['n_weeks']:.3f}",
                "cost": _against(results, "cost_eur", contestant, reference),
                "merchants with less cost": _share_better(results, "cost_eur", contestant, reference, less=True),
                "merchants with more GMV after fulfilment": _share_better(results, "gmv_after_fulfilment_eur", contestant, reference, less=False),
                "intervals over": f"{drawn_over(n_merchants)} of {n_merchants} merchants"
                if drawn_over(n_merchants) == "series"
                else f"{n_merchants} merchants",
            }
        )
    return pl.DataFrame(rows)


def uplifts(results: pl.DataFrame, *, reference: str) -> list[dict[str, Any]]:
    """For programs: per contestant the estimate and bounds of cost, GMV and GMV after fulfilment against a reference, as shares; `None` = not defined.

    `interval_over` says what was drawn anew: `merchants`, or `series` of few merchants.
    """
    measures = {"cost": "cost_eur", "gmv": "gmv_eur", "gmv_after_fulfilment": "gmv_after_fulfilment_eur"}
    found = []
    for contestant in _contestants(results):
        row: dict[str, Any] = {"contestant": contestant, "interval_over": drawn_over(results["merchant_id"].n_unique())}
        for name, measure in measures.items():
            interval = _uplift(results, measure, contestant, reference)._asdict()
            row[name] = {bound: None if np.isnan(value) else value for bound, value in interval.items()}
        found.append(row)
    return found


def stock_comparison(results: pl.DataFrame) -> pl.DataFrame:
    """A row per contestant: stock turns, days on hand, inventory value, what is left of articles that end, mark-downs, orders."""
    rows = []
    for contestant in _contestants(results):
        own = results.filter(pl.col("contestant") == contestant)
        sums = own.select(pl.col(pl.Float64, pl.Int64).sum()).row(0, named=True)
        sold_a_year = WEEKS_PER_YEAR * own.select((pl.col("sold_units") / pl.col("n_weeks")).sum()).item()
        turns = sold_a_year / sums["mean_on_hand_units"] if sums["mean_on_hand_units"] else float("nan")
        n_games = own["start_week"].n_unique()
        rows.append(
            {
                "contestant": contestant,
                "stock turns a year": f"{turns:.1f}",
                "days on hand": f"{DAYS_PER_YEAR / turns:.0f}" if turns > 0 else "–",
                "inventory value, EUR": f"{sums['inventory_value_eur'] / n_games:,.0f}",
                "left of articles that end, EUR": f"{sums['obsolete_value_eur'] / n_games:,.0f}",
                "mark-downs charged, EUR": f"{sums['overstock_cost_eur'] / n_games:,.0f}",
                "orders": f"{sums['n_orders'] / n_games:,.0f}",
            }
        )
    return pl.DataFrame(rows)


def cost_by_group(results: pl.DataFrame, group: str, contestants: Sequence[str], *, reference: str) -> pl.DataFrame:
    """A row per value of a group: cost of each contestant against the reference."""
    rows = []
    for value in sorted(results[group].unique()):
        of_group = results.filter(pl.col(group) == value)
        n_series = of_group.select(_SERIES).unique().height
        costs = {name: _uplift(of_group, "cost_eur", name, reference).text for name in contestants}
        rows.append({group: value, "series × starts": f"{n_series:,}", **costs})
    return pl.DataFrame(rows)


def stability(results: pl.DataFrame, contestants: Sequence[str], *, reference: str, measure: str = "cost_eur") -> pl.DataFrame:
    """A row per start date: a measure of each contestant against the reference."""
    rows = []
    for start in sorted(results["start_week"].unique()):
        of_start = results.filter(pl.col("start_week") == start)
        rows.append({"start": start.isoformat(), **{name: _uplift(of_start, measure, name, reference).text for name in contestants}})
    return pl.DataFrame(rows)


def regret(results: pl.DataFrame) -> pl.DataFrame:
    """A row per contestant: its cost above perfect information, and the share of the reference's avoidable cost that it avoids."""
    bound = _cost(results, HINDSIGHT)
    people = _cost(results, RECORDED) if RECORDED in _contestants(results) else float("nan")
    rows = []
    for contestant in _contestants(results):
        cost = _cost(results, contestant)
        avoided = (people - cost) / (people - bound) if people > bound else float("nan")
        rows.append(
            {
                "contestant": contestant,
                "cost above hindsight, EUR": f"{cost - bound:,.0f}",
                "cost above hindsight": f"{100 * (cost / bound - 1):+.1f} %" if bound > 0 else "–",
                "of people's avoidable cost avoided": "–" if np.isnan(avoided) else f"{100 * avoided:.1f} %",
            }
        )
    return pl.DataFrame(rows)


def pairs(results: pl.DataFrame, wanted: Sequence[tuple[str, str, str]]) -> pl.DataFrame:
    """A row per question: the cost of one contestant against another on the start dates both have played.

    Args:
        results: All rows.
        wanted: Question, contestant, what it is compared with.
    """
    known, rows = set(_contestants(results)), []
    for question, contestant, reference in wanted:
        if not {contestant, reference} <= known:
            continue
        starts = [set(results.filter(pl.col("contestant") == name)["start_week"]) for name in (contestant, reference)]
        shared = results.filter(pl.col("start_week").is_in(sorted(starts[0] & starts[1])))
        by_start = [
            _uplift(shared.filter(pl.col("start_week") == start), "cost_eur", contestant, reference).estimate for start in sorted(starts[0] & starts[1])
        ]
        dearer = sum(value > 0 for value in by_start)
        text = _uplift(shared, "cost_eur", contestant, reference).text
        rows.append({"question": question, "compared": f"{contestant} / {reference}", "cost": text, "dearer on": f"{dearer} of {len(by_start)} starts"})
    return pl.DataFrame(rows)


def adoption(results: pl.DataFrame, contestant: str, *, seed: int) -> pl.DataFrame:
    """A row per adoption rate: planners follow us for a keyed share of the series and go on as recorded for the rest."""
    keys = results.select("merchant_id", "article_id").unique().sort("merchant_id", "article_id")
    number = pl.Series("number", [stable_hash("adoption", *key, seed) / 2.0**64 for key in keys.rows()])
    numbered = results.join(keys.with_columns(number), on=["merchant_id", "article_id"])
    rows = []
    for share in ADOPTION_SHARES:
        follows = pl.col("number") < share
        mixed = numbered.filter(((pl.col("contestant") == contestant) & follows) | ((pl.col("contestant") == RECORDED) & ~follows))
        both = pl.concat([mixed.with_columns(contestant=pl.lit("adopted")), numbered.filter(pl.col("contestant") == RECORDED)])
        rows.append(
            {
                "series that follow": f"{share:.0%}",
                "GMV": _uplift(both, "gmv_eur", "adopted", RECORDED).text,
                "GMV after fulfilment": _uplift(both, "gmv_after_fulfilment_eur", "adopted", RECORDED).text,
                "cost": _uplift(both, "cost_eur", "adopted", RECORDED).text,
            }
        )
    return pl.DataFrame(rows)


def promises(results: pl.DataFrame) -> pl.DataFrame:
    """A row per contestant that promised something: cost and fill rate as its first plan expected them, and as they came."""
    told = results.drop_nulls("promised_cost_eur")
    rows = []
    for contestant in _contestants(told):
        sums = told.filter(pl.col("contestant") == contestant).select(pl.col(pl.Float64, pl.Int64).sum()).row(0, named=True)
        rows.append(
            {
                "contestant": contestant,
                "cost promised, EUR per series and week": f"{sums['promised_cost_eur'] / sums['n_weeks']:.3f}",
                "cost that came": f"{sums['cost_eur'] / sums['n_weeks']:.3f}",
                "came / promised": f"{100 * (sums['cost_eur'] / sums['promised_cost_eur'] - 1):+.1f} %" if sums["promised_cost_eur"] > 0 else "–",
                "demand, came / promised": f"{100 * (sums['demand_units'] / sums['promised_demand_units'] - 1):+.1f} %"
                if sums["promised_demand_units"] > 0
                else "–",
                "fill rate promised": _share(sums["promised_sold_units"], sums["promised_demand_units"]),
                "fill rate that came": _share(sums["sold_units"], sums["demand_units"]),
            }
        )
    return pl.DataFrame(rows)


def extreme_articles(results: pl.DataFrame, contestant: str, *, reference: str, n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The series that gained most and those that lost most against the reference, over all starts, with what happened to them.

    At most n of each, and nobody among the gainers who lost, however few gained.
    """
    units = ["demand_units", "sold_units", "ordered_units", "mean_on_hand_units", "left_units", "cost_eur", "lost_sales_cost_eur", "holding_cost_eur"]
    sums = results.group_by("contestant", "merchant_id", "article_id").agg(pl.col(units).sum(), pl.col("phase", "abc_class", "demand_class").first())
    ours, theirs = sums.filter(pl.col("contestant") == contestant), sums.filter(pl.col("contestant") == reference)
    joined = ours.join(theirs, on=["merchant_id", "article_id"], suffix="_reference").with_columns(saved_eur=pl.col("cost_eur_reference") - pl.col("cost_eur"))
    ordered = joined.sort("saved_eur", "merchant_id", "article_id", descending=[True, False, False])
    return ordered.filter(pl.col("saved_eur") > 0).head(n), ordered.reverse().filter(pl.col("saved_eur") < 0).head(n)


def uplift_by_merchant(results: pl.DataFrame, measure: str, contestant: str, *, reference: str) -> pl.DataFrame:
    """merchant_id, ours, theirs, uplift: sums over all its series and starts."""
    sums = results.filter(pl.col("contestant").is_in([contestant, reference])).group_by("merchant_id", "contestant").agg(pl.col(measure).sum())
    wide = {name: sums.filter(pl.col("contestant") == name).select("merchant_id", measure) for name in (contestant, reference)}
    joined = wide[contestant].rename({measure: "ours"}).join(wide[reference].rename({measure: "theirs"}), on="merchant_id")
    return joined.sort("merchant_id").with_columns(uplift=pl.when(pl.col("theirs") > 0).then(pl.col("ours") / pl.col("theirs") - 1))


def _uplift(results: pl.DataFrame, measure: str, contestant: str, reference: str) -> Interval:
    sums = results.filter(pl.col("contestant").is_in([contestant, reference])).group_by("merchant_id", "article_id", "contestant").agg(pl.col(measure).sum())
    of_reference = sums.filter(pl.col("contestant") == reference).rename({measure: "theirs"})
    both = sums.filter(pl.col("contestant") == contestant).join(of_reference, on=["merchant_id", "article_id"]).sort("merchant_id", "article_id")
    return uplift(both[measure].to_numpy(), both["theirs"].to_numpy(), both["merchant_id"].to_numpy())


def cost_uplift(results: pl.DataFrame, contestant: str, *, reference: str) -> Interval:
    """Cost of a contestant over that of the reference, less one."""
    return _uplift(results, "cost_eur", contestant, reference)


def _against(results: pl.DataFrame, measure: str, contestant: str, reference: str) -> str:
    return "–" if contestant == reference else _uplift(results, measure, contestant, reference).text


def _share_better(results: pl.DataFrame, measure: str, contestant: str, reference: str, *, less: bool) -> str:
    merchants = uplift_by_merchant(results, measure, contestant, reference=reference)
    better = merchants.filter((pl.col("ours") < pl.col("theirs")) if less else (pl.col("ours") > pl.col("theirs"))).height
    return "–" if contestant == reference else f"{better} of {merchants.height}"


def _cost(results: pl.DataFrame, contestant: str) -> float:
    return float(results.filter(pl.col("contestant") == contestant)["cost_eur"].sum())


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole > 0 else "–"


def _contestants(results: pl.DataFrame) -> list[str]:
    """In the order in which they played."""
    return results["contestant"].unique(maintain_order=True).to_list()
