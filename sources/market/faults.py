"""Faults that a market can be given: what breaks, where and from when, read from a TOML or JSON file.

A fault of the *world* changes what happens (`thinning`): fewer customers ask, or cannot buy. A fault of the *records* changes
what is delivered of it (`spoiling`). Same seed and same faults, same market.
"""

import datetime as dt
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.errors import UsageError

RecordTable = Literal["sales_transactions", "returns", "stock_levels", "inbound_shipments"]
_GUIDE = "docs/how-to/inject_faults.md lists every kind with its fields; examples/faults.toml has one of each."


class _Fault(BaseModel):
    """When and where; a fault without an end lasts."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    week: dt.date | None = Field(None, description="Monday of the first week; or `day`.")
    day: dt.date | None = Field(None, description="First day; or `week`.")
    n_weeks: int | None = Field(None, ge=1, description="Weeks it lasts.")
    n_days: int | None = Field(None, ge=1, description="Days it lasts, instead of `n_weeks`.")
    merchants: tuple[str, ...] = Field((), description="Merchants concerned; empty = all.")
    categories: tuple[str, ...] = Field((), description="Categories concerned; empty = all.")

    @model_validator(mode="after")
    def _begins_once(self) -> Self:
        if (self.week is None) == (self.day is None):
            raise ValueError("exactly one of week and day")
        if self.week is not None and self.week.weekday() != 0:
            raise ValueError(f"week is a Monday; {self.week} is not")
        if self.n_weeks is not None and self.n_days is not None:
            raise ValueError("at most one of n_weeks and n_days")
        return self

    @property
    def first_day(self) -> dt.date:
        """The first day it holds on."""
        return self.week or self.day or dt.date.max

    @property
    def end_day(self) -> dt.date:
        """The first day it no longer holds on."""
        n_days = self.n_days or 7 * (self.n_weeks or 0)
        return self.first_day + dt.timedelta(days=n_days) if n_days else dt.date.max


class _OneWeek(_Fault):
    """A fault of one delivery: a week, where nothing else is said."""

    n_weeks: int | None = Field(None, ge=1, description="Weeks it lasts; neither this nor `n_days` = 1 week.")

    @property
    def end_day(self) -> dt.date:
        """The first day it no longer holds on."""
        return self.first_day + dt.timedelta(days=self.n_days or 7 * (self.n_weeks or 1))


class PriceUnit(_Fault):
    """Prices of sales in another unit, e.g. cents."""

    kind: Literal["price_unit"]
    factor: float = Field(100.0, gt=0, description="Price recorded over price paid.")


class DemandDrop(_Fault):
    """Fewer customers ask (world): sales, stock, returns, orders and the truth follow."""

    kind: Literal["demand_drop"]
    factor: float = Field(0.5, ge=0, lt=1, description="Share of demand that is left.")


class CensoredSales(_Fault):
    """On the last days of each week nobody can buy (world), and no record says so: the stock is there, the truth keeps the demand."""

    kind: Literal["censored_sales"]
    days_per_week: int = Field(3, ge=1, le=6, description="Days of each week, counted back from Sunday, without sales.")


class MissingShard(_OneWeek):
    """Records of a slice of the series are not delivered."""

    kind: Literal["missing_shard"]
    share: float = Field(0.25, gt=0, le=1, description="Share of the series in scope that is missing.")
    tables: tuple[RecordTable, ...] = ("sales_transactions", "returns", "stock_levels")


class DuplicatedWeek(_OneWeek):
    """Rows are delivered twice, the second time under new ids: the same ids would be rejects by the key rule."""

    kind: Literal["duplicated_week"]
    tables: tuple[Literal["sales_transactions", "returns"], ...] = ("sales_transactions",)


class TimeZoneShift(_Fault):
    """Timestamps in another time zone that claim to be UTC."""

    kind: Literal["time_zone_shift"]
    hours: float = Field(ge=-14, le=14, description="Hours added.")
    tables: tuple[Literal["sales_transactions", "returns"], ...] = ("sales_transactions", "returns")


class FrozenStockFeed(_Fault):
    """Stock levels repeat the last count before; what had none keeps its first."""

    kind: Literal["frozen_stock_feed"]


WorldFault = DemandDrop | CensoredSales
RecordFault = PriceUnit | MissingShard | DuplicatedWeek | TimeZoneShift | FrozenStockFeed
Fault = WorldFault | RecordFault


class _FaultList(BaseModel):
    faults: tuple[Annotated[Fault, Field(discriminator="kind")], ...]


def read_faults(path: str | Path) -> tuple[Fault, ...]:
    """The faults of a file: a list of tables `[[faults]]` in TOML, a list or `{"faults": […]}` in JSON (by the ending `.json`).

    Raises:
        UsageError: The file is missing, unreadable or empty, or a kind, a field or a value is unknown.
    """
    content = _content(Path(path))
    if isinstance(content, dict) and set(content) == {"faults"}:
        content = content["faults"]
    if not isinstance(content, list) or not content:
        raise UsageError(f"{path} holds no list of faults", got=str(content)[:80], wanted="[[faults]] tables (TOML) or a list (JSON)", remedy=_GUIDE)
    try:
        return faults_from_rows(content)
    except ValidationError as error:
        raise _fault_error(error, path=path) from error


def faults_from_rows(rows: Sequence[Any]) -> tuple[Fault, ...]:
    """The faults of rows with the fields of a file.

    Raises:
        pydantic.ValidationError: A kind, a field or a value is unknown.
    """
    return _FaultList.model_validate({"faults": [_as_written(row) for row in rows]}).faults


def _content(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"the file of faults {path} cannot be read", got=str(error), wanted="a TOML or JSON file", remedy="Correct --faults.") from error
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        wanted = "JSON" if path.suffix == ".json" else "TOML (JSON only in a file that ends in .json)"
        raise UsageError(f"the file of faults {path} is not readable", got=str(error), wanted=wanted, remedy=_GUIDE) from error


def _as_written(fault: Any) -> Any:
    """A fault whose kind, where it has none, is named as missing."""
    return {"kind": None} | fault if isinstance(fault, dict) else fault


def _fault_error(error: ValidationError, *, path: str | Path) -> UsageError:
    first = error.errors()[0]
    _, number, *where = first["loc"]
    kind, *field = [str(part) for part in where] or ["of no known kind"]
    name = f"field {'.'.join(field)!r} of " if field else ""
    return UsageError(
        f"{name}fault {int(number) + 1} ({kind}) in {path} is not usable",
        got=str(first.get("input"))[:120],
        wanted=first["msg"],
        remedy=_GUIDE,
    )
