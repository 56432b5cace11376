# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert failures of the transport to error messages, and tell which of them another try may resolve."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime

from .._errors import ConnectionFailed, N8nError
from .options import Connection

try:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
except ImportError as missing:
    REQUESTS_IMPORT_ERROR: ImportError | None = missing
else:
    REQUESTS_IMPORT_ERROR = None


# The alerts of a server that got no client certificate, or does not accept it (RFC 8446, 6.2).
_REFUSED_CERTIFICATE = re.compile(
    "alert (certificate required|bad certificate|unknown ca|certificate (unknown|expired|revoked)|unsupported certificate)",
    re.IGNORECASE,
)


class TransientError(Exception):
    """A failure that another try may resolve. `not_sent` tells that n8n has certainly not carried out the request."""

    def __init__(self, error: N8nError, not_sent: bool = False, retry_after: str | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.not_sent = not_sent
        self.retry_after = retry_after

    def after(self, tries: int) -> N8nError:
        """Return the final error after this number of tries."""
        if tries > 1:
            self.error.args = (f"{self.error} It was tried {tries} times.",)
        return self.error


if REQUESTS_IMPORT_ERROR is None:
    TRANSIENT: tuple[type[Exception], ...] = (
        requests.exceptions.ConnectionError,
        requests.exceptions.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    )


def failure_of(error: Exception, connection: Connection) -> Exception:
    """Return the error for a request without a response: TransientError if another try may succeed."""
    if _REFUSED_CERTIFICATE.search(str(error)):
        return ConnectionFailed(certificate_remedy(connection))
    # EOF means that the connection was interrupted, which may be temporary. Other TLS errors are permanent.
    if isinstance(error, requests.exceptions.SSLError) and "EOF occurred" not in str(error):
        return ConnectionFailed(_tls(error, connection))
    failure = ConnectionFailed(_unreachable(error, connection))
    return TransientError(failure, not_sent=_never_sent(error)) if isinstance(error, TRANSIENT) else failure


def certificate_remedy(connection: Connection) -> str:
    """Return the error for a server that got no client certificate, or does not accept it."""
    if connection.client_cert:
        return (
            f"{connection.url} does not accept client_cert {connection.client_cert}. Use a certificate that this server "
            "trusts and that has not expired."
        )
    return f"{connection.url} requires a client certificate. Set client_cert and client_key."


def _tls(error: Exception, connection: Connection) -> str:
    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return f"TLS connection to {connection.url} failed: {_reason(error)}. Check that the port serves HTTPS."
    return (
        f"The TLS certificate of {connection.url} cannot be verified: {_reason(error)}. Set ca_path to the "
        "certificate of its CA, or set validate_certs: false if you accept the risk."
    )


def _unreachable(error: Exception, connection: Connection) -> str:
    cause = _reason(error)
    remedy = "Check that n8n runs there, that url is correct, and that the host that runs the task can reach it."
    # A timeout in the middle of a body is raised as another type of error.
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in cause:
        cause = f"no response within {connection.timeout:g} s (timeout)"
        remedy += " If n8n responds slowly, increase timeout."
    elif connection.url.lower().startswith("https:") and re.search("EOF|reset|aborted|closed", cause):
        # A server that refuses a certificate may close the connection before its alert is read.
        remedy += f" A gateway may have closed the connection because {certificate_remedy(connection)}"
    return f"{connection.url} could not be reached: {cause}. {remedy}"


def _never_sent(error: Exception) -> bool:
    """Return whether the request cannot have reached n8n, because no connection was established."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, (NewConnectionError, ConnectTimeoutError))


def _reason(error: Exception) -> str:
    """Return the innermost cause as text, without the object addresses that the libraries print."""
    cause = error
    while causes := [part for part in (*cause.args, getattr(cause, "reason", None)) if isinstance(part, Exception)]:
        cause = causes[-1]
    text = re.sub(r"<[^>]*object at 0x[0-9a-f]+>:? ?|HTTPS?Connection(Pool)?\([^)]*\):? ?", "", str(cause))
    return text.strip().rstrip(".") or type(error).__name__


def seconds_of(retry_after: str | None) -> float | None:
    """Return the number of seconds in a Retry-After header, which has seconds or a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
