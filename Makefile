# Two commands: `make run` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: run test cover check bench soak lock schema pictures clean

run: $(VENV)/runtime
	@$(BIN)/python -m core start --port $(PORT)

# From Python 3.12 on the interpreter itself says which lines ran, at next to no cost: coverage is printed.
# On 3.11 a tracer would make the suite up to three times slower: `make cover` runs it there.
COVER := --cov --cov-report=term:skip-covered
COVERED = $(shell $(BIN)/python -c "import sys; print('$(COVER)' if sys.version_info >= (3, 12) else '')")

test: check
	COVERAGE_CORE=sysmon $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(COVERED)

cover: $(VENV)/tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(COVER)

check: $(VENV)/tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/tests
	$(BIN)/python -m pytest tests/bench tests/commands/test_cold.py -m bench -q -p tests.bench.page --benchmarks docs/benchmarks.md

soak: $(VENV)/tests
	$(BIN)/python -m pytest -m soak -s -q

lock: $(VENV)/lock
	$(VENV)/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements.txt -o requirements.lock
	$(VENV)/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements-dev.txt -o requirements-dev.lock

schema: $(VENV)/tests
	$(BIN)/python -m tests.database.next_version $(WORDS)

pictures: $(VENV)/tests
	$(BIN)/python docs/pictures.py

$(VENV)/runtime: requirements.lock
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/tests: requirements.lock requirements-dev.lock
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/runtime

$(VENV)/lock:
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage*
