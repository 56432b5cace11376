# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all tests: `make test`, or `python -m suite [--lock DIR] [STAGE ...]` in tests/.

All files are in .build: `ansible_collections` (the staged collection), `home` (the home folder of the tools),
`logs` (the output of every command), `docs/html`, and `dist`.
"""
