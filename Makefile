# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
STAGES ?=
ONLY ?=
BENCH ?=

VENV := .venv
LOCK := tests/requirements.txt
# The name depends on the lock file and on the version of Python, so that a change of either creates a new environment.
READY := $(VENV)/.ready-$(shell { cat $(LOCK); $(PYTHON) -VV; } 2>&1 | cksum | cut -d ' ' -f 1)
SUITE = PYTHONPATH=tests $(VENV)/bin/python -m suite $(if $(ONLY),--only '$(ONLY)')

.DEFAULT_GOAL := help
.PHONY: help demo test test-floor test-oldest test-newest test-browser test-ldap test-postgres bench docs diagram clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Start a throwaway n8n and show what the collection does
	@PYTHONPATH=tests $(VENV)/bin/python demo/run.py

test: $(READY) ## Run all tests, or some stages: make test STAGES="sanity units"; ONLY=name runs one test
	@$(SUITE) $(STAGES)

test-floor: $(READY) ## Run the tests that need n8n with the oldest supported n8n
	@$(SUITE) --lock tests/n8n_server/locks/2.8.4 integration real molecule

test-oldest: ## Run the tests with the oldest supported ansible-core (Python 3.11)
	@$(MAKE) --no-print-directory test VENV=.venv-oldest LOCK=tests/requirements-oldest.txt STAGES="units integration real"

test-newest: ## Run the tests with the newest ansible-core (Python 3.12 or later)
	@for python in "$(PYTHON)" python3.12 python3.13 python3.14; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2> /dev/null || continue; \
		exec $(MAKE) --no-print-directory test PYTHON="$$python" VENV=.venv-newest LOCK=tests/requirements-newest.txt STAGES="$(or $(STAGES),units integration real)"; \
	done; \
	echo "Python 3.12 or later is required for the newest ansible-core, and none of $(PYTHON), python3.12, python3.13 and python3.14 is that. Set another Python: make test-newest PYTHON=/path/of/python3.12" >&2; exit 1

test-browser: ## Test the report in a browser (chromium of Debian; installed if run as root)
	@for program in chromium chromedriver; do \
		test -x /usr/bin/$$program && continue; \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "/usr/bin/$$program does not exist. Run: apt-get install chromium chromium-driver (root: this target installs them)" >&2; exit 1; }; \
		echo "Installing chromium and chromium-driver ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver > /dev/null || exit 1; \
	done
	@$(MAKE) --no-print-directory test VENV=.venv-browser LOCK=tests/requirements-browser.txt STAGES=browser

test-ldap: ## Test the synchronization with an LDAP directory (slapd of Debian; installed if run as root)
	@test -x /usr/sbin/slapd && test -e /usr/include/ldap.h && test -e /usr/include/sasl/sasl.h || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "slapd or the headers for python-ldap do not exist. Run: apt-get install slapd libldap-dev libsasl2-dev (root: this target installs them)" >&2; exit 1; }; \
		echo "Installing slapd, libldap-dev and libsasl2-dev ..."; \
		echo "slapd slapd/no_configuration boolean true" | debconf-set-selections; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slapd libldap-dev libsasl2-dev > /dev/null; \
	}
	@$(MAKE) --no-print-directory test VENV=.venv-ldap LOCK=tests/requirements-ldap.txt STAGES=ldap

test-postgres: $(READY) ## Run the tests that need n8n with PostgreSQL (of Debian; installed if run as root), or some stages: STAGES=database
	@ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "PostgreSQL is not installed. Run: apt-get install postgresql (root: this target installs it)" >&2; exit 1; }; \
		echo "Installing postgresql ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql > /dev/null; \
	}
	@$(SUITE) --postgres $(or $(STAGES),integration real)

bench: $(READY) ## Measure the speed, compared with alternatives, or one part: make bench BENCH="reading"
	@PYTHONPATH=tests $(VENV)/bin/python -m bench $(BENCH)

docs: $(READY) ## Build the documentation site as HTML: reference and guides
	@$(SUITE) docs
	@echo "The site is in $(CURDIR)/.build/docs/html/index.html"

diagram: $(READY) ## Draw the diagram of the packages from the imports (docs/docsite/images/packages.svg)
	@PYTHONPATH=tests $(VENV)/bin/python -m diagram

clean: ## Remove the files of the other targets (installed n8n versions stay in the cache of the user)
	rm -rf .venv .venv-oldest .venv-newest .venv-browser .venv-ldap .build

$(READY):
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) does not exist. Set another Python: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is required, and $(PYTHON) is older. Set another Python: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) cannot create virtual environments. Run: apt-get install python3-venv" >&2; exit 1; }
	@command -v c++ > /dev/null || { echo "A C++ compiler is required to build sqlite3 for n8n. Run: apt-get install build-essential" >&2; exit 1; }
	@echo "Installing $(LOCK) into $(VENV) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(LOCK)
	@touch $@
