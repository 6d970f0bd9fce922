"""The analysts' DuckDB file: stage tables as they are, and one `.sql` file per derived view. No Dagster in here."""

from assets.marts.build import ANALYTICS_FILE, build_analytics
from assets.marts.views import STAGE_VIEWS, DerivedView, derived_views

__all__ = ["ANALYTICS_FILE", "STAGE_VIEWS", "DerivedView", "build_analytics", "derived_views"]
