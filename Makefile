# Everything there is to do. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# One version for everyone: the lock file's format follows it.
UV_VERSION := 0.13.9
UV := .tools/bin/uv
# Never an interpreter from elsewhere: Debian's python3 is the one this is tried with.
export UV_PYTHON_DOWNLOADS := never
RUN := $(UV) run --locked --no-sync
CLUSTER := $(RUN) python -m local_cluster
TEST_CLUSTER := test

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.tools/uv-$(UV_VERSION):
	@echo "setting up uv $(UV_VERSION)"
	@python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "python3 must be 3.11 (Debian 12); found $$(python3 --version)" >&2; exit 1; }
	@python3 -m venv .tools || { echo "python3 has no venv; run: apt-get install python3-venv" >&2; exit 1; }
	@.tools/bin/pip install --quiet uv==$(UV_VERSION)
	@touch $@

.venv/synced: uv.lock pyproject.toml operator/pyproject.toml trainer_image/pyproject.toml | .tools/uv-$(UV_VERSION)
	$(UV) sync --locked --all-groups
	@touch $@

setup: .venv/synced ## create .venv from the lock file

format: setup ## rewrite the code in the house style
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

generate: setup ## write crds/, the chart's copies and docs/api.md from the models
	$(RUN) python -m sft_operator.api.generate

lint: setup
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) lint-imports
	$(RUN) python -m sft_operator.api.generate --check

types: setup
	$(RUN) mypy

unit: setup
	$(RUN) pytest -q -n 2 tests/unit

check: lint types unit ## lint, types, imports, unit tests; no root, no cluster

cluster: setup ## the tests' cluster, with the images of this tree
	$(CLUSTER) up --name $(TEST_CLUSTER) --fake-gpus 0

test: check cluster ## check, integration, the main path with real pods, and one case of every matrix
	SFT_TEST_CLUSTER=$(TEST_CLUSTER) $(RUN) pytest -q --matrix-sample 1 tests/unit/chart tests/integration tests/e2e

test-matrix: setup cluster ## every fault and every bad input, with real pods
	SFT_TEST_CLUSTER=$(TEST_CLUSTER) $(RUN) pytest -q -m matrix tests/integration tests/e2e

demo: setup ## the main job: local cluster, images, chart, dataset, training, samples
	$(RUN) python -m demo

bench: setup ## run benchmarks/$(NAME).py
	@test -n "$(NAME)" || { echo "name a benchmark: make bench NAME=$$(grep -l ' print_report("' benchmarks/*.py | xargs -n1 basename -s .py | paste -sd'|')" >&2; exit 1; }
	$(RUN) python -m benchmarks.$(NAME)

# What undoes things needs Debian's python3 and nothing else: no .venv, no registry.
down: ## stop every local cluster; caches stay
	python3 -m local_cluster down --all

clean: ## undo everything on this host: clusters, caches, .venv
	python3 -m local_cluster clean
	rm -rf .venv .tools

.PHONY: help setup format generate lint types unit check cluster test test-matrix demo bench down clean
