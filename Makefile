# Two commands do all: `make demo` and `make test`. The rest is for people who change the code.
PYTHON ?= python3
BIN := .venv/bin
SOAK_STEPS ?= 20
SEED ?= 1
ROOMS := model connectors store hygiene sync reports trueline sandbox

.PHONY: demo test check bench soak clean lock

# Names and versions only: the index is whatever pip is configured to use.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Trueline needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies into .venv (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/.ready
	@$(BIN)/trueline demo

test: .venv/.ready
	$(BIN)/python -m pytest

check: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(ROOMS) tests benchmarks
	$(BIN)/python -m pytest

bench: .venv/.ready
	$(BIN)/python -m benchmarks

soak: .venv/.ready
	SOAK_STEPS=$(SOAK_STEPS) SEED=$(SEED) $(BIN)/python -m pytest -m soak -s tests

# Rewrites requirements.lock from what a fresh environment resolves to today.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check setuptools wheel --editable '.[dev]'
	.venv-lock/bin/python -m pip freeze --exclude-editable --all | grep -v '^pip==' > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
