# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the classification of transport errors."""

from __future__ import annotations


import requests

from ansible_collections.lifecycle.n8n.plugins.module_utils._server import transport_errors


def test_never_sent_is_true_only_for_connect_timeouts() -> None:
    assert transport_errors._never_sent(requests.exceptions.ConnectTimeout())
    assert not transport_errors._never_sent(requests.exceptions.ReadTimeout())
    assert not transport_errors._never_sent(requests.exceptions.ConnectionError())
