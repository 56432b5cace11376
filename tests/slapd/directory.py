# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An LDAP directory (slapd from Debian) on the loopback interface for the duration of a test."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ldap
import ldap.modlist

SLAPD = "/usr/sbin/slapd"
BASE = "dc=example,dc=com"
ADMIN = f"cn=admin,{BASE}"
READER = f"cn=n8n-sync,ou=services,{BASE}"
PASSWORD = "Throw4way-only"
# As in Active Directory, a response or a page of it has at most this number of entries.
LIMIT = 1000

# Only the account n8n-sync of the guide can read entries, and a response to it has at most LIMIT entries.
_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
sizelimit unlimited
database mdb
suffix "{base}"
directory {folder}/data
maxsize 268435456
dbnosync
index objectClass,mail eq
rootdn "{admin}"
rootpw {password}
limits dn.exact="{reader}" size={limit} size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
overlay memberof
"""


@dataclass
class Directory:
    """A running directory: its URL, and changes that its administrator makes."""

    url: str

    def environment(self) -> dict[str, str]:
        """Return the environment variables that a playbook needs to connect."""
        return {"LDAP_URI": self.url, "LDAP_BIND_DN": READER, "LDAP_BIND_PW": PASSWORD}

    def add(self, people: dict[str, dict[str, str]]) -> None:
        """Add users {uid: attributes}."""
        connection = self._connect()
        for uid, attributes in people.items():
            name = {"objectClass": ["inetOrgPerson"], "uid": [uid], "cn": [uid], "sn": [uid]}
            entry = {**name, **{attribute: [value] for attribute, value in attributes.items()}}
            connection.add_s(dn(uid), ldap.modlist.addModlist(_encoded(entry)))

    def set_group(self, name: str, members: Sequence[str]) -> None:
        """Create a group, or replace the members of an existing group."""
        connection = self._connect()
        group_dn, member_dns = f"cn={name},ou=groups,{BASE}", [dn(uid).encode() for uid in members]
        try:
            connection.add_s(group_dn, [("objectClass", [b"groupOfNames"]), ("member", member_dns)])
        except ldap.ALREADY_EXISTS:
            connection.modify_s(group_dn, [(ldap.MOD_REPLACE, "member", member_dns)])

    def add_email(self, uid: str, email: str) -> None:
        """Add an email to a user."""
        self._connect().modify_s(dn(uid), [(ldap.MOD_ADD, "mail", [email.encode()])])

    def remove(self, uid: str) -> None:
        """Remove a user who is not a member of any group."""
        self._connect().delete_s(dn(uid))

    def _connect(self) -> ldap.ldapobject.LDAPObject:
        connection = ldap.initialize(self.url)
        connection.simple_bind_s(ADMIN, PASSWORD)
        return connection


def dn(uid: str) -> str:
    """Return the distinguished name of a user."""
    return f"uid={uid},ou=people,{BASE}"


@contextmanager
def running(folder: Path) -> Iterator[Directory]:
    """Run a directory without users, with its files in `folder`. Raise RuntimeError if it does not start."""
    (folder / "data").mkdir()
    configuration, log = folder / "slapd.conf", folder / "slapd.log"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, base=BASE, admin=ADMIN, reader=READER, password=PASSWORD, limit=LIMIT),
        encoding="utf-8",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ldap://127.0.0.1:{free.getsockname()[1]}"
    with log.open("wb") as output:
        # The option -d keeps slapd in the foreground.
        process = subprocess.Popen([SLAPD, "-f", configuration, "-h", url, "-d", "0"], stdout=output, stderr=output)
    try:
        directory = Directory(url)
        _create_base_entries(directory, process, log)
        yield directory
    finally:
        process.terminate()
        process.wait(timeout=30)


def _create_base_entries(directory: Directory, process: subprocess.Popen[bytes], log: Path, seconds: int = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = directory._connect()
            break
        except ldap.SERVER_DOWN:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"slapd did not start:\n{log.read_text('utf-8')}") from None
            time.sleep(0.1)
    root = {"objectClass": ["dcObject", "organization"], "dc": ["example"], "o": ["Example"]}
    connection.add_s(BASE, ldap.modlist.addModlist(_encoded(root)))
    for unit in ("people", "groups", "services"):
        entry = {"objectClass": ["organizationalUnit"], "ou": [unit]}
        connection.add_s(f"ou={unit},{BASE}", ldap.modlist.addModlist(_encoded(entry)))
    reader = {
        "objectClass": ["applicationProcess", "simpleSecurityObject"],
        "cn": ["n8n-sync"],
        "userPassword": [PASSWORD],
    }
    connection.add_s(READER, ldap.modlist.addModlist(_encoded(reader)))


def _encoded(entry: dict[str, list[str]]) -> dict[str, list[bytes]]:
    return {attribute: [value.encode() for value in values] for attribute, values in entry.items()}
