"""What an object store refuses, told in words: what was given, what is missing, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from storage.blobs.proxies import proxy_variable
from storage.blobs.schemes import Service, service_of
from storage.errors import AlreadyExistsError, NotFoundError, StorageError

ADDRESSES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
"""Variables for the address of an S3 service that is not Amazon's, the one that counts first."""

_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_TRUE = ("true", "1", "yes", "on", "t", "y")
_REGION = re.compile(r"<Region>([a-z0-9-]+)</Region>|expecting '([a-z0-9-]+)'")
_REASON = re.compile(r"<Code>(\w+)</Code>")
_NO_PATH = re.compile(r'invalid path: .*?Path "([^"]*)"')
_ASKED = re.compile(r"https?://\S+")


def check_variables(uri: str, variables: Mapping[str, str], address: str = "") -> None:
    """Refuse what cannot work, before anything is asked; raises `StorageError` naming the variable that is missing.

    `variables` are the environment; `address` is that of a profile, which counts where no variable has one.
    """
    if not uri.startswith("s3://"):
        return
    name = next((name for name in ADDRESSES if variables.get(name)), "")
    given, where = (variables[name], name) if name else (address, "endpoint_url of the profile")
    if given and not re.match(r"https?://[^/]", given):
        raise StorageError(
            f"{where} is {given!r}, which is no address of a server: expected such as http://127.0.0.1:9000 or"
            " https://minio.example.org"
        )
    if given.startswith("http://") and variables.get("AWS_ALLOW_HTTP", "").lower() not in _TRUE:
        raise StorageError(
            f"{where} is {given!r}, where nothing is encrypted, and AWS_ALLOW_HTTP is missing: set AWS_ALLOW_HTTP=true"
            " if that network is yours, or give an address that begins with https://"
        )
    pair = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    missing = [one for one in pair if not variables.get(one)]
    if len(missing) == 1:
        there = pair[1 - pair.index(missing[0])]
        raise StorageError(f"{there} is set, but {missing[0]} is missing: set both for {uri}, or neither")


@contextmanager
def told(uri: str, key: str, action: str) -> Iterator[None]:
    """Turn what obstore raises for `key` below `uri` into errors of this room; `action` is as in `Service.actions`."""
    from obstore import exceptions

    try:
        yield
    except (exceptions.BaseError, FileNotFoundError) as error:
        raise _told(error, uri, key, action) from (None if isinstance(error, FileNotFoundError) else error)


def _told(error: Exception, uri: str, key: str, action: str) -> StorageError:
    from obstore import exceptions

    text, service = str(error), service_of(uri)
    bucket = "/".join(uri.split("/")[:3])
    if any(sign in text for sign in _NO_BUCKET):
        return StorageError(f"there is no bucket {bucket}: create it first, or choose another")
    if found := _NO_PATH.search(text):
        # For one such key, as programs make of a slash too many, the library gives up the whole listing.
        return StorageError(
            f"{bucket} holds an object whose key is, or begins with, {found.group(1)!r}, which is no path: expected"
            " names joined by single slashes; fesdist wrote no such object: remove it there, or choose another prefix"
        )
    if isinstance(error, exceptions.NotFoundError | FileNotFoundError):
        return NotFoundError(f"there is no {key} in {uri}")
    if isinstance(error, exceptions.AlreadyExistsError):
        return AlreadyExistsError(f"{key} exists in {uri} and is never overwritten")
    return StorageError(_sentence(error, text, service, f"{uri}/{key}", action))


def _sentence(error: Exception, text: str, service: Service, what: str, action: str) -> str:
    """Return what is wrong with the account, the region or the connection, and what to do."""
    from obstore import exceptions

    code = found.group(1) if (found := _REASON.search(text)) else ""
    keys = " or ".join(_of_keys(service))
    region = "".join(part or "" for part in found.groups()) if (found := _REGION.search(text)) else ""
    if region or "redirect" in text.lower():
        expected = f"; the bucket is in {region}" if region else "; the bucket is in another one"
        return f"{what} was asked for in the wrong region{expected}: set AWS_REGION to that of the bucket"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed"):
        return f"{what} was refused, as the store does not know these keys ({code}): check {keys}"
    refused = isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError)
    # Of listings the library says no more than that they failed.
    if refused or code in ("AccessDenied", "AuthorizationFailure", "AuthorizationPermissionMismatch"):
        return (
            f"{what} was refused{f' ({code})' if code else ''}: this account needs {service.actions[action]};"
            f" ask whoever owns the bucket, or check {keys}"
        )
    if any(sign in text for sign in ("169.254.", "metadata.google", "Missing", "credential", "Credential")):
        return f"{what} was asked for, but nobody said who asks ({_first_line(text)}): set {keys}"
    if "error sending request" in text or "dns error" in text:
        proxy = proxy_variable(asked.group()) if (asked := _ASKED.search(text)) else ""
        return (
            f"no object store answers for {what} ({_first_line(text)}): check its address"
            f"{' in AWS_ENDPOINT_URL' if service.prefix == 'AWS_' else ''}, and whether it runs"
            f"{f'; it was asked through the proxy in {proxy}: add its host to NO_PROXY to go round' if proxy else ''}"
        )
    return (
        f"{what}: the object store did not answer as one should ({_first_line(text)}); check the bucket and the"
        f" variables {', '.join(service.variables)}"
    )


def _of_keys(service: Service) -> list[str]:
    """Return the variables that say who asks, as people set them."""
    if service.prefix != "AWS_":
        return [service.variables[0]]
    return ["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
