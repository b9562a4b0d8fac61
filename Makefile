# Everything starts here. `make demo` shows a city; `make test` proves the code. Neither needs
# more than Python 3.11 or newer and make: the environment lives in .venv, nothing else is touched.

PYTHON  ?= python3
ARGS    ?=
VENV    := .venv
BIN     := $(VENV)/bin
LOCKS   := requirements
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
           --no-emit-index-url --no-emit-find-links --no-header pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check nightly env console models peers lock wheel docs clean

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.demo console ## show a living city (ARGS=--open opens the browser)
	@$(BIN)/tocsin demo $(ARGS)

test: env console ## run all tests (TOCSIN_REQUIRE_ALL=1: what is missing fails instead of skipping)
	$(BIN)/pytest $(ARGS)

check: env ## lint, format, types, imports, the house's own lines, the console's checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy hatch_build.py tools/build_console.py tools/write_reference.py
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/tidy
	$(BIN)/python tools/build_console.py check

nightly: env console ## run the tests that take long
	$(BIN)/pytest -m nightly $(ARGS)

env: $(VENV)/.dev ## make .venv with everything pinned

console: $(VENV)/.demo ## build the web console, if its sources changed
	@$(BIN)/python tools/build_console.py build

models: env ## fetch the models that see (people, vehicles, faces, poses); tests that need them skip without
	$(BIN)/tocsin models fetch

docs: env ## write the generated pages of docs/reference
	$(BIN)/python tools/write_reference.py

wheel: env console ## build the wheel into dist/ and say how big it is
	@rm -rf dist
	$(BIN)/python -m hatchling build -t wheel
	@du -h dist/*.whl

peers: $(VENV)/.uv ## make .venv-peers: what evaluate and bench compare with, never what we stand on
	@test -x .venv-peers/bin/python || $(BIN)/uv venv --quiet --python $(PYTHON) .venv-peers
	$(BIN)/uv pip install --quiet --python .venv-peers/bin/python --require-hashes -r $(LOCKS)/peers.txt

lock: $(VENV)/.uv ## pin all dependencies anew, with hashes and without addresses
	$(COMPILE) --upgrade -o $(LOCKS)/core.txt
	$(COMPILE) --upgrade --extra build --extra vision -c $(LOCKS)/core.txt -o $(LOCKS)/demo.txt
	$(COMPILE) --upgrade --extra build --extra dev -c $(LOCKS)/core.txt -o $(LOCKS)/dev.txt
	$(subst pyproject.toml,$(LOCKS)/peers.in,$(COMPILE)) --upgrade -o $(LOCKS)/peers.txt

clean: ## remove what was built (the environment too)
	rm -rf $(VENV) dist build .npm-cache console/node_modules src/tocsin/web/static
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps: each says "done with these inputs", so that a second call costs nothing.

$(VENV)/.uv: $(LOCKS)/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tocsin needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "This Python cannot make environments; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCKS)/bootstrap.txt
	@touch $@

# --no-deps and --no-build-isolation: resolving or building apart would go around the locks.
$(VENV)/.demo: $(VENV)/.uv $(LOCKS)/demo.txt pyproject.toml hatch_build.py
	$(INSTALL) --require-hashes -r $(LOCKS)/demo.txt
	$(INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo $(LOCKS)/dev.txt
	$(INSTALL) --require-hashes -r $(LOCKS)/dev.txt
	@touch $@
