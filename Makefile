# `make help` lists the targets. All of them work without an activated virtual environment.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first Python on PATH that is new enough; another one: make venv PYTHON=/path/to/python3
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
RUN := runs/digits
WORKERS ?= auto
MYPY_TREE := build/typecheck

.PHONY: help venv machine demo test lint typecheck pytest test-long bench clean distclean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '%-20s %s\n' "$$name" "$$text"; done

venv: .venv/locked .venv/installed ## Make .venv from requirements.lock, with this project in it

demo: venv ## Train on the built-in digits, emit Verilog, co-simulate the whole test split
	@$(BIN)/python -m warp2hdl train digits --out $(RUN)
	@$(BIN)/python -m warp2hdl emit-verilog $(RUN) --out $(RUN)/verilog
	@$(BIN)/python -m warp2hdl cosim $(RUN)/verilog

test: lint typecheck pytest ## Check style and types, and run all tests but the long ones

lint: venv
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .

# In a checkout three of the packages lie beside `warp2hdl`, where mypy does not look: it is shown the tree of the wheel.
typecheck: venv
	@rm -rf $(MYPY_TREE) && mkdir -p $(MYPY_TREE)/warp2hdl
	@for part in warp2hdl/* kernels rtl_templates sim; do ln -s "$(CURDIR)/$$part" $(MYPY_TREE)/warp2hdl/; done
	@cd $(MYPY_TREE) && "$(CURDIR)/$(BIN)/python" -m mypy --config-file "$(CURDIR)/pyproject.toml" \
		--cache-dir ../mypy_cache warp2hdl

pytest: venv
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile

test-long: venv ## Run the tests that take minutes each
	@$(BIN)/python -m pytest -m long

bench: venv ## Measure how the time to emit Verilog grows with the circuit
	@$(BIN)/python -m benchmarks.emit

clean: ## Remove what the tools left behind; keeps .venv and runs/
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## Remove .venv as well
	@rm -rf .venv

machine:
	@ok=yes; missing() { echo "missing: $$1 - Debian/Ubuntu: $$2; Fedora: $$3; macOS: $$4" >&2; ok=no; }; \
	if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		missing "Python 3.11 or later (python3)" "apt install python3 python3-venv" "dnf install python3" "brew install python"; \
	elif ! "$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null; then \
		missing "Python's venv module" "apt install python3-venv" "dnf install python3" "brew install python"; \
	fi; \
	command -v g++ >/dev/null || missing "g++" "apt install g++" "dnf install gcc-c++" "xcode-select --install"; \
	command -v make >/dev/null || missing "make" "apt install make" "dnf install make" "xcode-select --install"; \
	command -v perl >/dev/null || missing "perl" "apt install perl" "dnf install perl" "brew install perl"; \
	case "$(CURDIR)" in *[[:space:]]*) \
		echo "$(CURDIR): Verilator's makefiles take no path with a space; move the checkout to one without" >&2; ok=no;; \
	esac; \
	[ $$ok = yes ]

.venv/locked: requirements.lock | machine
	@echo "Installing the pinned packages into .venv (minutes, the first time) ..."
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements.lock
	@[ -n "$$($(BIN)/python -m find_libpython)" ] || { \
		echo "missing: Python's shared library - Debian/Ubuntu: apt install libpython3-dev; Fedora: dnf install python3-libs;" \
			"or use a Python built with --enable-shared" >&2; exit 1; }
	@touch $@

.venv/installed: .venv/locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
