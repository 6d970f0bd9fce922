"""Write `docs/reference/market_comparison.md` and its pictures: `python -m docs.market.generate [FOLDER]`.

FOLDER holds the published data sets, `../shared/data` unless named.
"""

import sys
from pathlib import Path

from docs.market.page import PAGE, page_text
from docs.market.panels import PUBLISHED, check_published, market_panel, published_panels, published_return_lags
from docs.market.pictures import draw_pictures
from domain.errors import ReplenishError
from sources.market import PROFILES

ROOT = Path(__file__).parents[2]


def main(folder: Path, *, root: Path = ROOT) -> None:
    """Compare and write; nothing is written before everything is computed.

    Raises:
        UsageError: Published data is missing.
    """
    check_published(folder)
    panels, markets = published_panels(folder), [market_panel(profile) for profile in PROFILES]
    lags = published_return_lags(folder)
    text = page_text(panels, markets, published_lag_days=[lags.quantile(level, interpolation="linear") or 0.0 for level in (0.5, 0.9)])
    draw_pictures([*panels, *markets], root / "docs" / "images")
    (root / PAGE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLISHED)
    except ReplenishError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
