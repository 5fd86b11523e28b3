# Two commands: `make demo` shows the provider at work, `make test` runs everything that checks it.
# Needs Python 3.11 or newer and make; everything else goes into .venv/ and .airflow/.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
AIRFLOW_HOME := $(CURDIR)/.airflow
CONSTRAINTS := constraints/airflow-3.3.txt
# What this Makefile's own tools need; the other Airflows of `make matrix` have the group of the tests.
GROUPS := dev docs checks hardening package browser
CLUSTER_VENV := .venv-cluster
CLUSTER_CONSTRAINTS := constraints/cluster.txt
# How many waits `make cluster` makes.
WAITS ?= 1000

export AIRFLOW_HOME
# Quiet and quick on a machine nobody looks at.
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test browser screenshots soak mutants lint audit check-github docs package format sandbox bench bench-waiting cluster constraints clean

help:
	@echo "make demo      run the example DAG against the sandbox and tell what happens"
	@echo "make test      run the whole test suite"
	@echo "make matrix    the same on every supported Airflow and Python; ONLY=3.1 for some"
	@echo "make soak      the tests that take minutes each"
	@echo "make bench     measure beside what people use today: a quarter of an hour"
	@echo "make cluster   1 000 waits on PostgreSQL, Redis and Celery, with parts of it killed; WAITS=40 for fewer"
	@echo "make mutants   what the tests of the API client do not notice"
	@echo "make lint      ruff, mypy --strict, make docs, make audit, and files for GitHub and pre-commit"
	@echo "make browser   install Chromium, for the tests of pages and of the connection form"
	@echo "make screenshots  take the pictures in docs/images anew"
	@echo "make docs      build the documentation into build/docs"
	@echo "make package   build sdist and wheel into dist/, check them, try them in an empty environment"
	@echo "make sandbox   start the sandbox on port 8765"
	@echo "make clean     remove what these made: .venv, .airflow and the like"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[sandbox]" $(addprefix --group ,$(GROUPS))
	touch $@

demo: setup
	@$(BIN)/python scripts/demo.py

test: setup
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

# Debian's own, where there is none and whoever asks may install it.
browser:
	@command -v chromium google-chrome >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }
	@command -v chromium || command -v google-chrome || echo "there is no Chromium: tests in a browser will be skipped"

# The pictures in the documentation.
screenshots: setup browser
	NXLINK_SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/system/test_connection_form.py tests/preview/test_browser.py

# On every Airflow and Python that is supported, `make test` among them; ONLY=3.1 for some.
matrix:
	@$(PYTHON) scripts/matrix.py --only "$(ONLY)"

soak: setup
	$(BIN)/python -m pytest -m soak

# All but waiting in a whole Airflow, or those named: make bench BENCH="imports listing"
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/run.py $(BENCH)

$(VENV)/.bench: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --group bench
	touch $@

# Half an hour: changes the API client in each small way there is, and tells which changes no test notices.
mutants: setup
	$(BIN)/mutmut run
	$(BIN)/mutmut results

bench-waiting: setup
	$(BIN)/python benchmarks/waiting.py

# Says what it needs of the system, and how to install it.
cluster: $(CLUSTER_VENV)/.ready
	$(CLUSTER_VENV)/bin/python cluster/run_cluster.py --waits $(WAITS)

$(CLUSTER_VENV)/.ready: pyproject.toml $(CONSTRAINTS) $(CLUSTER_CONSTRAINTS)
	$(PYTHON) -m venv $(CLUSTER_VENV)
	$(CLUSTER_VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(CLUSTER_VENV)/bin/python -m pip install --quiet --constraint $(CONSTRAINTS) --constraint $(CLUSTER_CONSTRAINTS) --editable ".[sandbox]" --group cluster
	touch $@

lint: setup docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory check-github
	$(BIN)/pre-commit validate-config
	$(BIN)/pre-commit validate-manifest
	$(MAKE) --no-print-directory audit

# What users install, against the advisories of osv.dev. Where that cannot be asked it says so, and passes
# unless AUDIT_STRICT=1.
audit: setup
	@$(BIN)/python scripts/audit.py

# Against the schemas that check-jsonschema brings with it.
check-github: setup
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml

# Strict: a link or a name that leads nowhere is an error. Asks nothing of the network.
docs: setup
	$(BIN)/sphinx-build --fail-on-warning --keep-going --nitpicky --fresh-env --quiet docs build/docs

package: setup
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/python scripts/check_installed.py dist/*.whl $(CONSTRAINTS)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sandbox: setup
	$(BIN)/python -m airflow_provider_nxlink.sandbox

# Takes the newest versions that fit, for each Airflow, and writes them down; VERSIONS=3.1 for one.
constraints:
	$(PYTHON) scripts/constraints.py --groups $(GROUPS) bench --versions $(VERSIONS)

clean:
	rm -rf $(VENV) .matrix $(CLUSTER_VENV) .airflow .cluster build mutants
