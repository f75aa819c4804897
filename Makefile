# Two words do all the set-up: `make run` and `make test`. The second run is quick: .venv/.ready is younger than the locks.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test quick soak chaos mutants check lint types contracts house pages ui format faults bench bench-peers docs lock screenshots clean

BIN := .venv/bin
READY := .venv/.ready
DATA ?= data
JOBS ?= 2
MINUTES ?= 10
ARGS ?=
# A file's tests share what its module starts, and tests/conftest.py says which files go first.
WORKERS := --dist loadfile --no-loadscope-reorder
# Tests and benchmarks start hundreds of processes; without bytecode on disk each of them compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml tools/setup
	@tools/setup

pages: $(READY) ## Build the pages, if ui/ changed (CUEBOOK_WITHOUT_PAGES=1 leaves them out)
	@$(BIN)/python hatch_build.py

run: pages ## Run the registry with its sample project (DATA=data, ARGS="--port 8321")
	@$(BIN)/cuebook serve --data $(DATA) $(ARGS)

test: pages ## Run every test: unit, property, both databases, contract, docs (JOBS=4, ARGS="-k name")
	@$(BIN)/pytest -n $(JOBS) $(WORKERS) $(ARGS)

quick: pages ## Run the everyday tests: everything that SQLite and one process can show, and a few stories beyond
	@$(BIN)/pytest -n $(JOBS) $(WORKERS) -m "not slow and not postgres and (everyday or not process)" $(ARGS)

soak: $(READY) ## Kill, race and walk at random for MINUTES=10; prints its seed (ARGS="--seed 7" takes the same steps again)
	@PYTHONPATH=src:. $(BIN)/python -m tests.model.soak --minutes $(MINUTES) $(ARGS)

chaos: $(READY) ## Kill, stop and cut off nodes under clients for 3 minutes, and check what these saw (ARGS="--minutes 60 --seed 7")
	@PYTHONPATH=src:. $(BIN)/python -m tests.chaos $(ARGS)

mutants: $(READY) ## Change the rules of access, policy and pointers bit by bit: do the tests notice? (ARGS="--max-children 2")
	@PYTHONPATH=src:. $(BIN)/python -m tools.mutants $(ARGS)

check: $(READY) ## Lint, format, types, import contracts, house rules; under a minute
	@$(MAKE) --keep-going --no-print-directory lint types contracts house ui

lint: $(READY)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: $(READY)
	@$(BIN)/mypy src tests tools bench hatch_build.py

contracts: $(READY)
	@$(BIN)/lint-imports --no-logo

house: $(READY)
	@$(BIN)/python -m tools.house

ui: $(READY)
	@$(BIN)/python hatch_build.py prettier --check --log-level warn .
	@$(BIN)/python hatch_build.py tsc --noEmit

format: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
	@$(BIN)/python hatch_build.py prettier --write --log-level warn .

docs: $(READY) ## Write the generated reference pages anew
	@$(BIN)/python -m tools.reference

faults: $(READY) ## Break disks, databases, networks and processes for real (some need root): a line for each fault with what was seen
	@$(BIN)/pytest -n $(JOBS) -m fault --timeout 600 $(ARGS)

bench: $(READY) ## Measure speed and size against their targets; writes docs/reference/performance.md
	@$(BIN)/python -m bench $(ARGS)

bench-peers: $(READY) ## Install MLflow and Phoenix beside us, and measure all three in one run
	@$(BIN)/python -m bench peers

screenshots: pages ## Take the pictures of README and docs anew (ARGS="palette": only that one)
	@PYTHONPATH=src:. $(BIN)/python -m tests.browser.pictures $(ARGS)

lock: $(READY) ## Lock the dependencies anew, with hashes (UPGRADE=1: the newest that fit)
	@tools/lock $(if $(UPGRADE),--upgrade)

clean: ## Remove the environment and every cache; data/ stays
	@rm -rf ui/node_modules ui/src/client src/cuebook_server/ui/static/app
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist mutants
