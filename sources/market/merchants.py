"""Who sells: size, trade, regions, suppliers, and how well the people replenish."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from sources.market.profiles import KINDS, REGIONS, MerchantKind, Profile
from sources.market.randomness import even_spread, generator

FloatArray = npt.NDArray[np.float64]

BUYER_ARTICLES = 250
"""Articles one buyer looks after. A buyer is also the unit of work: streams are keyed by it, so it is no setting."""

_SIZE_SPREAD = 0.55
_TOWNS = ("Aachen", "Bremen", "Celle", "Dresden", "Erfurt", "Fulda", "Goslar", "Husum", "Iserlohn", "Jena", "Kassel", "Lübeck")


class People(NamedTuple):
    """How the people of a merchant replenish; better people have more of what helps and less of what harms."""

    cover_share: float
    """What they want on top of the sales of lead time and review period, as a share of these; may be negative."""
    review_period_weeks: int
    smoothing: float
    """Weight of the newest week in their idea of weekly sales."""
    reaction: float
    """How far they chase the newest week: 0 = not at all, 1 = they believe it will stay so."""
    foresight: float
    """How much of a coming season they order for: 0 = none, 1 = all."""
    judgement_noise: float
    """Standard deviation of the error in a single order's level, as a logarithm."""
    plan_noise: float
    """The same for a launch or a season, planned long before."""
    forget_rate: float
    """Share of articles and review days that nobody looks at."""
    holiday_weeks: int
    """Weeks a year in which nobody stands in for a buyer."""
    trigger_share: float
    """They order when stock and orders fall below this share of the level they want."""
    corrects_stock_outs: bool
    """Whether they scale up the sales of a week in which the shelf was empty for days."""
    chases: bool
    """Whether they order a collection again when it sells."""
    season_share: float
    """Share of a season's expected demand that they buy before it begins; 0 = no pre-season orders."""
    budget_weeks: float | None
    """What they may spend per review, in review periods of expected demand at cost; `None` = no limit."""

    def level_weeks(self, lead_time_weeks: float) -> float:
        """Weeks of expected sales that stock and orders shall cover."""
        return (lead_time_weeks + self.review_period_weeks) * (1 + self.cover_share)


class Merchant(NamedTuple):
    """One merchant of the market."""

    number: int
    merchant_id: str
    name: str
    kind: MerchantKind
    scale: float
    """Size: factor on the demand of its articles."""
    regions: tuple[int, ...]
    """Indices into `REGIONS` of its warehouses, the main one first."""
    region_shares: FloatArray
    """`(3,)` share of its customers by region."""
    lead_time_weeks: float
    lead_time_cv: float
    tells_lead_time_cv: bool
    cost_factor: float
    people: People


def merchant_id_of(number: int) -> str:
    """The id of merchant `number`: M001, M002 and so on."""
    return f"M{number + 1:03d}"


def draw_merchant(number: int, *, profile: Profile, seed: int) -> Merchant:
    """Merchant `number` of the market: the same whatever the number of merchants."""
    kinds = KINDS[profile]
    kind = kinds[number % len(kinds)]
    size, skill = even_spread(seed, number // len(kinds), number % len(kinds))
    stream = generator(seed, "merchant", number)
    regions = tuple(int(region) for region in stream.permutation(len(REGIONS))[: stream.choice([1, 2, 3], p=[0.45, 0.33, 0.22])])
    shares = np.zeros(len(REGIONS))
    shares[list(regions)] = np.sort(stream.dirichlet(np.full(len(regions), 4.0)))[::-1]
    return Merchant(
        number=number,
        merchant_id=merchant_id_of(number),
        name=f"{kind.name} {_TOWNS[number % len(_TOWNS)]}" + (f" {number // len(_TOWNS) + 1}" if number >= len(_TOWNS) else ""),
        kind=kind,
        scale=float(np.exp(_SIZE_SPREAD * ndtri(0.02 + 0.96 * size))),
        regions=regions,
        region_shares=shares,
        lead_time_weeks=float(np.round(stream.uniform(*kind.lead_time_weeks))),
        lead_time_cv=round(float(stream.uniform(0.2, 0.6)), 2),
        tells_lead_time_cv=bool(stream.random() < 0.7),
        cost_factor=float(stream.uniform(0.8, 1.25)),
        people=_draw_people(stream, kind, skill, has_budget=number % 3 == 2),
    )


def _draw_people(stream: np.random.Generator, kind: MerchantKind, skill: float, *, has_budget: bool) -> People:
    """People of a skill in [0, 1), who replenish as is usual in their trade."""
    return People(
        cover_share=float(np.interp(skill, [0.0, 1.0], kind.cover_share)),
        review_period_weeks=int(stream.choice([1, 2], p=[0.7, 0.3])),
        smoothing=float(stream.uniform(0.1, 0.35)),
        reaction=float((1 - skill) * stream.uniform(0.0, 0.8)),
        foresight=float(skill * stream.uniform(0.5, 1.0)),
        judgement_noise=0.45 - 0.30 * skill,
        plan_noise=0.60 - 0.30 * skill,
        forget_rate=0.23 - 0.16 * skill,
        holiday_weeks=round(5 * (1 - skill)),
        trigger_share=float(stream.uniform(0.65, 0.95)),
        corrects_stock_outs=skill > 0.6,
        chases=bool(stream.random() < 0.3 + 0.5 * skill),
        season_share=float(stream.uniform(0.3, 0.7)) if stream.random() < 0.7 else 0.0,
        budget_weeks=float(stream.uniform(1.0, 1.6)) if has_budget else None,
    )


def merchant_tables(merchant: Merchant, *, budget_eur: float) -> dict[str, pl.DataFrame]:
    """The merchant's rows of `merchants` and `cost_rates`.

    Args:
        merchant: Who.
        budget_eur: What its buyers may spend in a week together; infinite = no limit, told as null.
    """
    row = {
        "merchant_id": merchant.merchant_id,
        "name": merchant.name,
        "review_period_weeks": merchant.people.review_period_weeks,
        "lead_time_weeks": merchant.lead_time_weeks,
        "lead_time_cv": merchant.lead_time_cv if merchant.tells_lead_time_cv else None,
        "budget_eur_per_week": round(budget_eur, 2) if np.isfinite(budget_eur) else None,
    }
    kind, factor = merchant.kind, merchant.cost_factor
    rates = {
        "merchant_id": merchant.merchant_id,
        "holding_rate_eur_per_unit_week": round(kind.holding_rate_eur_per_unit_week * factor, 3),
        "inbound_rate_eur_per_unit": round(kind.inbound_rate_eur_per_unit * factor, 3),
        "outbound_rate_eur_per_unit": round(kind.outbound_rate_eur_per_unit * factor, 3),
        "return_handling_rate_eur_per_unit": round(kind.return_handling_rate_eur_per_unit * factor, 3),
        "fixed_order_cost_eur": 0.0,
    }
    nullable = {"budget_eur_per_week": pl.Float64, "lead_time_cv": pl.Float64}
    return {"merchants": pl.DataFrame([row], schema_overrides=nullable), "cost_rates": pl.DataFrame([rates])}
