# make app: install and start the app.  make test: install and run every test.  Both keep to .venv.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: app test check benchmarks clean

app: .venv/app
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmarks: .venv/app
	$(BIN)/python -m benchmarks.speed

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Expected Python 3.11 or newer, found $$($(PYTHON) --version). Name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

REQUIREMENTS := requirements.txt $(wildcard requirements/*.txt)

.venv/app: .venv/bin/python $(REQUIREMENTS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/dev: .venv/bin/python $(REQUIREMENTS) requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
