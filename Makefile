# Two commands matter: `make run` and `make test`. Both set up what is missing first; a second run is instant.
.DEFAULT_GOAL := help
SHELL := /bin/sh

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
CONTRACTS := settlement/contracts
ASSETS := marketplace/assets
ARGS ?=

# Where an image forbids cached byte code, each process compiles 1,400 modules again: 3.5 s of a start's 5.3 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run demo test chaos lint format bench assets contracts clean

help: ## Show these commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(VENV)/.stamp-python $(CONTRACTS)/node_modules/.stamp ## Create .venv and install the locked dependencies

$(BIN)/uv:
	sh scripts/create_venv.sh $(VENV) $(UV_VERSION)

$(VENV)/.stamp-python: $(BIN)/uv uv.lock pyproject.toml client/pyproject.toml
	@# The second form trusts the machine's own certificates, as a proxy that inspects TLS needs.
	$(BIN)/uv sync --frozen --inexact --compile-bytecode || $(BIN)/uv sync --frozen --inexact --compile-bytecode --system-certs
	@touch $@

$(CONTRACTS)/node_modules/.stamp: $(VENV)/.stamp-python $(CONTRACTS)/package-lock.json
	sh scripts/npm.sh --prefix $(CONTRACTS) ci --no-audit --no-fund
	@touch $@

run: setup ## Start every part, play the story, serve until Ctrl-C
	@exec $(BIN)/python -m marketplace.development run

demo: setup ## Play the story and exit 0 only if every step held
	@exec $(BIN)/python -m marketplace.development demo

test: setup ## Linters, type check, import contracts and the whole test suite (ARGS="-k name" narrows it)
	@exec $(BIN)/python -m pytest $(if $(ARGS),,-n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder) $(ARGS)

chaos: setup ## Kill and confuse every part under load, 200 rounds, then prove that nothing is lost (ARGS="--rounds 20")
	@exec $(BIN)/python -m tests.chaos $(ARGS)

lint: setup ## Linters, type check and import contracts alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Rewrite the source in the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: setup ## Measure, print, and write docs/benchmarks.md
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

assets: setup ## Rebuild the committed style sheet and scripts
	sh scripts/npm.sh --prefix $(ASSETS) ci --no-audit --no-fund
	sh scripts/npm.sh --prefix $(ASSETS) run build

contracts: setup ## Compile and compare, fuzz, prove, analyse and test the contracts (ARGS="prove" for one step)
	@exec $(BIN)/python -m settlement.contracts.check $(ARGS)

clean: ## Remove everything that is made, the environment included
	rm -rf $(VENV) .gridclear $(CONTRACTS)/node_modules $(CONTRACTS)/out* $(CONTRACTS)/cache* $(CONTRACTS)/.tools $(ASSETS)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
