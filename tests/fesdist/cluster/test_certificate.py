"""What a local cluster's processes know each other by is enough for strict readers, and nobody else's will do."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import load_pem_x509_certificate
from distributed.security import Security

from fesdist.cluster.certificate import temporary_security

PARTIAL_CHAIN, STRICT = 0x80000, ssl.VERIFY_X509_STRICT
"""What newer versions of Python ask for by themselves."""


def _meet(server: Security, client: Security) -> None:
    """Shake hands in memory; raises SSLError where one does not know the other."""
    contexts = [
        server.get_listen_args("scheduler")["ssl_context"],
        client.get_connection_args("client")["ssl_context"],
    ]
    for context in contexts:
        context.verify_flags |= PARTIAL_CHAIN | STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        contexts[0].wrap_bio(to_server, to_client, server_side=True),
        contexts[1].wrap_bio(to_client, to_server),
    ]
    waiting = ends[:]
    while waiting:
        for end in waiting[:]:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
                waiting.remove(end)
    for end in ends:  # with TLS 1.3 the server's verdict on the client comes after the handshake
        with suppress(ssl.SSLWantReadError):
            end.read()


def test_processes_of_one_cluster_know_each_other() -> None:
    own = temporary_security()
    _meet(own, own)


def test_those_of_two_do_not() -> None:
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        _meet(temporary_security(), temporary_security())


def test_nothing_is_said_without_encryption_and_for_years() -> None:
    own = temporary_security()
    assert own.require_encryption
    certificate = load_pem_x509_certificate(own.tls_ca_file.encode())
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc - timedelta(days=3600)
