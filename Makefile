# make demo    sets up and plays two rounds on the real local model
# make test    sets up and runs every test, the real model's included
# make check   lint, format and strict types
# make docs    builds the book into site/; a broken link is an error
# make bench   measures speed and memory beside the peers, and writes docs/results/performance.md (most of an hour)
# make kill-test   kills a session a thousand times and holds it to docs/reliability.md
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
DEMO := sessions/demo

.PHONY: demo test check bench kill-test docs
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# //p' Makefile

$(VENV)/.installed: requirements/cpu.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] < (3, 14) else "Noria needs Python 3.11 to 3.13; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements/cpu.txt
	$(PIP) --no-build-isolation --editable .
	touch $@

# Bubblewrap is the stronger of the sandbox's two tiers; where it cannot be installed its tests are skipped and say so.
.PHONY: bubblewrap
bubblewrap:
	@command -v bwrap > /dev/null || { command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ] \
	  && { apt-get install -qq --yes bubblewrap > /dev/null 2>&1 \
	       || { apt-get update -qq && apt-get install -qq --yes bubblewrap > /dev/null; }; }; } \
	  || echo "bubblewrap is not installed: the sandbox is tested without it"

# The viewer's pages are tested in a real browser; where none can be installed those tests are skipped and say so.
.PHONY: chromium
chromium:
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null \
	  || { command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ] \
	  && { apt-get install -qq --yes chromium > /dev/null 2>&1 \
	       || { apt-get update -qq && apt-get install -qq --yes chromium > /dev/null; }; }; } \
	  || echo "chromium is not installed: the viewer is not tested in a browser"

# Ledgers in PostgreSQL are tested on a real one, which the tests start and end themselves: without it they fail.
.PHONY: postgresql
postgresql:
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 \
	  || { command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ] \
	  && { apt-get install -qq --yes --no-install-recommends postgresql > /dev/null 2>&1 \
	       || { apt-get update -qq && apt-get install -qq --yes --no-install-recommends postgresql > /dev/null; }; }; } \
	  || echo "postgresql is not installed: the tests of ledgers in it fail"

$(VENV)/.dev: $(VENV)/.installed requirements/dev.txt
	$(PIP) -r requirements/dev.txt
	touch $@

demo: $(VENV)/.installed
	@if [ -e $(DEMO)/ledger.db ]; then \
	  echo "$(DEMO) is there already: going on with it (remove the folder to begin anew)"; \
	  $(BIN)/noria resume $(DEMO); \
	else \
	  $(BIN)/noria run --config recipes/demo.yaml; \
	fi

# Three at a time, a file to each: they wait for processes, disks and browsers more than they compute. The real model
# has the cores to itself.
test: $(VENV)/.dev bubblewrap chromium postgresql
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "not model"
	$(BIN)/python -m pytest -m model

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

kill-test: $(VENV)/.dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.crash --kills 1000

# Nothing else should run beside it. Peers come from PyPI, each into an environment of its own under .bench/.
bench: $(VENV)/.dev
	$(BIN)/python bench/suite.py

# The book is built in an environment of its own: its tools have nothing to do with the program.
$(VENV)-docs/.installed: requirements/docs.txt
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/docs.txt
	touch $@

docs: $(VENV)-docs/.installed
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build --strict
