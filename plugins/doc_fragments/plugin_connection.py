# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options, as lookups and the inventory take them."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options in module_utils/_options.py."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the n8n server, with or without a path, a trailing slash or C(/api/v1).
      - Redirects are not followed, as the API key would travel with them.
    type: str
    # The last one that is set counts.
    env:
      - name: N8N_API_URL
      - name: N8N_URL
    vars:
      - name: n8n_url
  api_key:
    description:
      - An API key, made in n8n under Settings > n8n API. It needs the scopes C(user:list) and C(project:list).
    type: str
    env:
      - name: N8N_API_KEY
    vars:
      - name: n8n_api_key
  validate_certs:
    description:
      - Whether to check the TLS certificate of the server.
    type: bool
    default: true
  ca_path:
    description:
      - A file or a folder of certificates of authorities to trust, in place of the usual ones.
    type: path
  timeout:
    description:
      - How many seconds to wait for the answer to one request.
    type: float
    default: 30.0
  retries:
    description:
      - How often to try again after lost connections and the statuses 429, 502, 503 and 504.
      - The wait between tries doubles each time. C(Retry-After) is honoured up to two minutes.
    type: int
    default: 4
  concurrency:
    description:
      - How many projects are read at once.
    type: int
    default: 8
requirements:
  - requests
  - n8n 2.8.0 or later, with a licence that has team projects
"""
