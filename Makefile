# Each target sets itself up; none needs another to have run first.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev system-packages example-jars demo demo-clean test test-postgresql test-kills coverage check lint bench fmt lock

# Many processes start in the tests; each would compile all modules anew where the environment forbids to keep them.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
PROCESSES ?= 2

help: ## show these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## make .venv and install the project into it
	@scripts/setup.sh base

setup-dev:
	@scripts/setup.sh dev

system-packages:
	@scripts/install-system-packages.sh

demo: setup ## a city and two counties on this machine; Ctrl-C stops all
	@exec $(BIN)/python -m service.demo

demo-clean: ## remove what the demo stored
	@rm -rf var/demo

example-jars: system-packages
	@scripts/fetch-jars.sh

test: system-packages setup-dev example-jars ## all tests, with real servers and a real browser
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder $(OPTIONS) $(TESTS)

test-postgresql: ## the walks of people and departments once more, every node on PostgreSQL
	@CHAOXIN_TEST_NODES=postgresql $(MAKE) test TESTS=$(or $(TESTS),tests/functional)

test-kills: system-packages setup-dev ## issuers and workers killed (-9) at each step of issuing, two hundred times on each database; a few minutes
	@CHAOXIN_KILLS=200 CHAOXIN_TEST_NODES=postgresql $(BIN)/python -m pytest -n $(PROCESSES) tests/functional/test_kills.py tests/functional/test_bulk_issuing.py

coverage: ## the same tests, and which lines and branches none of them reaches; watching takes half as long again
	@$(MAKE) test OPTIONS="--cov --cov-report=term"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/python scripts/check_translations.py
	$(BIN)/python scripts/check_chinese.py

check: lint ## everything that must hold before a change is taken: tools first, then the tests, the walks on PostgreSQL, and the kills
	@$(MAKE) test
	@$(MAKE) test-postgresql
	@$(MAKE) test-kills

bench: setup-dev ## measure, side by side with peers
	@scripts/install-system-packages.sh nginx-light openssl wrk
	@$(BIN)/python -m benchmarks

fmt: setup-dev ## format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: ## pin the Python packages anew
	@scripts/lock.sh
