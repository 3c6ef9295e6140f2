"""What Dask raises, in words: why a scheduler could not be reached, and what to do, start one or mend its TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import dask

SETTINGS = "distributed.comm.tls"
"""Where Dask's configuration has the files of certificates."""

ENCRYPTED = ("tls", "wss")


def why_refused(address: str, error: BaseException) -> str:
    """Return a sentence for a connection to the scheduler at `address` that failed with `error`."""
    reason = in_a_line(error)
    advice = _about_tls(address, error)
    if advice:
        return f"no connection to the scheduler at {address!r} ({reason}): {advice}"
    return (
        f"no Dask scheduler answers at {address!r} ({reason}); expected the address of a running `dask scheduler`, "
        "such as tcp://127.0.0.1:8786. Start one; for a local cluster leave --scheduler out, and unset "
        "DASK_SCHEDULER_ADDRESS"
    )


def _about_tls(address: str, error: BaseException) -> str:
    """Return what to do about TLS, or "" where it has nothing to do with it."""
    scheme, _, rest = address.rpartition("://")
    chain = list(causes(error))
    said = " ".join(map(str, chain))
    if isinstance(error, TypeError) and "ssl_context" in said:
        return (
            f"{scheme}:// needs certificates, and the configuration has none; export DASK_CONFIG with the file that "
            f"sets {SETTINGS}.ca-file, .client.cert and .client.key, or give tcp://{rest} if the scheduler has no TLS"
        )
    if isinstance(error, RuntimeError) and "encryption required" in said:
        return (
            f"the configuration demands encryption (distributed.comm.require-encryption); give tls://{rest}, and start "
            "the scheduler with --protocol tls"
        )
    # The last where its greeting, which is not encrypted, came first.
    if any(sign in said for sign in ("WRONG_VERSION_NUMBER", "RECORD_LAYER", "cannot convert to SSL")):
        return f"it answers without TLS; give tcp://{rest}, or start it with --protocol tls and its certificate"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
        return (
            f"its certificate is none that {_named('ca-file')} vouches for; give scheduler, workers and clients the "
            "same ca-file"
        )
    hung_up = any(isinstance(cause, ConnectionResetError) for cause in chain)
    if scheme in ENCRYPTED and ("SSL" in said or hung_up):  # with an alert that tells why, or before it arrived
        return (
            f"it does not take {_named('client.cert')}; expected a certificate that the scheduler's ca-file vouches "
            "for: give scheduler, workers and clients the same ca-file"
        )
    if hung_up:
        return (
            f"something answers there and hangs up at once, as a scheduler with TLS does; give tls://{rest}, and "
            "export DASK_CONFIG with its certificates"
        )
    return ""


def unreadable(error: Exception) -> str:
    """Return a sentence for certificates that could not be loaded."""
    files = [_named(name) for name in ("ca-file", "client.cert", "client.key")]
    return (
        f"the certificates of the configuration cannot be read ({error}): {', '.join(files)}; expected three files in "
        "PEM format that this account may read, as in docs/operations.md"
    )


def _named(setting: str) -> str:
    value = dask.config.get(f"{SETTINGS}.{setting}", None)
    shown = value if isinstance(value, str) and "\n" not in value else "not a file" if value else "not set"
    return f"{SETTINGS}.{setting} ({shown})"


def in_a_line(error: BaseException) -> str:
    """Return what an error says in one line, its type where it says nothing."""
    return " ".join((str(error) or type(error).__name__).split())


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and whatever it came of, the first cause last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
