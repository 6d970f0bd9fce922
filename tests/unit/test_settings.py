from pathlib import Path
from typing import get_args

import polars as pl
import pytest
from pydantic import ValidationError

from domain.errors import UsageError
from domain.settings import InventorySettings, PolicyName, Settings, load_settings
from domain.tables import LARGEST_AMOUNT_EUR, LARGEST_TERM_UNITS, LARGEST_UNITS, Merchants


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "replenish.toml"
    path.write_text('n_shards = 2\n[forecast]\nn_trees = 11\nn_leaves = 7\n[merchants.m1]\nlead_time_weeks = 5\nobjective = "mean"\n')
    return path


def test_arguments_win_over_environment_over_file_over_defaults(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_FORECAST__N_TREES", "22")
    monkeypatch.setenv("REPLENISH_DATA", "/from/environment")
    settings = load_settings(toml, data="/from/argument", source=None)
    assert (settings.n_shards, settings.forecast.n_trees, settings.forecast.n_leaves, settings.data) == (2, 22, 7, "/from/argument")
    assert settings.source == Settings().source


def test_the_tiny_profile_yields_to_what_is_said_explicitly(toml: Path) -> None:
    tiny = load_settings(toml, profile="tiny")
    assert tiny.simulation.n_paths_optimize < Settings().simulation.n_paths_optimize
    assert tiny.forecast.n_trees == 11


def test_a_merchants_toml_section_wins_over_its_row(toml: Path) -> None:
    settings = load_settings(toml)
    row = {"merchant_id": "m1", "name": "One", "lead_time_weeks": 3.0, "review_period_weeks": 2, "objective": None}
    own = settings.for_merchant("m1", row).inventory
    assert (own.lead_time_weeks, own.review_period_weeks, own.objective) == (5.0, 2, "mean")
    assert settings.for_merchant("m2", {"merchant_id": "m2", "name": "Two"}) is settings


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[forecast]\nn_leafs = 7", "forecast.n_leafs"),
        ("[merchants.x]\nlead_time = 2", "merchant x"),
        ("n_shards = 0", "n_shards"),
        ("n_shards = ", "not TOML"),
        ("[inventory]\ndiscount = nan", "inventory.discount"),
    ],
)
def test_a_bad_setting_is_named_with_its_remedy(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match="remedy") as caught:
        load_settings(path)
    assert named in str(caught.value)


def test_a_missing_settings_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_settings(tmp_path / "absent.toml")


def test_a_settings_file_that_is_a_folder_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path)
    (tmp_path / "latin.toml").write_bytes('data = "/märkte"'.encode("latin-1"))
    with pytest.raises(UsageError, match="is not text"):
        load_settings(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALERTS__MAIL_PASWORD", "hunter2"),
        ("ALERTS__WEBHOK_URL", "hunter2"),
        ("ALERTS", '"hunter2"'),
        ("ALERTS", '{"mail_password": ["hunter2"]}'),
        ("ALERTS", '{"mail_password": hunter2}'),
        ("ALERTS__CHANNELS", '["https://example.org/hunter2"]'),
        ("INVENTORY__TOKEN", "hunter2"),
    ],
)
def test_no_error_shows_what_may_be_a_secret(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"REPLENISH_{variable}", value)
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert variable.split("__", maxsplit=1)[0].lower() in str(caught.value)


def test_a_value_that_is_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_N_SHARDS", "many")
    with pytest.raises(UsageError, match="got: 'many'"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[inventory]\nminimum_order_quantity_units = 100\nmaximum_order_quantity_units = 50", "the settings of"),
        ("[inventory]\npack_size_units = 60\nstorage_capacity_units = 50", "the settings of"),
        ("[inventory]\npack_size_units = 40\n[merchants.m1]\nminimum_order_quantity_units = 41\nmaximum_order_quantity_units = 79", "merchant m1"),
    ],
)
def test_order_terms_that_contradict_each_other_are_refused(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(UsageError, match=f"order terms of {where}.* contradict"):
        load_settings(tmp_path / "settings.toml")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().n_shards = 3  # type: ignore[misc]


def test_the_hash_ignores_where_data_lies_and_how_many_work_on_it() -> None:
    base = Settings()
    elsewhere = Settings(data="/elsewhere", source="/other", n_shards=9, forecast=base.forecast.model_copy(update={"n_threads": 1}))
    assert elsewhere.hash() == base.hash()
    assert base.model_copy(update={"seed": 1}).hash() != base.hash()
    assert base.for_merchant("m", {"lead_time_weeks": 9.0}).hash() != base.hash()


def test_the_merchants_table_lists_every_inventory_setting_and_no_other() -> None:
    assert set(Merchants.columns()) - {"merchant_id", "name", "time_zone"} == set(InventorySettings.model_fields)


def test_the_merchants_table_and_the_settings_agree_on_every_bound() -> None:
    for name, field in InventorySettings.model_fields.items():
        bounds = {kind: getattr(entry, kind) for entry in field.metadata for kind in ("ge", "le") if hasattr(entry, kind)}
        column = Merchants.columns()[name]
        largest = getattr(column, "max", None)
        # A cell of a table may hold a barcode; a setting is written by hand.
        absolute = largest if largest in {LARGEST_TERM_UNITS, LARGEST_UNITS, LARGEST_AMOUNT_EUR} else None
        assert (getattr(column, "min", None), largest) == (bounds.get("ge"), bounds.get("le", absolute)), name


def test_a_merchant_may_name_every_policy_of_the_settings_and_no_other() -> None:
    names = [*get_args(PolicyName), "order_nothing", "x extended"]
    merchants = Merchants.create_empty().clear(len(names)).with_columns(merchant_id=pl.Series(names), policy=pl.Series(names))
    good, _ = Merchants.filter(merchants)
    assert good["policy"].to_list() == list(get_args(PolicyName))
