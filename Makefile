# Everything a developer types. `make setup` builds .venv from pinned, hashed requirements;
# the other targets call it first and it does nothing when nothing changed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: setup demo demo-rollout demo-statistics test lint types conformance checkov bench requirements clean

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("edgewise needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 setup") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@echo 'setting up $(VENV), one to three minutes the first time'
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: setup
	@$(BIN)/python examples/demo.py

demo-rollout: setup
	@$(BIN)/python examples/demo_rollout.py

demo-statistics: setup
	@$(BIN)/python examples/demo_statistics.py

# Real processes, clocks and browsers share the cores: what fails beside others (status 1: the run was whole, by
# tests/conftest.py) is named and run once more, alone. What fails alone has failed. An earlier run's failures are not ours.
test: lint types
	@rm -f .pytest_cache/v/cache/lastfailed
	$(BIN)/pytest -n auto || { [ $$? -eq 1 ] && echo 'once more, alone:' && $(BIN)/pytest -v --last-failed --last-failed-no-failures none; }

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

# Judges the local CDN by the documented rules of CloudFront; ends with a score.
conformance: setup
	$(BIN)/python -m conformance

# What checkov finds in the examples' templates and nobody explained; it has an environment of its own.
checkov: setup build/checkov/.ready
	$(BIN)/python tests/scanning/run.py build/checkov/bin/checkov

build/checkov/.ready: tests/scanning/requirements.txt
	@$(PYTHON) -m venv build/checkov
	@build/checkov/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: setup
	$(BIN)/python -m benchmarks

# Rewrites requirements.txt; needs uv (https://docs.astral.sh/uv/).
requirements:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade --quiet -o requirements.txt
	echo checkov | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade --quiet -o tests/scanning/requirements.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist
