"""What the processes of a local cluster know each other by: a certificate that is made when it starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from distributed.security import Security

_VALID = timedelta(days=3650)
"""A command that watches a folder may run for years, and has new workers in the place of those that die."""

_CLOCK_SET_BACK = timedelta(days=1)


def temporary_security() -> Security:
    """Return keys for all processes of a cluster, in their memory alone; who has not got them is not talked to.

    As Dask's `Security.temporary`, but with a key on the curve P-256: an RSA key takes a tenth of a second to find,
    half of what all else takes that starts a cluster.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fesdist-local")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SET_BACK)
        .not_valid_after(now + _VALID)
        # It is its own authority, which strict readers want to be told.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate = made.public_bytes(Encoding.PEM).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    of_roles = {
        f"tls_{role}_{what}": value
        for role in ("client", "scheduler", "worker")
        for what, value in (("key", private), ("cert", certificate))
    }
    return Security(require_encryption=True, tls_ca_file=certificate, **of_roles)
