# `make demo` and `make test` need Debian, make and Python 3.11 or newer; they set up the rest themselves.
# Variables: CI=true turns skipped tests into failures; PYTEST_ARGS is passed on to pytest, which runs on all processors.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

.PHONY: help
help: ## Show what there is to make
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: setup ## Set everything up and run the tour: one document in ten languages
	@$(BIN)/polyrun run examples/tour.mix

.PHONY: test
test: setup lint ## Set everything up, lint, and run every test
	@scripts/with_engine.sh $(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

.PHONY: lint
lint: setup ## Check format, style, types and the direction of imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --no-cache --quiet . # its cache misses that a module moved, which changes how imports are sorted
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: bench
bench: setup ## Measure PolyRun against plain shell and just
	@$(BIN)/python benchmarks/compare.py

.PHONY: setup
setup: ## Install the toolchains (as root) and the Python environment that are missing
	@scripts/setup.sh

.PHONY: clean
clean: ## Remove the environment and everything that tools left here
	@rm -rf $(VENV) .setup.lock .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache build dist
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
