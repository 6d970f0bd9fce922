"""Kernels as the Python functions they are compiled from: what coverage sees, and a second opinion."""

from simulation import comparison as plans
from simulation import cost_curve, costs, kpis, sku_terms
from simulation.kernels import comparison, demand_totals, draws, objectives, order_plans, path_costs, search, search_machine, vector_checks, weekly_simulation
from simulation.optimizers import protocol as optimizers
from simulation.policies import protocol as policies
from simulation.sampling import paths

CALLERS = (plans, cost_curve, costs, kpis, sku_terms, optimizers, policies)
KERNELS = (order_plans, weekly_simulation, path_costs, objectives, comparison, demand_totals, search_machine, search, vector_checks)


def without_jit(monkeypatch):
    """Replace every kernel of the simulation and the search by its Python function, wherever it is called from, on small blocks of paths."""
    for module in (*KERNELS, *CALLERS):
        _uncompile(monkeypatch, module)
    for module in (*KERNELS, paths):
        if hasattr(module, "BLOCK_PATHS"):
            monkeypatch.setattr(module, "BLOCK_PATHS", 4)


def draws_without_jit(monkeypatch):
    """The same for the draws, whose blocks are those of the common points."""
    _uncompile(monkeypatch, draws)


def _uncompile(monkeypatch, module):
    for name, value in list(vars(module).items()):
        if hasattr(value, "py_func"):
            monkeypatch.setattr(module, name, value.py_func)
