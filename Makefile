# The front door. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell for v in 3.13 3.12 3.11; do p=$$(command -v python$$v) && $$p -c 'import sys' 2>/dev/null && { echo $$p; exit; }; done; echo python3)
BIN := .venv/bin
AUDITED ?= requirements.lock infra/docker/requirements.lock infra/aws/requirements.lock

.PHONY: help setup demo test faults soak manifests containers lint format schema screenshots lock audit sbom bench clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.ready ## Create .venv with the locked dependencies and the hookstream command

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; name one with PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "python -m venv failed: on Debian, install the package python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[0-9.]+' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Bring the stack up, publish 100,000 events, print the reports, prove the counts, stop
	@$(BIN)/python -m infra.demo

test: setup ## All tests, faults in their short form, against servers that the suite starts itself
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit tests/integration tests/acceptance tests/deploy tests/faults

faults: setup ## The long form of the fault suite, an hour: kill, cut, freeze, fill; prove the counts
	@FAULTS=long $(BIN)/python -m pytest tests/faults

soak: setup ## SOAK_MINUTES (15) of mixed faults under load; then counts, cents and memory
	@SOAK_MINUTES=$${SOAK_MINUTES:-15} $(BIN)/python -m pytest -q tests/faults/soak

manifests: setup ## Validate every manifest, stack file, overlay, and command of the pages; compares with kubectl
	@kubectl version --client >/dev/null
	@$(BIN)/python -m pytest -q tests/deploy/test_schemas.py tests/deploy/test_kustomize.py tests/deploy/test_roles.py tests/deploy/test_environment.py tests/deploy/test_broker.py tests/deploy/test_clusters.py tests/deploy/test_pages.py

containers: setup ## Build the image and take the Compose stack through its life; needs an engine
	@docker info >/dev/null
	@$(BIN)/python -m pytest -q tests/deploy/test_image.py tests/deploy/test_compose.py

lint: setup ## Format check, lint, strict types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: setup ## Format and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

screenshots: setup ## Make docs/dashboard.png anew; needs a Chromium
	@SCREENSHOTS=docs $(BIN)/python -m pytest -q tests/acceptance/test_dashboard_pictures.py

schema: setup ## Regenerate what is made from the code: schemas, .env.example, pages of settings and licences
	@$(BIN)/python -m shared.events.schema
	@$(BIN)/python -m shared.openapi
	@$(BIN)/python -m infra.docker.environment
	@$(BIN)/python -m infra.docker.reference
	@$(BIN)/python -m infra.supply.page

lock: ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --extra local --extra aws --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraint requirements.lock --extra oidc pyproject.toml -o infra/docker/requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraint requirements.lock --extra aws pyproject.toml -o infra/aws/requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade infra/supply/requirements.in -o infra/supply/requirements.lock

audit: setup ## Look all locked packages up among known vulnerabilities; fails where that cannot be done
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv/audit
	@$(BIN)/uv pip sync --quiet --python .venv/audit/bin/python --require-hashes infra/supply/requirements.lock
	@.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off $(AUDITED:%=-r %)

sbom: setup ## Write the image's bill of materials (CycloneDX) to dist/
	@mkdir -p dist
	@$(BIN)/python -m infra.supply.bom > dist/hookstream.cdx.json

bench: setup ## Measure the pipeline on this machine
	@$(BIN)/python -m infra.bench

clean: ## Remove the environment and local state
	@rm -rf .venv .hookstream
