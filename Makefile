# Everything runs in .venv, which the first command makes. `make` alone lists the commands.
# Settings: PYTHON (which interpreter makes .venv), VENV, PORT, WORKERS (how many processes run the tests; 0: only
# pytest's own), ARGS (more arguments for pytest or the bench).

PYTHON ?= python3
PORT ?= 8501
VENV ?= .venv
WORKERS ?= 2
export VENV
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help app test coverage sameness check fix bench lock clean venv-app venv-dev

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

app: venv-app ## Start dashlab on http://localhost:8501 (PORT=8502 for another port)
	@exec $(RUN) scripts/serve.py $(PORT)

test: venv-dev ## Run all tests: unit, app, browser (ARGS="-k canvas" for some)
	@$(RUN) scripts/find_browser.py --install
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

coverage: venv-dev ## Run all tests and list the lines that none has run (half as long again)
	@$(RUN) scripts/find_browser.py --install
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile --cov --timeout 600 $(ARGS)

sameness: venv-dev ## Run the tests of equal numbers again under narrower instruction sets
	@$(RUN) scripts/sameness.py -n $(WORKERS) $(ARGS)

check: venv-dev ## Lint, format and types, changing nothing
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy

fix: venv-dev ## Correct what lint and format can correct
	@$(RUN) -m ruff check --fix
	@$(RUN) -m ruff format

bench: venv-dev ## Measure the speeds that the README states (minutes)
	@$(RUN) -m tests.bench $(ARGS)

lock: venv-dev ## Renew requirements*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(RUN) scripts/lock.py $(ARGS)

clean: ## Remove what was built and cached (.venv stays)
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

venv-app venv-dev: venv-%:
	@$(PYTHON) scripts/bootstrap.py $*
