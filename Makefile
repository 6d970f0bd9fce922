# Everything a newcomer needs is `make run` and `make test`; `make help` lists the rest.
# Only Python ≥ 3.11 and make are assumed: uv is installed into .uv/ and the environment into .venv/ from the lock.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run ui test lint kernel-coverage bench docs market-page clean

PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .uv/bin/uv
BIN := $(CURDIR)/.venv/bin

export REPLENISH_DATA ?= $(CURDIR)/data
export UV_PYTHON_DOWNLOADS := never
# Thread counts are explicit everywhere: two cores are what we promise figures for.
export OMP_NUM_THREADS ?= 2
export POLARS_MAX_THREADS ?= 2
export NUMBA_NUM_THREADS ?= 2

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(f"replenish needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "installing uv $(UV_VERSION) into .uv/"
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'

.venv/.complete: uv.lock pyproject.toml | $(UV)
	@echo "installing the locked environment into .venv/"
	@$(UV) sync --locked --quiet --python $(PYTHON)
	@$(BIN)/python -c 'import lightgbm' || { echo "LightGBM needs the OpenMP runtime: apt-get install libgomp1 (Debian), brew install libomp (macOS)"; exit 1; }
	@touch $@

# Compiled kernels lie beside their sources: the first command then starts like every later one.
.venv/.warm: .venv/.complete $(wildcard simulation/kernels/*.py)
	@echo "compiling the simulation's kernels (a minute or two)"
	@$(BIN)/python -m simulation.warm_up
	@touch $@

setup: .venv/.complete .venv/.warm ## Create .venv from the lock, compile the kernels, install the command `replenish` into .venv/bin

run: setup ## Build the demo market and compute its replenishment orders (main job)
	@$(BIN)/replenish market --merchants 6 --articles 80 --weeks 130 --seed 7 --out "$(REPLENISH_DATA)/demo-market"
	@$(BIN)/replenish run --source "$(REPLENISH_DATA)/demo-market" --data "$(REPLENISH_DATA)"

ui: setup ## Open the Dagster UI on http://127.0.0.1:3000
	@$(BIN)/replenish ui --data "$(REPLENISH_DATA)"

test: lint ## Run lint, types, import contracts and all tests
	@$(BIN)/pytest -n 2 --dist loadfile

lint: setup ## Check style, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# lane_instructions.py builds compiled code and has no loop of its own.
kernel-coverage: setup ## Which lines of the kernels their tests run, uncompiled; fails below 95 %
	@$(BIN)/coverage run --include='simulation/kernels/*' --omit='*/lane_instructions.py' -m pytest -q tests/reference tests/unit/test_chunks.py tests/unit/test_plan_comparison.py tests/unit/test_sku_terms.py
	@$(BIN)/coverage report --fail-under=95 --show-missing

bench: setup ## Measure the simulation kernel and the optimiser, and write the optimisers' page (about half an hour)
	@$(BIN)/replenish bench simulate
	@$(BIN)/python -m benchmarks.optimizer_page

market-page: setup ## Compare the synthetic market with the real panels beside the project (minutes)
	@$(BIN)/python -m docs.market.generate

docs: setup ## Write the generated reference pages and the pictures of the explanations
	@$(BIN)/python -m docs.reference.generate
	@for picture in docs/explanation/draw_*.py; do $(BIN)/python -m "docs.explanation.$$(basename $$picture .py)"; done

clean: ## Remove the environment and caches (never the data)
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
