# `make app` and `make test` set up all that they need: Python 3.11-3.13 and make are enough.
# Another Python: make app PYTHON=/path/to/python3.12. An NVIDIA GPU: make app REQUIREMENTS=requirements-gpu.txt.

PYTHON ?= python3.13 python3.12 python3.11 python3 python
VENV ?= .venv
REQUIREMENTS ?= requirements.txt
ADDRESS ?= localhost
PORT ?=
PYTEST_ARGS ?=
TEST_PROCESSES ?= 2

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export TF_CPP_MIN_LOG_LEVEL ?= 2

PY := $(VENV)/bin/python
# The name of a stamp holds a checksum of the requirements, so that only a change of their text installs again.
checksum = $(shell cat requirements.txt $(1) 2>/dev/null | cksum | cut -d' ' -f1)
stamp = $(VENV)/installed-$(call checksum,$(1))
APP_STAMP := $(call stamp,$(REQUIREMENTS))
DEV_STAMP := $(call stamp,requirements-dev.txt)

.DEFAULT_GOAL := help
.PHONY: help app test lint format screenshots readme living clean
.NOTPARALLEL:

help:
	@echo 'make app          set up at the first call, then start the app and print its address (PORT=8600: on that port)'
	@echo 'make test         ruff, mypy and all tests (PYTEST_ARGS="-k clock": some of them)'
	@echo 'make lint         ruff and mypy alone'
	@echo 'make format       let ruff tidy the code'
	@echo 'make screenshots  take the pictures of the README again'
	@echo 'make readme       bring the figures and the room map in the README in step'
	@echo 'make living       draw the living pictures of the first page from what is stored now'
	@echo 'make clean        remove $(VENV) and what the tools keep in this folder'

# Every visitor's script runs in a thread of its own: with an arena of memory for each, glibc would keep what they leave.
app: export MALLOC_ARENA_MAX ?= 2
app: $(APP_STAMP)
	@exec $(PY) -m streamlit run app.py --browser.serverAddress $(ADDRESS) $(if $(PORT),--server.port $(PORT))

# Everything runs even when something failed; most tests come last, so that their summary is what one sees. Before them come
# those that measure seconds, marked `alone`: beside other tests they would measure those too.
test: $(DEV_STAMP)
	@trap 'exit 130' INT; failed=; none=; $(linters); \
	LATENT_OCLOCK_TESTS=alone $(call pytest,$(or $(PYTEST_ARGS),$(shell grep -ls 'mark\.alone' tests/test_*.py))); \
	LATENT_OCLOCK_TESTS=others $(call pytest,-n $(TEST_PROCESSES) --dist loadfile $(PYTEST_ARGS)); \
	[ "$$none" != xx ] || failed="$$failed PYTEST_ARGS match no test;"; \
	$(verdict)

lint: $(DEV_STAMP)
	@failed=; $(linters); $(verdict)

format: $(DEV_STAMP)
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

screenshots: $(DEV_STAMP)
	@$(PY) tools/screenshots.py

readme: $(DEV_STAMP)
	@$(PY) tools/readme.py

living: $(DEV_STAMP)
	@$(PY) tools/living.py

clean:
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find app.py core pages tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

linters = for step in 'ruff check .' 'ruff format --check .' 'mypy core'; do \
	$(PY) -m $$step || failed="$$failed $$step;"; done
# 5 says that no test was asked for: right for one of the two calls.
pytest = $(PY) -m pytest $(1); case $$? in 0) ;; 5) none=x$$none ;; *) failed="$$failed pytest;" ;; esac
verdict = if [ -n "$$failed" ]; then echo "FAILED:$$failed" >&2; exit 1; fi

$(APP_STAMP):
	@$(call install,$(REQUIREMENTS)) && touch $@

# What tests need holds what the app needs.
$(DEV_STAMP):
	@$(call install,requirements-dev.txt) && touch $@ $(call stamp,requirements.txt)

VERSION := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# A Python may be on the path and yet not run (a shim), or lack what makes environments (Debian splits it off): try them.
define install
if ! $(PY) -c 'import pip; $(VERSION)' >/dev/null 2>&1; then \
	found=; \
	for python in $(PYTHON); do \
		if "$$python" -c 'import ensurepip, venv; $(VERSION)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'No Python 3.11, 3.12 or 3.13 that can make virtual environments. Tried: $(PYTHON).' >&2; \
		echo 'Debian and Ubuntu: apt install python3 python3-venv. macOS: brew install python@3.13. Others: python.org.' >&2; \
		echo 'Or name one that you have: make $(MAKECMDGOALS) PYTHON=/path/to/python3.13' >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" -V)"; \
	"$$found" -m venv --clear $(VENV) || exit 1; \
fi; \
echo 'Installing $(1) into $(VENV): once, a few minutes (TensorFlow is large)'; \
if ! $(PY) -m pip install --only-binary=:all: -r $(1); then \
	echo 'The packages of $(1) could not be installed; pip says why above. They are fetched ready-made, for Python' >&2; \
	echo '3.11-3.13 (64 bit) on Linux (x86-64, ARM), macOS (Apple silicon) and Windows (through WSL or by hand).' >&2; \
	exit 1; \
fi
endef
