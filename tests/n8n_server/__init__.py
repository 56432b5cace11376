# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway n8n for tests and the demo: install it from a lock file, start it, seed it, and stop it.

The end-to-end test hooks of n8n enable the licensed features. The n8n Enterprise License allows that for
development and testing only. The use of these features in production needs a license of n8n. This folder is not
part of the built collection.
"""
