"""Kernels as the Python functions they are compiled from: what coverage sees, and a second opinion."""

from simulation import comparison as plans
from simulation import cost_curve, costs, hindsight, kpis, sku_terms, tuning
from simulation.kernels import (
    chunks,
    comparison,
    critical_paths,
    demand_totals,
    draws,
    known_futures,
    lanes,
    objectives,
    order_plans,
    path_costs,
    quick_costs,
    search,
    search_machine,
    search_population,
    search_state,
    seen_plans,
    vector_checks,
    weekly_simulation,
)
from simulation.kernels import hindsight as hindsight_kernel
from simulation.optimizers import pattern_search
from simulation.optimizers import protocol as optimizers
from simulation.policies import protocol as policies
from simulation.sampling import paths

CALLERS = (plans, cost_curve, costs, hindsight, kpis, sku_terms, tuning, paths, pattern_search, optimizers, policies)
KERNELS = (
    order_plans,
    weekly_simulation,
    path_costs,
    quick_costs,
    objectives,
    comparison,
    demand_totals,
    search_machine,
    search_population,
    search_state,
    seen_plans,
    search,
    critical_paths,
    vector_checks,
    known_futures,
    hindsight_kernel,
)


def without_jit(monkeypatch):
    """Replace every kernel of the simulation and the search by its Python function, wherever it is called from, on small blocks of paths."""
    for module in (*KERNELS, *CALLERS):
        _uncompile(monkeypatch, module)
    for module in (*KERNELS, paths):
        if hasattr(module, "BLOCK_PATHS"):
            monkeypatch.setattr(module, "BLOCK_PATHS", 4)
    for module in (lanes, quick_costs):
        monkeypatch.setattr(module, "LANES", 4)


def chunks_without_jit(monkeypatch):
    """The same for the kernels that walk along a chunk; those they call stay compiled."""
    own = [name for name, value in vars(chunks).items() if hasattr(value, "py_func") and value.py_func.__module__ == chunks.__name__]
    for module in (chunks, *CALLERS):
        for name in own:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(module, name).py_func)


def draws_without_jit(monkeypatch):
    """The same for the draws, whose blocks are those of the common points."""
    _uncompile(monkeypatch, draws)


def _uncompile(monkeypatch, module):
    for name, value in list(vars(module).items()):
        if hasattr(value, "py_func"):
            monkeypatch.setattr(module, name, value.py_func)
