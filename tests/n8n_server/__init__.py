# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real, throwaway n8n for tests and the demo: install it from a lock file, start it, seed it, stop it.

The licensed features are switched on through n8n's own end-to-end test hooks. The n8n Enterprise License
allows that for development and testing only; using those features in production needs a licence of n8n.
Nothing in this folder is part of the built collection.
"""
