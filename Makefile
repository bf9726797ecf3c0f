# Two commands for a fresh machine: `make compare` and `make test`.  Each makes .venv on first use.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: compare test lint slow clean

compare: .venv/compare
	$(BIN)/python -m comparisons

test: .venv/test lint
	$(BIN)/python -m pytest

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

slow: .venv/test
	$(BIN)/python -m pytest -m slow

.venv/pip: 
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'minigrad needs Python 3.11 or later: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	touch $@

.venv/compare .venv/test: .venv/%: .venv/pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

clean:
	rm -rf .venv
