"""Which suite belongs to which table: what must hold first (its contract, generated), then what usually does."""

from domain.settings import SuiteSettings
from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES
from quality.suites import models, raw_tables, stage_tables
from quality.suites.contracts import contract_expectations, contract_of, key_of
from quality.suites.expectation import Suite

_STAGES = {stage: place for place, stage in enumerate(("raw", "series", "features", "forecast", "vectors", "policy", "evaluation"))}
SUITE_TABLES: tuple[str, ...] = tuple(
    sorted((*(f"raw/{name}" for name in RAW_TABLES), *STAGE_TABLES, *models.KEYS), key=lambda table: _STAGES.get(table.split("/")[0], len(_STAGES)))
)
"""Every table with a suite, in the order of the data flow."""


def suite_of(table: str, settings: SuiteSettings) -> Suite:
    """The suite of a table.

    Args:
        table: Stage and name, one of `SUITE_TABLES`.
        settings: When data counts as usual.
    """
    if table in models.KEYS:
        return Suite(table, models.KEYS[table], models.expectations_of_model_table(table))
    key = key_of(table)
    expectations = contract_expectations(contract_of(table), key=key)
    if table.startswith("raw/"):
        return Suite(table, key, (*expectations, *raw_tables.usual_of_raw(table, settings)), raw_tables.prepared_of_raw(table))
    return Suite(table, key, (*expectations, *stage_tables.usual_of_stage(table, settings)))
