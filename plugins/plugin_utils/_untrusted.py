# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark data from files and directories, so that Ansible does not use it as a template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Returns data with text that is never a template.
untrusted: Callable[[Any], Any]
try:
    # From 2.19 on, text that a filter returns is no template, because nothing trusts it.
    from ansible.template import trust_as_template as _trust_as_template  # noqa: F401

    def _unchanged(value: Any) -> Any:
        return value

    untrusted = _unchanged
except ImportError:
    # In earlier versions, text in a fact is a template unless it is marked.
    from ansible.utils.unsafe_proxy import wrap_var

    untrusted = wrap_var
