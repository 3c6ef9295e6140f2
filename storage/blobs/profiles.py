"""Profiles of Amazon's tools: the keys, the region and the address that AWS_PROFILE names in ~/.aws."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from storage.errors import StorageError

_OTHER_WAYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)
"""Variables that say who asks, before which a profile does not count, as with Amazon's own tools."""


def profile_options(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what obstore is told of the profile that `variables`, the environment, name; nothing without one.

    Keys that are renewed, of single sign-on or an assumed role, are asked for again when they run out. Raises
    `StorageError` for a profile that is not there, or that cannot be read because boto3 is missing.
    """
    name = variables.get("AWS_PROFILE") or variables.get("AWS_DEFAULT_PROFILE") or ""
    if any(variables.get(way) for way in _OTHER_WAYS) or not (name or _has_default(variables)):
        return {}
    return dict(_options(name, variables.get("AWS_CONFIG_FILE", ""), variables.get("AWS_SHARED_CREDENTIALS_FILE", "")))


def _has_default(variables: Mapping[str, str]) -> bool:
    """Return whether there is a file of keys for those who name no profile, and the package that reads it."""
    file = variables.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    if not Path(os.path.expanduser(file)).is_file():
        return False
    try:
        import boto3  # noqa: F401
    except ImportError:
        return False
    return True


@lru_cache(maxsize=8)
def _options(name: str, config_file: str, credentials_file: str) -> dict[str, Any]:
    """Return the options of a profile; the two files are those of which the environment speaks."""
    said = f"AWS_PROFILE is {name!r}" if name else "the keys are to be those of ~/.aws/credentials"
    try:
        import boto3
        import botocore.session
        from botocore.exceptions import BotoCoreError
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise StorageError(
            f"{said}, which the package boto3 reads, but it is missing: pip install boto3, or set AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY instead"
        ) from error
    try:
        session = botocore.session.Session(profile=name or None)
        config = session.get_scoped_config()
        if session.get_credentials() is None:
            if not name:
                return {}
            raise StorageError(
                f"{said}, which has no keys: see `aws configure --profile {name}`, or `aws sso login --profile {name}`"
            )
        options: dict[str, Any] = {
            "credential_provider": Boto3CredentialProvider(boto3.session.Session(botocore_session=session))
        }
    except BotoCoreError as error:
        raise StorageError(f"{said}: {error}; see `aws configure list-profiles`, or `aws sso login`") from error
    if address := config.get("endpoint_url"):
        options["endpoint"] = address
    return options
