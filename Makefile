# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
STAGES ?=
ONLY ?=
BENCH ?=

VENV := .venv
LOCK := tests/requirements.txt
# Named after what is inside: another lock or another Python makes another environment.
READY := $(VENV)/.ready-$(shell { cat $(LOCK); $(PYTHON) -VV; } 2>&1 | cksum | cut -d ' ' -f 1)
SUITE = PYTHONPATH=tests $(VENV)/bin/python -m suite $(if $(ONLY),--only '$(ONLY)')

.DEFAULT_GOAL := help
.PHONY: help demo test test-floor test-oldest test-browser test-ldap test-postgres bench docs diagram clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Start a throwaway n8n and show on it what the collection does
	@PYTHONPATH=tests $(VENV)/bin/python demo/run.py

test: $(READY) ## Run all tests, or some: make test STAGES="sanity units"; ONLY=name runs one test
	@$(SUITE) $(STAGES)

test-floor: $(READY) ## Run the tests that need n8n against the oldest n8n that is supported
	@$(SUITE) --lock tests/n8n_server/locks/2.8.4 integration real molecule

test-oldest: ## Run them with the oldest ansible-core that is supported (Python 3.11)
	@$(MAKE) --no-print-directory test VENV=.venv-oldest LOCK=tests/requirements-oldest.txt STAGES="units integration real"

test-browser: ## Look at the report in a real browser (Debian's chromium, which root gets installed)
	@for program in chromium chromedriver; do \
		test -x /usr/bin/$$program && continue; \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "/usr/bin/$$program is not there: apt-get install chromium chromium-driver (as root this target does so)" >&2; exit 1; }; \
		echo "Installing chromium and chromium-driver ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver > /dev/null || exit 1; \
	done
	@$(MAKE) --no-print-directory test VENV=.venv-browser LOCK=tests/requirements-browser.txt STAGES=browser

test-ldap: ## Let n8n follow a real directory (Debian's slapd, which root gets installed)
	@test -x /usr/sbin/slapd && test -e /usr/include/ldap.h && test -e /usr/include/sasl/sasl.h || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "slapd is not there, or what builds python-ldap: apt-get install slapd libldap-dev libsasl2-dev (as root this target does so)" >&2; exit 1; }; \
		echo "Installing slapd, libldap-dev and libsasl2-dev ..."; \
		echo "slapd slapd/no_configuration boolean true" | debconf-set-selections; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slapd libldap-dev libsasl2-dev > /dev/null; \
	}
	@$(MAKE) --no-print-directory test VENV=.venv-ldap LOCK=tests/requirements-ldap.txt STAGES=ldap

test-postgres: $(READY) ## Run the tests that need n8n on PostgreSQL (Debian's, which root gets installed), or some: STAGES=database
	@ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "PostgreSQL is not installed: apt-get install postgresql (as root this target does so)" >&2; exit 1; }; \
		echo "Installing postgresql ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql > /dev/null; \
	}
	@$(SUITE) --postgres $(or $(STAGES),integration real)

bench: $(READY) ## Measure speed side by side with what a user would do instead, or some: make bench BENCH="reading"
	@PYTHONPATH=tests $(VENV)/bin/python -m bench $(BENCH)

docs: $(READY) ## Build the documentation site: reference and guides, as HTML
	@$(SUITE) docs
	@echo "The site is in $(CURDIR)/.build/docs/html/index.html"

diagram: $(READY) ## Draw the diagram of the packages again, from the imports (docs/docsite/images/packages.svg)
	@PYTHONPATH=tests $(VENV)/bin/python -m diagram

clean: ## Remove what the other targets made (installed n8n stay in the user's cache)
	rm -rf .venv .venv-oldest .venv-browser .venv-ldap .build

$(READY):
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not there. Name a Python: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, $(PYTHON) is older. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	@command -v c++ > /dev/null || { echo "A C++ compiler is needed to build n8n's sqlite3: apt-get install build-essential" >&2; exit 1; }
	@echo "Installing $(LOCK) into $(VENV) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(LOCK)
	@touch $@
