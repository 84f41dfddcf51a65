# `make demo` and `make test` do all the set-up on a machine with python3 (venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Stays out of the checkout's way and of an earlier demo's.
DEMO ?= demo

.PHONY: install demo test lint clean

install: $(STAMP)

# The constraints pin a CPU build of torch: an open range draws gigabytes that nobody here uses.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	touch $(STAMP)

demo: install
	rm -rf $(DEMO)
	mkdir -p $(DEMO)
	$(BIN)/wearcli inspect sample_data
	$(BIN)/wearcli embed sample_data -o $(DEMO)/embeddings.parquet
	$(BIN)/wearcli probe $(DEMO)/embeddings.parquet --task activity --epoch 10 -o $(DEMO)/probes/activity
	$(BIN)/wearcli probe $(DEMO)/embeddings.parquet --task gait -o $(DEMO)/probes/gait
	$(BIN)/wearcli predict $(DEMO)/embeddings.parquet --probe $(DEMO)/probes/activity --merge -o $(DEMO)/bouts.parquet
	$(BIN)/wearcli gait $(DEMO)/embeddings.parquet --probe $(DEMO)/probes/gait -o $(DEMO)/gait
	$(BIN)/wearcli report $(DEMO)/probes/activity
	@echo
	@echo "The files are in $(DEMO)/: embeddings.parquet, probes/activity/ with report.html, probes/gait/, bouts.parquet, gait/"

test: install lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info
