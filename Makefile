# `make demo` and `make test` do all the set-up on a machine with make and python3 (3.11 or newer, with venv).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What a user needs (`make demo`), and what a developer needs: training with torch, tests, linters, the docs.
CORE := $(VENV)/.installed-core
ALL := $(VENV)/.installed-all
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The demo's files go here. The folder is emptied first.
DEMO ?= demo

.PHONY: install demo test lint docs clean

install: $(ALL)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A torch that is already in the venv stays, whatever its version and build: see docs/installing.md.
define INSTALL
if $(BIN)/python -c 'import torch' 2>/dev/null; \
then grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt; \
else cp constraints.txt $(VENV)/constraints.txt; fi
$(PIP) -c $(VENV)/constraints.txt -e
endef

$(CORE): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[report]'
	touch $@

$(ALL): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[all,docs,dev]'
	touch $(CORE) $@

demo: $(CORE)
	rm -rf $(DEMO)
	mkdir -p $(DEMO)
	@printf '\n== What the recordings hold ==\n'
	$(BIN)/wearcli inspect sample_data
	@printf '\n== Embed: a row a window ==\n'
	$(BIN)/wearcli embed sample_data -o $(DEMO)/embeddings.parquet
	@printf '\n== Probe: which activity, on people that the probe has not seen ==\n'
	$(BIN)/wearcli probe $(DEMO)/embeddings.parquet --task activity --epoch 10 --probe linear -o $(DEMO)/probes/activity
	@printf '\n== Probe: cadence and stride time ==\n'
	$(BIN)/wearcli probe $(DEMO)/embeddings.parquet --task gait --probe linear -o $(DEMO)/probes/gait
	@printf '\n== Predict: the bouts of each activity ==\n'
	$(BIN)/wearcli predict $(DEMO)/embeddings.parquet --probe $(DEMO)/probes/activity --merge -o $(DEMO)/bouts.parquet
	@printf '\n== Gait: walking bouts and days ==\n'
	$(BIN)/wearcli gait $(DEMO)/embeddings.parquet --probe $(DEMO)/probes/gait -o $(DEMO)/gait
	@printf '\n== Report: one HTML page ==\n'
	$(BIN)/wearcli report $(DEMO)/probes/activity
	@echo
	@echo "The files are in $(DEMO)/; open $(DEMO)/probes/activity/report.html in a browser."
	@echo "To type wearcli yourself: . $(BIN)/activate"

# The documentation, as a website in site/. The variable silences a notice about a version of mkdocs that nobody uses.
docs: $(ALL)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The documentation is in site/: open site/index.html"

test: $(ALL) lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(ALL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(DEMO) build site *.egg-info
