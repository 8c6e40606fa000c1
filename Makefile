# Everything happens in one virtual environment, .venv, made from the locks with their hashes.
# Written for GNU make 3.81 (macOS) and later; all paths are relative, so spaces do no harm.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

READY := .venv/ready
FAULTS = $(filter-out %/test_random.py,$(wildcard tests/faults/test_*.py))
RUN := .venv/bin/python -m
UV := .venv/bin/uv

# Everything is resolved for 3.11 to 3.13 on Linux and macOS, from wheels alone, in one version each.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --only-binary :all: --custom-compile-command "make lock"

.PHONY: help setup demo run test test-faults test-install lint types format fuzz audit bench bench-quick accuracy accuracy-quick screenshots lock clean

help: ## this list
	@echo "Earmark: drop a wav into a folder, read which digit is spoken in it."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv with everything in it (PYTHON=python3.12 picks the Python)

demo: $(READY) ## the whole tour on synthetic speech: from nothing to a trained model and a table
	@.venv/bin/earmark demo

run: $(READY) ## everything on this machine, until Ctrl-C
	@.venv/bin/earmark up

test: $(READY) ## all tests, a file at a time on each core
	@$(RUN) pytest --numprocesses 3 --dist loadfile

test-faults: $(READY) ## every fault, then random kills for MINUTES (default 10; SEED repeats a run)
	@MINUTES=$${MINUTES:-10} $(RUN) pytest -m "" $(FAULTS) tests/faults/test_random.py

test-install: $(READY) ## the wheel alone, each image's lock, and compose, outside of the checkout (4 GB for a while)
	@$(RUN) tests.install

lint: $(READY) ## ruff: rules and format
	@$(RUN) ruff check --quiet .
	@$(RUN) ruff format --quiet --check .
	@echo "lint: clean"

types: $(READY) ## mypy, strict
	@$(RUN) mypy

format: $(READY) ## let ruff mend what it can
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

fuzz: $(READY) ## 110,000 damaged wavs and zips through decoder, front ends and zip reader
	@$(RUN) tests.fuzz $(FUZZ)

audit: $(READY) ## known holes in what the locks name; fails when a package could not be checked
	@$(RUN) pip_audit --strict --disable-pip --require-hashes --progress-spinner off \
		--requirement locks/dev.txt --requirement locks/uv.txt

bench: $(READY) ## all benchmarks
	@$(RUN) bench

bench-quick: $(READY) ## the benchmarks in two minutes
	@$(RUN) bench --quick

screenshots: $(READY) ## the README's pictures, of a dashboard of their own (needs chromium)
	@$(RUN) tests.browser.screenshots docs/screenshots

accuracy: $(READY) ## how well every recipe hears, on ../shared/data/fsdd (EARMARK_FSDD): docs/accuracy.md
	@$(RUN) bench.accuracy

accuracy-quick: $(READY) ## the same with one seed and without the learning curve, in minutes
	@$(RUN) bench.accuracy --quick

lock: .venv/bin/uv ## resolve pyproject.toml anew into locks/ (UPGRADE=--upgrade takes newer versions)
	@$(COMPILE) $(UPGRADE) --extra dev --output-file locks/dev.txt pyproject.toml
	@$(COMPILE) $(UPGRADE) --constraints locks/dev.txt --output-file locks/worker.txt pyproject.toml
	@$(COMPILE) $(UPGRADE) --constraints locks/dev.txt --extra trainer --output-file locks/trainer.txt pyproject.toml
	@$(COMPILE) $(UPGRADE) --constraints locks/dev.txt --extra dashboard --output-file locks/dashboard.txt pyproject.toml
	@$(COMPILE) $(UPGRADE) --constraints locks/dev.txt --group bootstrap --output-file locks/uv.txt
	@wc -l locks/*.txt

clean: ## remove .venv, caches and build output; inbox, data and models stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `uv pip sync` also removes what a lock no longer names, so an old .venv never lies.
$(READY): .venv/bin/uv pyproject.toml locks/dev.txt
	@echo "setup: installing what locks/dev.txt names (3 GB with TensorFlow; minutes the first time)"
	@$(UV) pip sync --quiet --python .venv/bin/python --require-hashes --only-binary :all: --compile-bytecode locks/dev.txt
	@echo "setup: installing Earmark itself, editable"
	@$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "setup: done; the command is .venv/bin/earmark"

.venv/bin/uv: .venv/bin/python locks/uv.txt
	@echo "setup: installing uv"
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r locks/uv.txt
	@touch $@

.venv/bin/python:
	@for python in $${PYTHON:-python3 python3.13 python3.12 python3.11}; do \
		if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
			echo "setup: making .venv with $$("$$python" --version) ($$(command -v "$$python"))"; \
			"$$python" -m venv .venv && exit 0; \
			rm -rf .venv; \
			echo "setup: $$python cannot make a virtual environment; on Debian and Ubuntu install python3-venv." >&2; \
			exit 1; \
		fi; \
	done; \
	echo "setup: Earmark needs Python 3.11, 3.12 or 3.13; $${PYTHON:-python3} is $$("$${PYTHON:-python3}" --version 2>/dev/null || echo not found)." >&2; \
	echo "setup: install one of them, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
	exit 1
