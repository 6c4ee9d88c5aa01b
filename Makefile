# What a developer does here; `make help` lists it. Every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help run test check lint golden manifest bench migrations lock check-deps sbom base-image

help:  ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp  ## start the bot and a stand-in for Slack in the browser; no account needed
	@$(BIN)/eightbells try

test: lint  ## check the code, then run every test
	$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/run.stamp  ## look for mistakes in settings, team file, tokens, scopes and database
	$(BIN)/eightbells check

lint: $(VENV)/dev.stamp  ## style, types, and which part may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

golden: $(VENV)/dev.stamp  ## write the golden messages anew; then read the diff
	$(BIN)/python -m tests.golden.golden

manifest: $(VENV)/run.stamp  ## write manifest.yml from the commands that are there
	$(BIN)/eightbells manifest

bench: $(VENV)/dev.stamp  ## measure against bare Bolt on this machine
	$(BIN)/python -m benchmarks

migrations: $(VENV)/dev.stamp  ## write a migration: make migrations WHAT="what changed"
	$(BIN)/python -m bot.storage.migrations "$(WHAT)"

lock:  ## resolve dependencies anew (needs uv)
	uv pip compile -q -U $(LOCK) pyproject.toml -o requirements.lock
	uv pip compile -q -U $(LOCK) pyproject.toml --group dev -o requirements-dev.lock

check-deps: $(VENV)/dev.stamp  ## ask for known vulnerabilities of what is locked; ARGS='-s osv' asks osv.dev
	@$(BIN)/python -m supply_chain.check_deps $(ARGS)

sbom: $(VENV)/dev.stamp  ## write dist/sbom.cdx.json, the bill of materials of what runs
	@$(BIN)/python -m supply_chain.sbom

base-image: $(VENV)/dev.stamp  ## renew the digest of the image that the Dockerfile builds on
	@$(BIN)/python -m supply_chain.base_image

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv is missing; on Debian and Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }

# What runs the bot is a part of what tests it, so the second stamp serves for the first.
$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the bot needs (once; a minute or so) …"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what developing needs (once; a minute or two) …"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps -e .
	@touch $@ $(VENV)/run.stamp
