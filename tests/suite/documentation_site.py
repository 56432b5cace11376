# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Complete the documentation site of antsibull-docs without a network."""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
# The labels in the documentation of Ansible that generated pages link to, with page and title. The full list would need
# a download. A label that is missing here causes a warning, which fails the build.
LABELS = {
    "action_plugins": ("plugins/action.html", "Action plugins"),
    "ansible_configuration_settings": ("reference_appendices/config.html", "Ansible Configuration Settings"),
    "common_return_values": ("reference_appendices/common_return_values.html", "Return Values"),
}


def complete_site(site: Path, collection: Path) -> None:
    """Add the images of the guides and the targets of links to the documentation of Ansible to the site."""
    images = collection / "docs" / "docsite" / "images"
    # The path relative to the guides is the same as in the repository, so that ../images works in both.
    shutil.copytree(images, site / "rst" / "images", dirs_exist_ok=True)
    (site / "ansible.inv").write_bytes(_inventory())
    with (site / "conf.py").open("a", encoding="utf-8") as file:
        file.write(
            "\n# The only inventory is a local file, so that no download is needed.\n"
            "extensions = ['sphinx.ext.intersphinx', 'sphinx_antsibull_ext']\n"
            f"intersphinx_mapping = {{'ansible': ({ANSIBLE!r}, {str(site / 'ansible.inv')!r})}}\n"
        )


def _inventory() -> bytes:
    """Return the LABELS as an inventory of Sphinx, version 2."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = (
        f"{label} std:label -1 {page}#{label.replace('_', '-')} {title}\n"
        for label, (page, title) in sorted(LABELS.items())
    )
    return head.encode() + zlib.compress("".join(lines).encode())
