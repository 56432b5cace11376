# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options, as modules take them."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options in module_utils/_options.py."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the n8n server, with or without a path, a trailing slash or C(/api/v1).
      - Without it, the environment variable E(N8N_URL), then E(N8N_API_URL), is used, of where the module runs.
      - Redirects are not followed, as the API key would travel with them.
    type: str
  api_key:
    description:
      - An API key, made in n8n under Settings > n8n API. What it needs to be allowed to do is in the notes of each module.
      - Without it, the environment variable E(N8N_API_KEY) is used, of where the module runs.
    type: str
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
      - How often to try again where that is safe, after lost connections and the statuses 429, 502, 503 and 504.
      - The wait between tries doubles each time. C(Retry-After) is honoured up to two minutes.
    type: int
    default: 4
  concurrency:
    description:
      - How many calls may run at once where one task makes many.
    type: int
    default: 8
requirements:
  - requests
  - n8n 2.8.0 or later
"""
