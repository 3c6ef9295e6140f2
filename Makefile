# Every target sets itself up: git, make and Python 3.11 or newer are all it takes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install test test-fast check demo bench clean

help:
	@echo "make demo    the whole job on generated faces; ends with a report to open"
	@echo "make test    all tests; make test-fast leaves out those that start servers or kill processes"
	@echo "make check   formatting, lint and types"
	@echo "make bench   measured speeds and limits, as a table and as bench.json"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "fesdist needs Python 3.11 or newer; give another one with make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

install: $(VENV)/installed

test: install
	@$(BIN)/python -m pytest

test-fast: install
	@$(BIN)/python -m pytest -m 'not slow'

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

demo: install
	@$(BIN)/python -m flows.demo demo

bench: install
	@$(BIN)/python -m pip install --quiet --editable '.[bench]' || echo "some peers are absent: the extra bench cannot be installed"
	@$(BIN)/python -m tests.benchmarks --json bench.json

clean:
	rm -rf $(VENV) demo bench.json
