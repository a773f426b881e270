# ringfence: `make demo` and `make test` set everything up by themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= demo
STORE  ?=
N      ?= 200
NEO4J_PORT ?= 7687
NEO4J  := NEO4J_HOME=run/neo4j NEO4J_PORT=$(NEO4J_PORT) servers/neo4j/server.sh
export MPLBACKEND := Agg

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint types layers docs bench differential serve servers neo4j-start neo4j-stop lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: requirements.txt pyproject.toml
	@echo "setting up $(VENV) (about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

# What a store on a server needs on top.
$(VENV)/.neo4j: $(VENV)/.run requirements-neo4j.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-neo4j.txt
	@touch $@

# What training with GraphSAGE needs on top: torch, several GB, once an environment. Serving never needs it.
$(VENV)/.gnn: $(VENV)/.run requirements-gnn.txt requirements-tune.txt
	@echo "setting up torch (several GB, once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-gnn.txt -r requirements-tune.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.neo4j $(VENV)/.gnn requirements-dev.txt
	@echo "setting up test tools"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.gnn $(if $(STORE),$(VENV)/.neo4j) ## the main job on a synthetic world (STORE=neo4j://user@host:7687: with that store)
	@$(BIN)/ringfence $(if $(STORE),--store $(STORE)) demo --out $(DEMO) $(if $(REPLACE),--replace-store)

# Browser tests need Chromium; where it can be installed it is, elsewhere they skip and say so (with CI set they fail).
$(VENV)/.browser: $(VENV)/.dev
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; } || \
	  echo "no Chromium here: browser tests will be skipped"
	@touch $@

test: $(VENV)/.browser lint types layers ## lint, types, layers and every test
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-fast: $(VENV)/.dev ## what to run every few minutes
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not browser"

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.run ## write anew the pages that are made from code
	$(BIN)/python -m graph.model_page
	$(BIN)/python -m ingest.contract_page
	$(BIN)/python -m graph.store.questions_page
	$(BIN)/python -m flow.events_page
	$(BIN)/python -m api.cli.page
	$(BIN)/python -m flow.facts_page
	$(BIN)/python -m graph.features.page > docs/features.md

bench: $(VENV)/.dev ## speed, as ratios measured side by side
	$(BIN)/python -m benchmarks

differential: $(VENV)/.dev ## every question on both stores against brute force, on N random graphs
	$(BIN)/python -m tests.cypher.differential --graphs $(N) --own-server

servers: ## Neo4j from Maven artefacts, no container: Java 17 and Maven are needed
	servers/neo4j/server.sh fetch

neo4j-start: ## a Neo4j server on 127.0.0.1 (NEO4J_PORT=7687), its files and its password in run/neo4j
	@$(NEO4J) up
	@echo "neo4j://neo4j@127.0.0.1:$(NEO4J_PORT)   RINGFENCE_STORE_PASSWORD_FILE=$(CURDIR)/run/neo4j/password"

neo4j-stop: ## stop it; its data stay
	@$(NEO4J) stop

serve: $(VENV)/.run ## the scoring service on the demo's data
	$(BIN)/ringfence --home $(DEMO)/home serve

lock: ## resolve requirements*.in into requirements*.txt, in a fresh environment
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install -q -r requirements.in
	(echo "# The exact set that make installs: requirements.in resolved. Written by make lock."; \
	 .venv-lock/bin/python -m pip freeze) > requirements.txt
	.venv-lock/bin/python -m pip install -q -r requirements.in -r requirements-dev.in
	(echo "# Tests, checks and benchmarks: requirements-dev.in resolved. Written by make lock."; echo "-r requirements.txt"; \
	 .venv-lock/bin/python -m pip freeze | grep -vxFf requirements.txt) > requirements-dev.txt
	rm -rf .venv-lock

clean: ## remove the demo and caches, keep the environment
	rm -rf $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
