from datetime import date
from typing import Any

import pytest

from domain.errors import StaleInputError
from domain.feature_vector import SCHEMA_VERSION, FeatureVector, hash_vector_row, vector_from_row
from domain.stage_tables import SkuVectors


def row(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(FeatureVector._fields, 1.0)
    values |= {"merchant_id": "m", "article_id": "a", "date": date(2026, 9, 28), "cutoff": date(2026, 9, 21), "schema_version": SCHEMA_VERSION}
    values |= {"demand_quantiles_units": [float(level) for _ in range(12) for level in range(39)], "inbound_units": [0] * 12, "returns_due_units": [0.0] * 12}
    values |= {"return_lag_weights": [0.5, 0.5], "model": "lightgbm", "segment": "smooth", "vector_hash": ""}
    return values | changes


def test_a_row_becomes_a_vector_of_12_weeks_by_39_levels() -> None:
    vector = vector_from_row(row())
    assert vector.demand_quantiles_units.shape == (12, 39)
    assert vector.demand_quantiles_units[3].tolist() == list(range(39))


@pytest.mark.parametrize("change", [{"schema_version": SCHEMA_VERSION + 1}, {"demand_quantiles_units": [0.0] * 8 * 39}])
def test_a_row_of_another_schema_or_horizon_is_refused_by_name(change: dict[str, Any]) -> None:
    with pytest.raises(StaleInputError, match=r"merchant m, article a(.|\n)*Re-materialise"):
        vector_from_row(row(**change))


def test_a_row_of_an_older_schema_is_refused_although_it_lacks_columns() -> None:
    older = {name: value for name, value in row(schema_version=SCHEMA_VERSION - 1).items() if not name.startswith("demand_common")}
    with pytest.raises(StaleInputError, match=f"schema version {SCHEMA_VERSION - 1}"):
        vector_from_row(older)


def test_the_hash_sees_every_value_but_itself() -> None:
    base = hash_vector_row(row())
    assert hash_vector_row(row(vector_hash="anything")) == base
    assert all(hash_vector_row(row(**change)) != base for change in ({"article_id": "b"}, {"inbound_units": [1] + [0] * 11}, {"date": date(2026, 9, 29)}))


def test_every_field_of_the_vector_is_a_column_of_its_table() -> None:
    assert set(FeatureVector._fields) <= set(SkuVectors.columns())
