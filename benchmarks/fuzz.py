"""Spoilt exports: does every fault end in a message or a flag, and never in a traceback or a silently different order?

Each case copies a small market, spoils one table, reads it and decides it, with few paths, the empirical forecaster and no limits
across articles: what is measured is the reading, not the search. A case is *silent* if its rows are accepted and an order differs from
that of the sound market by more than half (and two units), or the decision day moves, and nothing is said: no reject, no reading, no
flag of the article's forecast, no assumed default, no note on tables, columns or ids. What could just as well be true (a stock of zero, a price a tenth
lower) is no fault and is not planted.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from benchmarks.fuzz_faults import Fault, faults_of, spoil
from benchmarks.fuzz_market import write_market
from cli.decision_inputs import decision_inputs
from domain.errors import ReplenishError
from domain.settings import EvidenceSettings, ForecastSettings, OptimizerSettings, Settings, SimulationSettings
from domain.tables import RAW_TABLES
from quality.source_checks import data_span, decision_day, ids_without_sales
from simulation.batch import optimize_vectors
from sources.folder import RawTables, read_source

TODAY = date(2026, 12, 1)
_SMALL_CHANGE_UNITS = 2
_SETTINGS = Settings(
    forecast=ForecastSettings(min_training_rows=10**9, n_threads=1),
    simulation=SimulationSettings(n_paths_optimize=100, n_paths_evaluate=400, n_threads=1),
    optimizer=OptimizerSettings(evaluation_budget=100),
    evidence=EvidenceSettings(n_paths_cost_curve=0),
)


class Decided(NamedTuple):
    """What came of a source."""

    day: date
    orders: Mapping[str, int]
    """By article."""
    said: frozenset[str]
    """Everything that is printed about the source, and the flags of its articles' forecasts."""


def run(*, n_cases: int, seed: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    """Play some faults and count how they end.

    Args:
        n_cases: Faults, drawn without repetition while there are new ones; then again with other rows.
        seed: Of the faults and of the rows that they hit.
        on_progress: Called now and then.
    """
    with tempfile.TemporaryDirectory() as work:
        sound = Path(work, "sound")
        write_market(sound)
        usual = _decide(sound)
        faults = _chosen(sound, n_cases, seed)
        ends = []
        for number, fault in enumerate(faults):
            ends.append(_end(sound, Path(work, "spoilt"), fault, usual, np.random.default_rng([seed, number])))
            if number % 100 == 99:
                on_progress(f"{number + 1:,} of {len(faults):,} cases")
    return _figures(faults, ends)


def _chosen(sound: Path, n_cases: int, seed: int) -> list[Fault]:
    names = [name for name in RAW_TABLES if (sound / f"{name}.csv").exists()]
    headers = {name: (sound / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",") for name in names}
    every = [fault for name, columns in headers.items() for fault in faults_of(name, columns)]
    draws = np.random.default_rng(seed)
    order = np.concatenate([draws.permutation(len(every)) for _ in range(-(-n_cases // len(every)))])
    return [every[place] for place in order[:n_cases]]


def _end(sound: Path, spoilt: Path, fault: Fault, usual: Decided, draws: np.random.Generator) -> str:
    """How a case ends: traceback, refused, silent, said, or unchanged."""
    shutil.rmtree(spoilt, ignore_errors=True)
    shutil.copytree(sound, spoilt)
    spoil(spoilt, fault, draws)
    try:
        found = _decide(spoilt)
    except ReplenishError:
        return "refused"
    except (Exception, pl.exceptions.PanicException):  # whatever it is, a user would see a traceback
        return "traceback"
    if found.said - usual.said:
        return "said"
    return "silent" if found.day != usual.day or _differ(found.orders, usual.orders) else "unchanged"


def _differ(orders: Mapping[str, int], usual: Mapping[str, int]) -> bool:
    if orders.keys() != usual.keys():
        return True
    return any(abs(orders[name] - units) > max(units / 2, _SMALL_CHANGE_UNITS) for name, units in usual.items())


def _decide(folder: Path) -> Decided:
    raw = read_source(str(folder), today=TODAY)
    first, last = data_span(raw.frames, today=TODAY)
    day = decision_day(first, last, today=TODAY)
    inputs = decision_inputs(raw, day, settings=_SETTINGS)
    policies = optimize_vectors(inputs.vectors, _SETTINGS, merchants=raw.frames["merchants"])
    flags = {f"{article}: {flags}" for article, flags in inputs.forecast.select("article_id", "flags").iter_rows() if flags}
    assumed = {f"assumed {default}" for default in inputs.defaults}
    return Decided(day, dict(policies.select("article_id", "order_now_units").iter_rows()), frozenset(flags | assumed | _printed(raw)))


def _printed(raw: RawTables) -> set[str]:
    """What the commands print about a source."""
    rejects = {f"{rule}: {count}" for rule, count in raw.rejects_by_rule.items()}
    return {*rejects, *raw.missing_optional, *raw.not_read, *ids_without_sales(raw.frames), *map(str, raw.readings.rows())}


def _figures(faults: list[Fault], ends: list[str]) -> dict[str, Any]:
    by_kind = {kind: Counter(end for fault, end in zip(faults, ends, strict=True) if fault.kind == kind) for kind in ("cell", "row", "file")}
    counts = Counter(ends)
    return {
        "cases": len(ends),
        "tracebacks": counts["traceback"],
        "silent": counts["silent"],
        "refused": counts["refused"],
        "said": counts["said"],
        "unchanged": counts["unchanged"],
        "by_kind": {kind: dict(sorted(found.items())) for kind, found in by_kind.items()},
        "to_repair": sorted({f"{end}: {fault.table}, {fault.name}" for fault, end in zip(faults, ends, strict=True) if end in {"traceback", "silent"}}),
    }
