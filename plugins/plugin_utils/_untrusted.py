# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark data from files and directories, so that Ansible does not use it as a template."""

from __future__ import annotations

from typing import Any

from ansible import template
from ansible.utils.unsafe_proxy import wrap_var


def untrusted(value: Any) -> Any:
    """Return data whose text is never a template."""
    # From 2.19 on, text that a filter returns is no template, because nothing trusts it. In earlier versions, text in a
    # fact is a template unless it is marked.
    return value if hasattr(template, "trust_as_template") else wrap_var(value)
