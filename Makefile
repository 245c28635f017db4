# Meterkast. `make` lists what can be made; GNU make 3.81 (macOS) is enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help
unexport VIRTUAL_ENV
# Tests start hundreds of Pythons, which would compile all that they load each time anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
WEB := services/api/web
PAGE := services/api/meterkast_api/static/index.html
PACKAGES := contracts/meterkast_contracts runtime/meterkast_runtime store/meterkast_store \
            $(foreach s,reader parser history api console,services/$(s)/meterkast_$(s)) launcher/meterkast \
            deploy/grafana/meterkast_dashboards
PROJECTS := $(wildcard pyproject.toml */pyproject.toml services/*/pyproject.toml)
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/*.ts $(WEB)/*.json -type f 2>/dev/null)
SYNC := $(BIN)/uv sync --frozen --quiet --all-packages --group dev

.PHONY: help setup web run deploy-init test lint types imports web-test generate bench fuzz firmware firmware-soak clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/synced ## the Python environment in .venv

.venv/bin/uv:
	@.ci/venv .venv

.venv/synced: .venv/bin/uv uv.lock $(PROJECTS)
	@echo "Installing the Python packages…"
	@$(SYNC) && touch $@

web: $(PAGE) ## the web page, built by npm

$(WEB)/node_modules/installed: $(WEB)/package.json $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "The web page needs Node 20 or newer: https://nodejs.org" >&2; exit 1; }
	@echo "Installing the web page's packages…"
	@cd $(WEB) && npm ci --silent --no-fund --no-audit && touch node_modules/installed

$(PAGE): $(WEB)/node_modules/installed $(WEB_SOURCES)
	@echo "Building the web page…"
	@cd $(WEB) && npm run --silent build && touch ../meterkast_api/static/index.html

run: setup web ## the whole pipeline; SOURCE=/dev/ttyUSB0 for a real meter, ARGS="--help" for more
	@$(BIN)/meterkast up $(ARGS) $(if $(SOURCE),"$(SOURCE)")

deploy-init: ## what the containers need, by nothing but Docker; ARGS="--help" for what can be asked
	@deploy/init $(ARGS)

test: programs ## everything: lint, types, imports, web, unit, broker, browser
	@$(MAKE) --no-print-directory -j 2 lint types imports web-test
	@$(BIN)/pytest -n $(or $(WORKERS),4) --dist loadgroup

.PHONY: programs
programs:
	@.ci/programs

lint: setup ## ruff, rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## mypy, strict
	@$(BIN)/mypy $(PACKAGES) tests bench firmware/schematic.py firmware/typecheck.py
	@$(BIN)/python firmware/typecheck.py

imports: setup ## imports flow one way
	@$(BIN)/lint-imports --no-logo

web-test: web ## the web page's types, lint and unit tests
	@cd $(WEB) && npm run --silent check && npm run --silent test

generate: setup ## AsyncAPI, JSON Schemas, OpenAPI, Grafana's dashboards and the schematic from the code
	@$(BIN)/python -m meterkast_contracts.generate
	@$(BIN)/python -m meterkast_api.generate
	@$(BIN)/python -m deploy.grafana.meterkast_dashboards
	@$(BIN)/python firmware/schematic.py

bench: setup ## how fast, into bench/results.md; MINUTES=10 is the time that memory is watched
	@$(SYNC) --inexact --group bench
	@$(BIN)/python -m bench --minutes $(or $(MINUTES),10)

fuzz: setup ## throw random bytes at framing and decoding; EACH=60 is how many seconds
	@$(SYNC) --inexact --group fuzz
	@for part in reader.fuzz_framing parser.fuzz_decoding; do \
	    $(BIN)/python -m tests.$$part -max_total_time=$(or $(EACH),60) -verbosity=0 || exit 1; done

.PHONY: bundle
bundle: setup web ## what installs Meterkast without Docker, into dist/
	@deploy/bundle

firmware: setup ## the gateway's firmware, compiled into dist/firmware; how on: firmware/README.md
	@$(BIN)/meterkast firmware build

firmware-soak: setup ## cut its power at every operation of its flash, TORN=8 ways each; telegrams for HOURS=6; TURNS=1000 reconnects
	@FIRMWARE_TORN=$(or $(TORN),8) $(BIN)/pytest tests/firmware/test_update_cuts.py -n $(or $(WORKERS),2) --timeout=0
	@FIRMWARE_SOAK_HOURS=$(or $(HOURS),6) FIRMWARE_SOAK_TURNS=$(or $(TURNS),1000) $(BIN)/pytest tests/firmware -k soak --timeout=0 || [ $$? = 5 ]

clean: ## forget everything that make has made
	rm -rf .venv $(WEB)/node_modules services/api/meterkast_api/static \
	       .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
