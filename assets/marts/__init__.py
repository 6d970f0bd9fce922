"""The analysts' DuckDB file: stage tables as they are, and marts derived from them, one `.sql` file each. No Dagster in here."""

from assets.marts.build import ANALYTICS_FILE, build_analytics, describe_tables
from assets.marts.dictionary import DICTIONARY
from assets.marts.marts import load_marts
from assets.marts.views import STAGE_VIEWS

__all__ = ["ANALYTICS_FILE", "DICTIONARY", "STAGE_VIEWS", "build_analytics", "describe_tables", "load_marts"]
