# Every target sets up what it needs: `make demo` and `make test` work in a fresh clone.
#   make demo TASK=two_room     another task
#   make demo PYTHON=python3.12
PYTHON ?= python3
TASK ?= reacher
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo test slow browser lint format wheel release shipped lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

.venv/ready: pyproject.toml constraints.txt scripts/setup.sh
	@bash scripts/setup.sh

demo: .venv/ready  ## pixels to goals: doctor, collect, train, eval, report
	@$(BIN)/wmpc demo task=$(TASK)

test: .venv/ready  ## the laws, in minutes
	$(BIN)/pytest -n auto --maxprocesses 4

slow: .venv/ready  ## the science and the kill tests
	$(BIN)/pytest -m slow

browser: .venv/ready  ## the report's tests in a real browser, which it installs where it may
	@bash scripts/browser.sh
	$(BIN)/pytest -m browser

lint: .venv/ready  ## formatting, style, types and the import law
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: .venv/ready  ## rewrite what `make lint` would complain of
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: .venv/ready  ## dist/wmpc-*.whl
	$(BIN)/python -m build --wheel

release: .venv/ready  ## dist/: wheel, source archive, SBOM; tried with every Python here
	@bash scripts/release.sh

shipped: .venv/ready  ## the run that is shipped in the package, anew: collect, train, measure
	@$(BIN)/python scripts/ship.py

lock: .venv/ready  ## write constraints.txt from what is installed
	$(BIN)/pip freeze --exclude-editable --exclude wmpc | sed 's/+cpu$$//' > constraints.txt

clean:  ## drop the environment and what was built; data/ and runs/ stay
	rm -rf .venv build dist *.egg-info
