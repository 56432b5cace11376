# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a throwaway n8n on loopback, seed it, and stop it in any case."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from . import install as _install
from .processes import die_with_parent, free_ports

OWNER = "olivia@example.com"
PASSWORD = "Throw4way-only"
FEATURES = (
    "feat:advancedPermissions",
    "feat:apiKeyScopes",
    "feat:customRoles",
    "feat:folders",
    "feat:projectRole:admin",
    "feat:projectRole:editor",
    "feat:projectRole:viewer",
    "feat:sharing",
)
LICENSE_NOTE = (
    "This n8n is a throwaway instance for tests. The end-to-end test hooks of n8n enable its licensed features. The n8n\n"
    "Enterprise License allows that for development and testing only. Production use needs a license of n8n."
)
# The requests of the tests do not use a proxy of the machine.
_NO_PROXY = {"http": "", "https": ""}


class ServerError(Exception):
    """Raised if n8n does not start, or refuses a request of a test."""


@dataclass
class Browser:
    """A user who is logged in with a session cookie, as in a browser."""

    base: str
    session: requests.Session

    def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        """Return the `data` of an answer of the internal API. Raise ServerError if the status is not `expect` (or 2xx)."""
        answer = self.session.request(method, f"{self.base}/rest{path}", json=body, timeout=60)
        if answer.status_code != expect if expect else not answer.ok:
            raise ServerError(f"{method} /rest{path} answered {answer.status_code}: {answer.text[:500]}")
        if not answer.content:
            return None
        content = answer.json()
        return content.get("data", content) if isinstance(content, dict) else content

    def api_key(self, scopes: Sequence[str] | None = None, label: str = "tests") -> str:
        """Create an API key of this user with `scopes` (default: all scopes that are available to the user)."""
        granted = list(scopes) if scopes is not None else self.call("GET", "/api-keys/scopes")
        body = {"label": f"{label}-{time.monotonic_ns()}", "expiresAt": None, "scopes": granted}
        return str(self.call("POST", "/api-keys", body)["rawApiKey"])


@dataclass
class Server:
    """A running n8n: its URL, the API key of its owner, and the test hooks of n8n."""

    url: str
    version: str
    api_key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> Server:
        """Return the server of the variables of `environment`. Raise ServerError if one of them is missing."""
        try:
            return cls(os.environ["N8N_URL"], os.environ["N8N_TEST_VERSION"], os.environ["N8N_API_KEY"])
        except KeyError as missing:
            raise ServerError(
                f"{missing} is not set. Run this with `make test` or `python -m n8n_server -- ...`."
            ) from None

    def reset(self) -> None:
        """Delete all data, create the owner again, enable the licensed features, and create a new API key."""
        owner = {"email": OWNER, "password": PASSWORD, "firstName": "Olivia", "lastName": "Owner"}
        admin = {**owner, "email": "seeded-admin@example.com", "firstName": "Seeded", "lastName": "Admin"}
        chat = {**owner, "email": "seeded-chat@example.com", "firstName": "Seeded", "lastName": "Chat"}
        self._hook("POST", "/reset", {"owner": owner, "admin": admin, "members": [], "chat": chat})
        for feature in FEATURES:
            self.feature(feature, True)
        for quota in ("maxTeamProjects", "users"):
            self.quota(quota, -1)
        self.api_key = self.login(OWNER).api_key()
        # The hook requires these two users. The tests start with the owner as the only user.
        for email in (admin["email"], chat["email"]):
            user = self.get(f"/users/{email}")
            self.api("DELETE", f"/users/{user['id']}")
        self._delete_custom_roles()

    def _delete_custom_roles(self) -> None:
        """Delete custom roles, which the hook does not delete. n8n before 2.36 cannot list them, and has none."""
        if tuple(map(int, self.version.split(".")[:2])) >= (2, 36):
            for roles in self.get("/roles").values():
                for role in roles:
                    if role.get("systemRole") is False:
                        self.api("DELETE", f"/roles/{role['slug']}")

    def feature(self, name: str, enabled: bool) -> None:
        """Enable or disable a licensed feature, for example feat:projectRole:admin."""
        self._hook("PATCH", "/feature", {"feature": name, "enabled": enabled})

    def quota(self, name: str, value: int) -> None:
        """Set a quota, for example maxTeamProjects. -1 means no limit."""
        self._hook("PATCH", "/quota", {"feature": f"quota:{name}", "value": value})

    def login(self, email: str, password: str = PASSWORD) -> Browser:
        """Log in with the requests of a browser."""
        session = requests.Session()
        session.trust_env = False
        session.proxies = dict(_NO_PROXY)
        session.headers["browser-id"] = f"tests-{email}"
        browser = Browser(self.url, session)
        browser.call("POST", "/login", {"emailOrLdapLoginId": email, "password": password})
        return browser

    def accept(self, invite_url: str, first_name: str, last_name: str, password: str = PASSWORD) -> Browser:
        """Accept an invitation with the requests of a browser, and log in."""
        link = urlsplit(invite_url)
        query = parse_qs(link.query)
        names = {"firstName": first_name, "lastName": last_name, "password": password}
        session = requests.Session()
        session.trust_env = False
        session.headers["browser-id"] = f"tests-{time.monotonic_ns()}"
        browser = Browser(self.url, session)
        if "token" in query:
            browser.call("POST", "/invitations/accept", {"token": query["token"][0], **names})
        else:
            invited, inviter = query["inviteeId"][0], query["inviterId"][0]
            browser.call("POST", f"/invitations/{invited}/accept", {"inviterId": inviter, **names})
        return browser

    def api(self, method: str, path: str, body: Any = None, params: dict[str, Any] | None = None) -> Any:
        """Send a request to the public API with the key of the owner. Raise ServerError unless the status is 2xx."""
        answer = requests.request(
            method,
            f"{self.url}/api/v1{path}",
            headers={"X-N8N-API-KEY": self.api_key},
            json=body,
            params=params,
            timeout=120,
            proxies=_NO_PROXY,
        )
        if not answer.ok:
            raise ServerError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    def get(self, path: str, **params: Any) -> Any:
        """Return the answer to a GET request to the public API."""
        return self.api("GET", path, params=params)

    def everything(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Return the items of all pages of a listing of the public API, each id once."""
        found: dict[str, dict[str, Any]] = {}
        cursor: str | None = None
        while True:
            page = self.get(path, limit=250, **params, **({"cursor": cursor} if cursor else {}))
            found.update({item["id"]: item for item in page["data"]})
            cursor = page.get("nextCursor")
            if not cursor:
                return list(found.values())

    def memberships(self) -> dict[str, dict[str, str]]:
        """Return the members of all team projects from n8n: {name of the project: {email: role}}."""
        projects = [item for item in self.everything("/projects") if item["type"] == "team"]
        return {
            item["name"]: {
                member["email"]: member["role"] for member in self.everything(f"/projects/{item['id']}/users")
            }
            for item in projects
        }

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which a child process uses this server."""
        return {
            "N8N_URL": self.url,
            "N8N_API_KEY": self.api_key,
            "N8N_TEST_VERSION": self.version,
            "N8N_TEST_OWNER": OWNER,
        }

    def _hook(self, method: str, path: str, body: Any) -> None:
        answer = requests.request(method, f"{self.url}/rest/e2e{path}", json=body, timeout=60, proxies=_NO_PROXY)
        if not answer.ok:
            raise ServerError(f"The test hook {path} answered {answer.status_code}: {answer.text[:500]}")


@contextmanager
def running(
    lock: Path = _install.DEFAULT_LOCK,
    *,
    database: Mapping[str, str] | None = None,
    extra_environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run the n8n of `lock` on a free loopback port with an empty folder, and seed it with an owner and an API key.

    `database` has the environment variables of an empty database server; without it, n8n uses a SQLite file.
    `extra_environment` has further settings of n8n.

    Raise ServerError if it does not start within two minutes. The process is stopped and its folder is deleted at the
    end. If this process is killed, n8n ends too, and the folder remains.
    """
    installation = _install.install(lock)
    folder = Path(tempfile.mkdtemp(prefix="n8n-test-"))
    log = folder / "n8n.log"
    port, broker = free_ports(2)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("N8N_", "DB_", "E2E_"))},
        "E2E_TESTS": "true",
        "N8N_USER_FOLDER": str(folder),
        "N8N_PORT": str(port),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_RUNNERS_BROKER_PORT": str(broker),
        "N8N_SECURE_COOKIE": "false",
        **{
            f"N8N_{name}_ENABLED": "false"
            for name in ("DIAGNOSTICS", "VERSION_NOTIFICATIONS", "TEMPLATES", "PERSONALIZATION", "COMMUNITY_PACKAGES")
        },
        **(database or {}),
        **(extra_environment or {}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(installation.node), str(installation.entry), "start"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    server = Server(url=f"http://127.0.0.1:{port}", version=installation.version)
    try:
        _wait(server, process, log)
        server.reset()
        yield server
    finally:
        _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path, seconds: int = 120) -> None:
    # n8n 2.8.4 is ready before its routes exist, so the needed routes are checked: the public API refuses a request
    # without a key, and the test hook answers a request with a body.
    routes: tuple[tuple[str, str, Callable[[int], bool]], ...] = (
        ("GET", "/healthz/readiness", lambda status: status == 200),
        ("GET", "/api/v1/users", lambda status: status == 401),
        ("PATCH", "/rest/e2e/feature", lambda status: status not in (404, 503)),
    )
    deadline = time.monotonic() + seconds
    for method, path, is_ready in routes:
        while True:
            if process.poll() is not None:
                raise ServerError(f"n8n ended with {process.returncode} while starting:\n{_tail(log)}")
            if time.monotonic() > deadline:
                raise ServerError(f"n8n did not answer {path} within {seconds} s:\n{_tail(log)}")
            try:
                body = {"feature": FEATURES[0], "enabled": True} if method == "PATCH" else None
                status = requests.request(
                    method, server.url + path, json=body, timeout=5, proxies=_NO_PROXY
                ).status_code
            except requests.RequestException:
                status = 0
            if is_ready(status):
                break
            time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    # The task runner of n8n is in the same group and may end shortly after n8n.


def _tail(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
