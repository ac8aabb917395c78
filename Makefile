# The commands of this project. `make` or `make help` lists them.
#
# Needed: make and Python 3.11 or newer with venv. Everything else is put into .venv, by uv if it is
# there and by pip if not. Settings are read from the environment and from .env (see .env.example).

PYTHON ?= python3
WORKERS ?= 2
SIZE ?= commune
FILES ?=
ARGS ?=

PY := .venv/bin/python
HANDBOOK := set -a; if [ -f .env ]; then . ./.env; fi; set +a; exec $(PY) -m handbook

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # the steps of check come one after another, the first failure ends them

##@ Use

.PHONY: help
help: ## list the commands
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: .venv/run.stamp ## start database, web and worker; Ctrl-C stops all of it
	@$(HANDBOOK) run $(ARGS)

.PHONY: demo
demo: .venv/run.stamp ## fill an empty database with made-up data: SIZE=commune or province
	@$(HANDBOOK) demo --size $(SIZE) $(ARGS)

.PHONY: tour
tour: .venv/run.stamp ## play the main job on the running server: FILES="letters/*.docx"
	@$(HANDBOOK) tour $(FILES) $(ARGS)

.PHONY: bench
bench: .venv/run.stamp ## measure the main paths, each beside its own limit
	@exec $(PY) -m bench $(ARGS)

##@ Test

.PHONY: test
test: .venv/dev.stamp ## run the tests on a real PostgreSQL: ARGS="tests/push -x"
	@$(PY) -m pytest -n $(WORKERS) $(ARGS)

.PHONY: check
check: .venv/dev.stamp ## everything that must hold before a change is handed in
	@$(MAKE) --no-print-directory lint types contracts drift
	@$(MAKE) --no-print-directory cover
	@if [ -n "$$TEST_DATABASE_URL" ]; then \
		echo "== tests again, on the server of TEST_DATABASE_URL"; \
		$(MAKE) --no-print-directory test; \
	fi
	@echo "== all checks passed"

# Coverage is measured once, on the embedded server.
.PHONY: cover
cover: .venv/dev.stamp
	@echo "== tests, on the embedded server, with coverage"
	@unset TEST_DATABASE_URL; $(MAKE) --no-print-directory test ARGS="--cov --cov-report=term $(ARGS)"

.PHONY: soak
soak: .venv/dev.stamp ## run the tests that take minutes: kills, floods, long random walks
	@$(PY) -m pytest -m soak --timeout=3600 $(ARGS)

##@ House rules

.PHONY: format
format: .venv/dev.stamp ## put the code into form and repair what can be repaired
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

.PHONY: lint
lint: .venv/dev.stamp ## check form and style
	@echo "== format"
	@$(PY) -m ruff format --check .
	@echo "== lint"
	@$(PY) -m ruff check .

.PHONY: types
types: .venv/dev.stamp ## check types, strictly
	@echo "== types"
	@$(PY) -m mypy

.PHONY: contracts
contracts: .venv/dev.stamp ## check who may import whom
	@echo "== contracts"
	@.venv/bin/lint-imports --no-logo

.PHONY: drift
drift: .venv/dev.stamp
	@echo "== OpenAPI document"
	@$(PY) -m handbook openapi --check

##@ Make

.PHONY: openapi
openapi: .venv/dev.stamp ## write the OpenAPI document anew from the code
	@$(PY) -m handbook openapi

.PHONY: migration
migration: .venv/dev.stamp ## begin a migration from the difference to the tables: NAME=ballots
	@test -n "$(NAME)" || { echo 'A migration needs a name: make migration NAME=ballots' >&2; exit 2; }
	@$(HANDBOOK) migration $(NAME)

.PHONY: lock
lock: ## choose versions anew from requirements*.in (needs uv): UPGRADE=1 takes the newest
	@UPGRADE=$(UPGRADE) tools/lock

.PHONY: clean
clean: ## remove the environment and caches; the data in var stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
		.schemathesis .coverage .coverage.* htmlcov
	find handbook models push tests migrations tools -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment ------------------------------------------------------------------------------

.venv/run.stamp: requirements.txt tools/environment
	@PYTHON=$(PYTHON) tools/environment run

.venv/dev.stamp: requirements-dev.txt requirements.txt tools/environment
	@PYTHON=$(PYTHON) tools/environment dev
