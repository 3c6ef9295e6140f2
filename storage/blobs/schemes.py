"""The schemes of addresses: which object stores are spoken to, with which variables, and why others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from storage.errors import StorageError


@dataclass(frozen=True)
class Service:
    """A kind of object store."""

    store: str
    """Name of its class in obstore."""
    example: str
    prefix: str
    """What the names of its variables begin with; those of Azure's emulator with AZURITE."""
    variables: tuple[str, ...]
    """Those that people set."""
    actions: Mapping[str, str]
    """The permission that an account needs for each of `read`, `write`, `list` and `delete`."""


SERVICES: Mapping[str, Service] = {
    "s3": Service(
        "S3Store",
        "s3://bucket/prefix",
        "AWS_",
        ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"),
        {
            # Without the right to list, what is missing is refused as well.
            "read": "s3:GetObject and s3:ListBucket",
            "write": "s3:PutObject",
            "list": "s3:ListBucket",
            "delete": "s3:DeleteObject",
        },
    ),
    "gs": Service(
        "GCSStore",
        "gs://bucket/prefix",
        "GOOGLE_",
        ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT"),
        {
            "read": "storage.objects.get",
            "write": "storage.objects.create and storage.objects.delete",
            "list": "storage.objects.list",
            "delete": "storage.objects.delete",
        },
    ),
    "az": Service(
        "AzureStore",
        "az://container/prefix",
        "AZUR",
        ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"),
        dict.fromkeys(("read", "write", "list", "delete"), "the role Storage Blob Data Contributor"),
    ),
}
"""By scheme."""

_INSTEAD = {
    "s3a": "write s3://bucket/prefix",
    "s3n": "write s3://bucket/prefix",
    "gcs": "write gs://bucket/prefix",
    **dict.fromkeys(("azure", "adl", "abfs", "abfss", "wasb", "wasbs"), "write az://container/prefix"),
    **dict.fromkeys(
        ("http", "https"),
        "a web server does not create files only if they are absent; for an object store give s3://bucket/prefix, and"
        " its address in AWS_ENDPOINT_URL",
    ),
    "memory": "it would be gone with this process, and no worker would see it; give a folder",
    **dict.fromkeys(("ftp", "sftp", "ssh", "hdfs", "smb", "nfs"), "mount it, and give the folder"),
}
"""What to do about schemes that people try."""

EXPECTED = "a folder, file:///folder, " + ", ".join(service.example for service in SERVICES.values())


def service_of(uri: str) -> Service:
    """Return the kind of object store that an address names; raises `StorageError` for any other address."""
    scheme, _, rest = uri.partition("://")
    if (service := SERVICES.get(scheme)) is None:
        advice = _INSTEAD.get(scheme, f"expected {EXPECTED}")
        raise StorageError(f"{uri!r} has the scheme {scheme!r}, which fesdist does not write to: {advice}")
    if not rest.partition("/")[0]:
        raise StorageError(f"{uri!r} names no bucket: expected {service.example}")
    return service


def store_class(name: str, uri: str) -> Any:
    """Return a class of obstore; raises `StorageError` if the package is not installed."""
    try:
        return getattr(import_module("obstore.store"), name)
    except ImportError as error:
        raise StorageError(
            f"{uri} is in an object store, but the package obstore is missing: pip install 'fesdist[s3]'"
        ) from error
