# Everything a newcomer needs: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup browser demo test bench screenshots lock lint clean

setup: $(VENV)/.ready  ## install the locked dependencies and the landstock command into .venv

$(VENV)/.ready: uv.lock pyproject.toml scripts/setup.sh
	PYTHON=$(PYTHON) bash scripts/setup.sh $(VENV)
	touch $@

demo: setup  ## a province of made-up submissions, the whole pipeline, the table of 11 cities
	$(BIN)/landstock demo

# One more than processors, for tests that wait for others; each may take a gigabyte.
WORKERS ?= $(shell n=$$(( $$(nproc) + 1 )); echo $$(( n < 4 ? n : 4 )))

# A file's tests stay together: some tell a story in order, most share what they set up. The longest files have few tests:
# they must not be left to the end.
# Slow ones (killed runs, lives of homes, Dagster's own services …) are for CI.
test: setup browser  ## the tests; with CI=true the slow ones, too
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(CI),,-m "not slow")
	$(if $(CI),,@echo "Without the slow tests; CI=true make test runs them, too.")

browser:  ## Chromium, a Chinese font, pdftotext: only tests and screenshots need them
	bash scripts/browser.sh

screenshots: setup browser  ## the pictures of the README, from the demo
	$(BIN)/python -m tests.screenshots

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

bench: setup
	$(BIN)/python -m benchmarks

lock:  ## resolve the dependencies anew; see scripts/lock.py
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) build dist
