# Two commands: `make run` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: run test bench check schema pictures clean

run: $(VENV)/runtime
	@$(BIN)/python -m core start --port $(PORT)

test: $(VENV)/tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(VENV)/tests
	$(BIN)/python -m pytest tests/bench -m bench -s -q

check: $(VENV)/tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

schema: $(VENV)/tests
	$(BIN)/python -m tests.database.autogenerate

$(VENV)/runtime: requirements.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/tests: requirements.txt requirements-dev.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/runtime

pictures: $(VENV)/tests
	$(BIN)/python docs/pictures.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
