# The five commands: make demo, make test, make check, make ui, make bench.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
EXTRA ?= cpu
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help demo test check ui bench clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRA),dev]'
	touch $@

demo: $(INSTALLED)  ## run the whole pipeline on the embedded sample release
	$(BIN)/mard run

test: $(INSTALLED)  ## run all tests
	$(BIN)/python -m pytest

check: $(INSTALLED)  ## lint, types, import contracts and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

ui: $(INSTALLED)  ## serve the Prefect and MLflow UIs on loopback
	$(BIN)/mard ui

bench: $(INSTALLED)  ## run every benchmark at its default scale
	$(BIN)/python -m benchmarks all

clean:  ## remove what runs have written; data/ stays
	rm -rf artifacts mlruns .prefect
