"""The report of a backtest, for all merchants or for one: what was played, what it says, and what it does not."""

from collections.abc import Sequence
from urllib.parse import quote

import polars as pl

from assets.backtest import html, pictures, tables
from assets.backtest.intervals import FEWEST_MERCHANTS, drawn_over
from assets.backtest.questions import CLAIMS, COMPONENTS, OBJECTIVES, ROLLING
from sources.pages import write_page
from sources.storage import join

_N_ARTICLES = 10
_LINES = ("look_ahead", "extended", "s_S", "base_stock", "newsvendor")
_GROUPS = (("phase", "Phase of life"), ("abc_class", "ABC class"), ("demand_class", "Demand"), ("skill", "Merchant's availability in the year before"))
LIMITS = (
    "Demand is that of the world where a synthetic market has one, else what was sold; a draw of at least the sales where the shelf was empty.",
    "Lead times of new orders are drawn from each merchant's distribution; people's recorded orders arrive as recorded.",
    "What people ordered on the last day of the start week is in transit for everybody. Their later orders follow their own stock, not the stock of the game.",
    "Limits across articles (budget, capacity, minimum order values) do not bind the policies, while some of the people had them.",
    "Prices, costs and rates are those known at the start. Nobody's orders change prices, promotions or demand.",
    "Intervals are over merchants, and over their series where they are fewer than ten; a season is drawn once per start date, so start dates a few weeks apart are not independent.",
)


def full_report(results: pl.DataFrame, *, title: str, ours: str, reference: str) -> str:
    """One self-contained page.

    Args:
        results: Rows of `results.series_rows` with their traits, all start dates.
        title: Of the page.
        ours: The contestant it is about.
        reference: The contestant it is compared with: the recorded orders where there are any.
    """
    rows = tables.with_measures(results)
    everywhere = tables.played_everywhere(rows)
    shown = [name for name in dict.fromkeys((ours, *_LINES)) if name in set(everywhere["contestant"])]
    starts = sorted(rows["start_week"].unique())
    keys = rows.select("merchant_id", "article_id").unique()
    lead = (
        f"{keys['merchant_id'].n_unique()} merchants, {keys.height:,} articles, {len(starts)} start dates from {starts[0]} to {starts[-1]}; "
        f"{rows['n_weeks'][0]} weeks each. {ours} is compared with {reference} on the same demand, deliveries and returns."
    )
    sections = [
        _headline(everywhere, ours=ours, reference=reference),
        html.section("Policies", html.table(tables.policy_comparison(everywhere, reference=reference)), _definitions(everywhere, reference)),
        html.section("Promised and come true", html.table(tables.promises(everywhere)), html.paragraph(_PROMISE, is_note=True)),
        html.section("Service versus cost", html.picture(_frontier(everywhere, ours=ours), "fill rate against cost, a dot per contestant")),
        html.section("Stock", html.table(tables.stock_comparison(everywhere))),
        _distribution(everywhere, ours=ours, reference=reference),
        _time(everywhere, shown, ours=ours, reference=reference),
        html.section("Regret against perfect information", html.table(tables.regret(everywhere))) if tables.HINDSIGHT in set(everywhere["contestant"]) else "",
        *(html.section(heading, html.table(tables.cost_by_group(everywhere, group, shown, reference=reference))) for group, heading in _GROUPS),
        html.section("What each part is worth", html.table(tables.pairs(rows, COMPONENTS)), html.table(tables.pairs(rows, OBJECTIVES))),
        html.section("Deciding once or weekly", html.table(tables.pairs(rows, ROLLING))),
        html.section("If planners follow only for some articles", html.table(tables.adoption(everywhere, ours, seed=1)))
        if reference == tables.RECORDED
        else "",
        html.section("Claims, confirmed or refuted", html.table(tables.pairs(rows, CLAIMS))),
        _stories(everywhere, ours=ours, reference=reference),
        html.section("Limits of this evidence", html.listing(LIMITS)),
    ]
    return html.document(title, lead, [part for part in sections if part])


def write_reports(results: pl.DataFrame, folder: str, *, ours: str, reference: str) -> str:
    """Write `report.html` and a page per merchant below a folder; return the report's location.

    Raises:
        StorageError: The folder cannot be written.
    """
    location = join(folder, "report.html")
    write_page(full_report(results, title="Backtest", ours=ours, reference=reference), location)
    for merchant_id in sorted(results["merchant_id"].unique()):
        write_page(merchant_report(results, merchant_id, ours=ours, reference=reference), merchant_page(folder, merchant_id))
    return location


def merchant_page(folder: str, merchant_id: str) -> str:
    """Where a merchant's page lies; an id may hold what a file name may not."""
    return join(folder, "merchants", f"{quote(merchant_id, safe='')}.html")


def merchant_report(results: pl.DataFrame, merchant_id: str, *, ours: str, reference: str) -> str:
    """One page about one merchant."""
    rows = tables.played_everywhere(tables.with_measures(results.filter(pl.col("merchant_id") == merchant_id)))
    shown = [name for name in dict.fromkeys((ours, *_LINES)) if name in set(rows["contestant"])]
    n_articles, n_starts = rows["article_id"].n_unique(), rows["start_week"].n_unique()
    names = [name for name in dict.fromkeys((reference, *shown, tables.HINDSIGHT)) if name in set(rows["contestant"])]
    kept = rows.filter(pl.col("contestant").is_in(names))
    sections = [
        _headline(kept, ours=ours, reference=reference),
        html.section("Policies", html.table(tables.policy_comparison(kept, reference=reference).drop(_OF_MANY))),
        html.section("Start dates: cost", html.table(tables.stability(kept, shown, reference=reference))),
        _stories(kept, ours=ours, reference=reference, n=5),
    ]
    return html.document(
        f"Merchant {merchant_id}", f"{n_articles:,} articles, {n_starts} start dates. {ours} against {reference}, on the same demand.", sections
    )


_OF_MANY = ["merchants with less cost", "merchants with more GMV after fulfilment"]


def _headline(rows: pl.DataFrame, *, ours: str, reference: str) -> str:
    comparison = tables.policy_comparison(rows.filter(pl.col("contestant").is_in([ours, reference])), reference=reference)
    own, other = (comparison.filter(pl.col("contestant") == name).row(0, named=True) for name in (ours, reference))
    values = [
        (own["cost"], f"cost against {reference}"),
        (own["GMV after fulfilment"], "GMV after fulfilment"),
        (f"{own['weighted fill rate']} (was {other['weighted fill rate']})", "fill rate, weighted by price"),
        (f"{own['weighted availability']} (was {other['weighted availability']})", "availability, weighted"),
    ]
    values += [(own["merchants with less cost"], "merchants with less cost")] if rows["merchant_id"].n_unique() > 1 else []
    return html.cards(values)


_PROMISE = (
    "Promised: what the plan of the first decision was expected to cost and serve over the weeks played, on fresh draws. The game decides anew every week, so it should not "
    "come dearer. More demand than promised: the forecast was too low."
)


def _definitions(rows: pl.DataFrame, reference: str) -> str:
    n_merchants = rows["merchant_id"].n_unique()
    over = (
        "over merchants"
        if drawn_over(n_merchants) == "merchants"
        else f"over the series of {n_merchants} merchants, which are drawn first: fewer than {FEWEST_MERCHANTS} say little about others"
    )
    text = (
        f"Differences are ratios of sums against {reference}, with 95 % intervals from a paired bootstrap {over}. GMV: price × units sold. After fulfilment: less holding, "
        "receiving, shipping and returns. Availability: share of weeks without a lost sale. Weights: price × demand. Cost: holding, receiving, shipping, returns, lost sales, "
        "mark-downs, orders. Contestants that did not play every start date stand in the tables of questions only."
    )
    return html.paragraph(text, is_note=True)


def _frontier(rows: pl.DataFrame, *, ours: str) -> str:
    sums = rows.group_by("contestant").agg(pl.col("cost_eur", "n_weeks", "gmv_eur", "revenue_potential_eur").sum())
    points = {
        row["contestant"]: (row["cost_eur"] / row["n_weeks"], row["gmv_eur"] / row["revenue_potential_eur"]) for row in sums.sort("contestant").to_dicts()
    }
    return pictures.frontier(points, ours=ours)


def _distribution(rows: pl.DataFrame, *, ours: str, reference: str) -> str:
    merchants = tables.uplift_by_merchant(rows, "gmv_after_fulfilment_eur", ours, reference=reference)
    series = rows.filter(pl.col("contestant").is_in([ours, reference])).group_by("contestant", "merchant_id", "article_id").agg(pl.col("cost_eur").sum())
    wide = series.filter(pl.col("contestant") == ours).join(
        series.filter(pl.col("contestant") == reference), on=["merchant_id", "article_id"], suffix="_reference"
    )
    shares = wide.filter(pl.col("cost_eur_reference") > 0).sort("merchant_id", "article_id")
    saved = (1 - shares["cost_eur"] / shares["cost_eur_reference"]).to_list()
    return html.section(
        "Who gains",
        html.picture(pictures.merchant_uplift(merchants, title="GMV after fulfilment"), "uplift of each merchant"),
        html.picture(pictures.uplift_distribution(saved, title="cost saved"), "histogram of cost saved by series"),
    )


def _time(rows: pl.DataFrame, shown: Sequence[str], *, ours: str, reference: str) -> str:
    starts = sorted(rows["start_week"].unique())
    values = {name: [tables.cost_uplift(rows.filter(pl.col("start_week") == start), name, reference=reference).estimate for start in starts] for name in shown}
    chart = pictures.over_time(values, starts, ours=ours, title=f"cost against {reference}")
    detail = html.table(tables.stability(rows, shown, reference=reference))
    return html.section("Stable over the seasons?", html.picture(chart, "cost against the reference by start date"), html.folded("as a table", detail))


def _stories(rows: pl.DataFrame, *, ours: str, reference: str, n: int = _N_ARTICLES) -> str:
    best, worst = tables.extreme_articles(rows, ours, reference=reference, n=n)
    return html.section(
        f"The articles that gained most, and those that lost most (up to {n})",
        html.listing([_story(row, reference) for row in best.to_dicts()]) if best.height else html.paragraph("No article gained."),
        html.paragraph("And where it went wrong:"),
        html.listing([_story(row, reference) for row in worst.to_dicts()]) if worst.height else html.paragraph("No article lost."),
    )


def _story(row: dict[str, float], reference: str) -> str:
    """What happened to an article, in words."""
    verb = "saved" if row["saved_eur"] >= 0 else "cost"
    lost, lost_before = (row[f"demand_units{end}"] - row[f"sold_units{end}"] for end in ("", "_reference"))
    more = "more" if row["ordered_units"] >= row["ordered_units_reference"] else "fewer"
    reason = "fewer sales were lost" if lost < lost_before else ("more sales were lost" if lost > lost_before else "as many sales were lost")
    held = "less" if row["mean_on_hand_units"] < row["mean_on_hand_units_reference"] else "more"
    return (
        f"{row['merchant_id']} {row['article_id']} ({row['phase']}, {row['abc_class']}, {row['demand_class']}): {verb} {abs(row['saved_eur']):,.0f} EUR. "
        f"{row['ordered_units']:,} units ordered, {more} than {reference}'s {row['ordered_units_reference']:,}; of {row['demand_units']:,} demanded {lost:,} were lost instead of "
        f"{lost_before:,}: {reason}, and {held} stock was held (lost sales {row['lost_sales_cost_eur_reference']:,.0f} → {row['lost_sales_cost_eur']:,.0f} EUR, "
        f"holding {row['holding_cost_eur_reference']:,.0f} → {row['holding_cost_eur']:,.0f} EUR)."
    )
