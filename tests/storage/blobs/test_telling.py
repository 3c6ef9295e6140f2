"""What an object store refuses is told with what was given, what is missing, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from storage.blobs import objects as opened
from storage.blobs.location import open_location
from storage.errors import StorageError
from tests.objects.server import Answer, ObjectServer

URI = "s3://faces/weights"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "_MAX_RETRIES", 0)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"AWS_ALLOW_HTTP": None},
            "AWS_ENDPOINT_URL is 'http://.*', .* AWS_ALLOW_HTTP is missing: set AWS_ALLOW_HTTP=true",
        ),
        ({"AWS_ENDPOINT_URL": "127.0.0.1:9000"}, "AWS_ENDPOINT_URL is '127.0.0.1:9000', which is no address"),
        ({"AWS_SECRET_ACCESS_KEY": None}, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is missing"),
        ({"AWS_ACCESS_KEY_ID": None}, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is missing"),
    ],
)
def test_a_missing_variable_is_named_before_anything_is_asked(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None], message: str
) -> None:
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match=message):
        open_location(URI)
    assert not objects.requests


def _error(status: int, code: str, more: str = "") -> Answer:
    return Answer(status, f"<Error><Code>{code}</Code>{more}</Error>".encode())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            _error(403, "AccessDenied"),
            r"was refused \(AccessDenied\): this account needs s3:PutObject; ask whoever owns",
        ),
        (
            _error(403, "InvalidAccessKeyId"),
            r"does not know these keys \(InvalidAccessKeyId\): check AWS_ACCESS_KEY_ID",
        ),
        (_error(403, "SignatureDoesNotMatch"), "does not know these keys"),
        (
            _error(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
            "in the wrong region; the bucket is in eu-west-1: set AWS_REGION",
        ),
        (Answer(301), "in the wrong region; the bucket is in another one: set AWS_REGION"),
        (_error(404, "NoSuchBucket"), "there is no bucket s3://faces: create it first"),
        (_error(400, "Strange"), "did not answer as one should .* check the bucket and the variables AWS_ENDPOINT_URL"),
    ],
)
def test_a_refusal_says_what_to_do(objects: ObjectServer, answer: Answer, message: str) -> None:
    location = open_location(URI)
    objects.refusal = answer
    with pytest.raises(StorageError, match=message) as refusal:
        location.write("a", b"1")
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).count(URI) <= 2


@pytest.mark.parametrize(
    ("action", "needed"),
    [("read", "s3:GetObject and s3:ListBucket"), ("list", "s3:ListBucket"), ("delete", "s3:Delete")],
)
def test_the_permission_that_is_missing_is_named(objects: ObjectServer, action: str, needed: str) -> None:
    location = open_location(URI)
    objects.refusal = _error(403, "AccessDenied")
    with pytest.raises(StorageError, match=f"needs {needed}"):
        getattr(location, action)("a")


def test_a_server_that_is_not_there_is_told(objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StorageError, match=r"no object store answers for .* check its address in AWS_ENDPOINT_URL"):
        open_location(URI).read("a")


def test_a_proxy_is_for_other_machines_and_named_where_nobody_answers(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.org")
    open_location("s3://faces/near").write("a", b"1")
    assert objects.objects["faces/near/a"][0] == b"1"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example.com:9000")
    with pytest.raises(
        StorageError, match=r"no object store .* through the proxy in HTTP_PROXY: add its host to NO_PROXY"
    ) as told:
        open_location("s3://faces/far").read("a")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
@pytest.mark.parametrize("key", ["weights//", "weights//x/y", "weights/./x", "weights/a\x01b"])
def test_a_key_that_is_no_path_is_named(objects: ObjectServer, scheme: str, key: str) -> None:
    objects.objects[f"faces/{key}"] = b"", 0.0
    with pytest.raises(
        StorageError, match=f"^{scheme}://faces holds an object whose key is, or begins with, 'weights/"
    ) as told:
        open_location(f"{scheme}://faces/weights").list("")
    assert "remove it there" in str(told.value)
    assert "AWS_" not in str(told.value)


def test_a_profile_has_keys_region_and_address(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("boto3", reason="boto3 is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.write_text(
        "[profile minio]\naws_access_key_id = me\naws_secret_access_key = secret\nregion = eu-west-1\n"
        f"endpoint_url = {objects.address}\n[profile empty]\nregion = eu-west-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_PROFILE", "minio")
    open_location(URI).write("a", b"1")
    assert list(objects.objects) == ["faces/weights/a"]
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StorageError, match=r"AWS_PROFILE is 'nobody': .*nobody.*see `aws configure list-profiles`"):
        open_location(URI)
    monkeypatch.setenv("AWS_PROFILE", "empty")
    with pytest.raises(StorageError, match="AWS_PROFILE is 'empty', which has no keys: see `aws configure"):
        open_location(URI)
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setenv("AWS_PROFILE", "other")
    with pytest.raises(StorageError, match="AWS_PROFILE is 'other', which the package boto3 reads, but it is missing"):
        open_location(URI)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_objects_that_mark_folders_are_ignored(objects: ObjectServer, scheme: str) -> None:
    location = open_location(f"{scheme}://faces/w")
    for marker in ("faces/w/", "faces/w/m/", "faces/w/m/versions/", "faces/w/empty/"):
        objects.objects[marker] = (b"", 0.0)
    location.write("m/versions/1.json", b"1")
    assert location.list("m/versions") == ["1.json"]
    assert location.list("m") == ["versions"]
    assert location.list("empty") == []
    assert location.size("m") == 1
    assert not location.exists("m")
    location.delete("m")
    assert location.list("m/versions") == []
