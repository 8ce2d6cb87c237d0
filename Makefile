# Two commands do all: `make demo` and `make test`. The rest is for people who change the code.
PYTHON ?= python3
BIN := .venv/bin
SOAK_STEPS ?= 20
SEED ?= 1
# Tests wait for answers, time-outs and processes: one worker more than there are cores keeps them at work.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
ROOMS := model connectors store hygiene sync reports trueline sandbox
# Compiled once and kept, whatever the shell says: compiling the tests anew costs each worker ten seconds.
unexport PYTHONDONTWRITEBYTECODE
PIP := python -m pip --disable-pip-version-check --quiet

.PHONY: demo test check format docs bench soak lowest lock clean

# Names and versions only: the index is whatever pip is configured to use.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Trueline needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv (once, about a minute)"
	@$(BIN)/$(PIP) install -r requirements.lock
	@$(BIN)/$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/.ready
	@$(BIN)/trueline demo

# Workers take tests from each other at the end, so that no core waits for the longest file.
test: .venv/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(ROOMS) tests benchmarks
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

format: .venv/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Rewrites what README and docs say a command prints, and the tables made from the code.
docs: .venv/.ready
	$(BIN)/python -m tests.docs.refresh

# `make bench BENCH=wire` measures the pulls alone; benchmarks/__main__.py has the names and options.
bench: .venv/.ready
	$(BIN)/python -m benchmarks $(BENCH)

soak: .venv/.ready
	SOAK_STEPS=$(SOAK_STEPS) SEED=$(SEED) $(BIN)/python -m pytest -m soak -s $(or $(SOAK),tests)

# The same tests on the lowest versions that pyproject.toml admits.
lowest:
	@test -x .venv-lowest/bin/python || $(PYTHON) -m venv .venv-lowest
	@.venv-lowest/bin/$(PIP) install --constraint requirements-lowest.lock --editable '.[dev]' setuptools
	.venv-lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal

# Rewrites requirements.lock from what a fresh environment resolves to today, on the oldest Python that is supported.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "make lock needs PYTHON=python3.11")'
	.venv-lock/bin/$(PIP) install --upgrade 'setuptools>=77' --editable '.[dev]'
	.venv-lock/bin/python -m pip freeze --exclude-editable --all | grep -v '^pip==' > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock .venv-lowest build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
