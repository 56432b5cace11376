# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the connection options of all modules and plugins."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options in module_utils/_server/options.py."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The URL of the n8n server, with or without a path, a trailing slash or C(/api/v1).
      - If this option is not set, the variable C(n8n_url) is used, then the environment variable E(N8N_URL), and then E(N8N_API_URL). A
        module reads the environment of the host where it runs. A lookup or inventory plugin reads that of the controller.
      - An inventory plugin reads the variables of all connection options from the extra variables only.
      - Redirects are not followed, because the API key would be sent to their target.
    type: str
  api_key:
    description:
      - An API key. Create it in n8n under Settings > n8n API. The notes of each module and plugin list the scopes that the key needs.
      - If this option is not set, the variable C(n8n_api_key) is used, and then the environment variable E(N8N_API_KEY).
      - The key of the environment is never sent to the URL of the variable C(n8n_url). Where this variable is set, set C(n8n_api_key) too.
      - A key that expires within 14 days causes a warning with the date.
      - Mutually exclusive with O(api_key_path). The options of a task replace both variables, and the variables replace the environment.
    type: str
  api_key_path:
    description:
      - A file that contains only the API key. Spaces and line breaks around the key are ignored.
      - A module reads the file on the host where it runs. A lookup or inventory plugin reads it on the controller.
      - If this option is not set, the variable C(n8n_api_key_path) is used.
      - Mutually exclusive with O(api_key).
    type: path
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the server.
      - If this option is not set, the variable C(n8n_validate_certs) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file or a folder with the certificates of trusted certificate authorities. It replaces the default authorities.
      - If this option is not set, the variable C(n8n_ca_path) is used.
    type: path
  client_cert:
    description:
      - A file in PEM format with the client certificate that a gateway in front of n8n requires. It may contain the private key as well.
      - If this option is not set, the variable C(n8n_client_cert) is used.
    type: path
  client_key:
    description:
      - A file in PEM format with the private key of O(client_cert). A key with a password is refused.
      - If this option is not set, the variable C(n8n_client_key) is used.
    type: path
  headers:
    description:
      - Further HTTP headers that a gateway in front of n8n requires, as a dictionary of names and values. They are sent with each request.
      - The values are secrets, and no result shows them. Values of fewer than eight characters are replaced only in this option and in
        messages of n8n, because a value such as V(1) would be replaced everywhere.
      - If this option is not set, the variable C(n8n_headers) is used.
    type: dict
  timeout:
    description:
      - The number of seconds to wait for the response to one request.
      - If this option is not set, the variable C(n8n_timeout) is used.
    type: float
    default: 30.0
  retries:
    description:
      - The number of retries after lost connections and the statuses 429, 502, 503 and 504. Only requests that are safe to repeat are
        sent again.
      - The wait between two tries doubles each time. C(Retry-After) is honored up to two minutes.
      - If this option is not set, the variable C(n8n_retries) is used.
    type: int
    default: 4
  concurrency:
    description:
      - The maximum number of parallel requests of a task that sends many requests.
      - For a lookup or inventory plugin, this is the number of projects that it reads in parallel.
      - If this option is not set, the variable C(n8n_concurrency) is used.
    type: int
    default: 8
requirements:
  - requests
  - n8n 2.8.0 or later
"""

    # Further settings of lookup and inventory plugins. These plugins extend both fragments, and Ansible merges each
    # option. In `env`, the last variable that is set takes precedence.
    PLUGINS = r"""
options:
  url:
    env:
      - name: N8N_API_URL
      - name: N8N_URL
    vars:
      - name: n8n_url
  api_key:
    env:
      - name: N8N_API_KEY
    vars:
      - name: n8n_api_key
  api_key_path:
    vars:
      - name: n8n_api_key_path
  validate_certs:
    vars:
      - name: n8n_validate_certs
  ca_path:
    vars:
      - name: n8n_ca_path
  client_cert:
    vars:
      - name: n8n_client_cert
  client_key:
    vars:
      - name: n8n_client_key
  headers:
    vars:
      - name: n8n_headers
  timeout:
    vars:
      - name: n8n_timeout
  retries:
    vars:
      - name: n8n_retries
  concurrency:
    vars:
      - name: n8n_concurrency
requirements:
  - an n8n license with team projects
"""
