# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show warnings of filters, which have no result of a task that could contain them."""

from __future__ import annotations

from collections.abc import Iterable

from ansible.utils.display import Display


def show_warnings(texts: Iterable[str]) -> None:
    """Show each text as a warning of Ansible, once in a run."""
    display = Display()
    for text in texts:
        display.warning(text)
