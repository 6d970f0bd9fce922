"""What kinds of merchants and categories there are, in numbers. A profile is the mix of kinds a market is made of.

The numbers are orders of magnitude a retailer would recognise, not estimates; `docs/explanation/synthetic_market.md`
says where each group of them comes from.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Profile = Literal["fashion", "grocery", "mixed"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

REGIONS = ("north", "south", "west")
"""Where customers and warehouses are; the weather differs. A warehouse is named after its region."""

_ONE_SIZE = (1.0,)
_CLOTHES = (0.08, 0.22, 0.32, 0.25, 0.13)
"""Size curve XS … XL: share of a style's demand."""
_SHOES = (0.06, 0.11, 0.17, 0.21, 0.20, 0.14, 0.08, 0.03)
_PACKS = (0.7, 0.3)


class Category(NamedTuple):
    """What the articles of a category share."""

    name: str
    peak_week: float
    """Week of the year in which demand is highest."""
    swing: float
    """Yearly season [a]: demand ∝ exp(a · cos); 0 = none, 1 = the peak sells seven times the trough."""
    event_uplift: tuple[float, float, float, float]
    """Logarithm of the demand factor at full strength of `signals.EVENTS`: Christmas, Black Friday, Easter, back to school."""
    temperature_response: float
    """Change of log demand per degree above the season's normal."""
    return_rate: float
    return_lag_days: float
    """Median days from sale to return."""
    median_price_eur: float
    price_elasticity: float
    size_shares: tuple[float, ...]
    collection_share: float
    """Share of styles that are sold in one season only."""


class MerchantKind(NamedTuple):
    """What merchants of one trade share; pairs are the two ends of a uniform draw."""

    name: str
    categories: tuple[Category, ...]
    median_rate_units: float
    """Median weekly demand of a SKU of a middling merchant."""
    rate_spread: float
    """Standard deviation of the logarithm of a style's demand: how long the tail is."""
    dispersion: tuple[float, float]
    """Shape of the gamma by which weeks differ; small is erratic."""
    bulk_buyer_share: float
    """Share of styles that some customers buy by the dozen (lumpy demand)."""
    novelty_share: float
    """Share of other styles that come, peak and fade over one or two years."""
    promotion_share: float
    """Share of weeks in which an article starts a promotion."""
    black_friday_share: float
    """Share of articles that join the Black Friday sale."""
    weekday_shares: tuple[float, ...]
    pack_sizes_units: tuple[tuple[float, int], ...]
    """Weekly demand above which an article comes in packs of so many, largest first; single units below."""
    lead_time_weeks: tuple[float, float]
    cover_share: tuple[float, float]
    """What the least and the most skilled people want on top of lead time and review period, as a share of them."""
    cost_share: tuple[float, float]
    """Purchase cost as a share of the price."""
    holding_rate_eur_per_unit_week: float
    inbound_rate_eur_per_unit: float
    outbound_rate_eur_per_unit: float
    return_handling_rate_eur_per_unit: float


_ONLINE_WEEK = (0.15, 0.14, 0.13, 0.13, 0.12, 0.14, 0.19)
_STORE_WEEK = (0.14, 0.13, 0.14, 0.15, 0.21, 0.23, 0.0)
"""Shops are closed on Sundays."""

FASHION = MerchantKind(
    name="Fashion",
    categories=(
        Category("dresses", 23, 0.65, (0.1, 0.3, 0.1, 0.0), 0.030, 0.42, 9.0, 48.0, 1.9, _CLOTHES, 0.65),
        Category("tops", 24, 0.30, (0.2, 0.4, 0.1, 0.1), 0.010, 0.28, 9.0, 24.0, 1.9, _CLOTHES, 0.50),
        Category("trousers", 38, 0.15, (0.1, 0.4, 0.0, 0.2), 0.000, 0.36, 9.0, 49.0, 1.6, _CLOTHES, 0.35),
        Category("knitwear", 46, 0.75, (0.4, 0.4, 0.0, 0.1), -0.035, 0.26, 10.0, 45.0, 1.7, _CLOTHES, 0.55),
        Category("outerwear", 43, 0.95, (0.1, 0.5, 0.0, 0.2), -0.050, 0.30, 9.0, 109.0, 1.6, _CLOTHES, 0.50),
        Category("shoes", 17, 0.20, (0.1, 0.4, 0.2, 0.3), 0.000, 0.34, 8.0, 69.0, 1.7, _SHOES, 0.45),
        Category("underwear", 48, 0.10, (0.4, 0.3, 0.0, 0.1), 0.000, 0.08, 12.0, 19.0, 1.3, _CLOTHES, 0.05),
        Category("accessories", 48, 0.10, (0.8, 0.4, 0.1, 0.2), 0.000, 0.10, 13.0, 25.0, 1.6, _ONE_SIZE, 0.30),
    ),
    median_rate_units=0.9,
    rate_spread=1.0,
    dispersion=(1.2, 4.0),
    bulk_buyer_share=0.04,
    novelty_share=0.15,
    promotion_share=0.03,
    black_friday_share=0.4,
    weekday_shares=_ONLINE_WEEK,
    pack_sizes_units=((20.0, 12), (6.0, 6)),
    lead_time_weeks=(2.0, 5.0),
    cover_share=(-0.36, -0.08),
    cost_share=(0.36, 0.52),
    holding_rate_eur_per_unit_week=0.25,
    inbound_rate_eur_per_unit=0.30,
    outbound_rate_eur_per_unit=3.20,
    return_handling_rate_eur_per_unit=2.50,
)

GENERAL = MerchantKind(
    name="General",
    categories=(
        Category("toys", 48, 0.20, (1.2, 0.5, 0.3, 0.0), 0.000, 0.06, 12.0, 24.0, 1.6, _ONE_SIZE, 0.10),
        Category("electronics", 48, 0.10, (0.6, 0.9, 0.0, 0.2), 0.000, 0.11, 8.0, 79.0, 2.2, _ONE_SIZE, 0.00),
        Category("garden", 18, 0.95, (0.0, 0.2, 0.3, 0.0), 0.040, 0.05, 11.0, 34.0, 1.5, _PACKS, 0.15),
        Category("home textiles", 44, 0.25, (0.4, 0.5, 0.0, 0.1), -0.010, 0.15, 11.0, 32.0, 1.6, _PACKS, 0.15),
        Category("sports", 20, 0.35, (0.3, 0.4, 0.1, 0.1), 0.010, 0.16, 9.0, 55.0, 1.7, _CLOTHES, 0.15),
    ),
    median_rate_units=1.3,
    rate_spread=1.2,
    dispersion=(1.5, 6.0),
    bulk_buyer_share=0.15,
    novelty_share=0.30,
    promotion_share=0.05,
    black_friday_share=0.4,
    weekday_shares=_ONLINE_WEEK,
    pack_sizes_units=((20.0, 12), (6.0, 6)),
    lead_time_weeks=(1.6, 4.4),
    cover_share=(-0.20, 0.12),
    cost_share=(0.42, 0.62),
    holding_rate_eur_per_unit_week=0.25,
    inbound_rate_eur_per_unit=0.30,
    outbound_rate_eur_per_unit=3.50,
    return_handling_rate_eur_per_unit=2.50,
)

GROCERY = MerchantKind(
    name="Grocery",
    categories=(
        Category("beverages", 28, 0.40, (0.4, 0.0, 0.1, 0.0), 0.030, 0.000, 3.0, 3.5, 2.6, _PACKS, 0.00),
        Category("confectionery", 48, 0.25, (0.8, 0.1, 0.7, 0.0), -0.020, 0.000, 3.0, 2.5, 2.4, _ONE_SIZE, 0.10),
        Category("dairy", 8, 0.12, (0.4, 0.0, 0.3, 0.0), 0.000, 0.000, 3.0, 1.8, 1.9, _ONE_SIZE, 0.00),
        Category("pantry", 46, 0.20, (0.4, 0.0, 0.2, 0.0), -0.005, 0.000, 3.0, 2.9, 2.2, _PACKS, 0.00),
        Category("household", 12, 0.12, (0.1, 0.1, 0.0, 0.0), 0.000, 0.005, 7.0, 4.5, 2.2, _PACKS, 0.00),
        Category("cosmetics", 48, 0.15, (0.6, 0.2, 0.0, 0.0), 0.000, 0.020, 9.0, 6.5, 2.0, _ONE_SIZE, 0.05),
    ),
    median_rate_units=12.0,
    rate_spread=0.9,
    dispersion=(12.0, 50.0),
    bulk_buyer_share=0.01,
    novelty_share=0.12,
    promotion_share=0.08,
    black_friday_share=0.0,
    weekday_shares=_STORE_WEEK,
    pack_sizes_units=((25.0, 24), (8.0, 12), (3.0, 6)),
    lead_time_weeks=(1.0, 2.0),
    cover_share=(0.12, 0.44),
    cost_share=(0.58, 0.74),
    holding_rate_eur_per_unit_week=0.02,
    inbound_rate_eur_per_unit=0.03,
    outbound_rate_eur_per_unit=0.20,
    return_handling_rate_eur_per_unit=0.30,
)

KINDS: Mapping[Profile, tuple[MerchantKind, ...]] = {
    "fashion": (FASHION,),
    "grocery": (GROCERY,),
    "mixed": (GENERAL, FASHION, GROCERY, FASHION),
}
"""Merchant number i is of kind i modulo the length, so that the smallest market already mixes."""
