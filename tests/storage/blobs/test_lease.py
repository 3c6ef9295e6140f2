"""One writer at a time in an object store, also when writers die, fall asleep, or ask at the same instant."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from threading import Event

import pytest

from storage.blobs import lease
from storage.blobs.lease import Lease
from storage.blobs.objects import ObjectLocation
from storage.errors import StorageError
from tests.objects.server import ObjectServer

PLACE = "s3://faces/stack.lock"


@pytest.fixture
def place(objects: ObjectServer) -> ObjectLocation:
    return ObjectLocation(PLACE)


@pytest.fixture
def held(place: ObjectLocation) -> Iterator[Lease]:
    lease = Lease(place, "the stack")
    yield lease
    lease.release()


def _holder(objects: ObjectServer, number: int) -> dict[str, object]:
    return dict(json.loads(objects.objects[f"faces/stack.lock/{number}.json"][0]))


def _replace(objects: ObjectServer, number: int, older: float = 0.0, **facts: object) -> None:
    data, when = objects.objects[f"faces/stack.lock/{number}.json"]
    changed = json.dumps({**json.loads(data), **facts}).encode()
    objects.objects[f"faces/stack.lock/{number}.json"] = changed, when - older


def test_one_has_it_until_it_is_given_up(place: ObjectLocation, objects: ObjectServer) -> None:
    first = Lease(place, "the stack")
    with pytest.raises(StorageError, match=r"process \d+, has been writing to the stack since .*runs out in \d+ s"):
        Lease(place, "the stack")
    first.check()
    first.release()
    first.release()
    second = Lease(place, "the stack")
    assert [key for key in objects.objects if "lock" in key] == ["faces/stack.lock/2.json"]
    second.release()
    assert _holder(objects, 2)["given_up"]


def test_of_a_process_here_that_died_it_is_free_at_once(
    held: Lease, place: ObjectLocation, objects: ObjectServer
) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    _replace(objects, 1, process=int(dead.stdout))
    Lease(place, "the stack").release()


def test_of_another_machine_it_runs_out(held: Lease, place: ObjectLocation, objects: ObjectServer) -> None:
    _replace(objects, 1, where="elsewhere", older=lease.EXPIRY_SECONDS - 60)
    with pytest.raises(StorageError, match=r"runs out in [56]. s"):
        Lease(place, "the stack")
    _replace(objects, 1, older=100)
    Lease(place, "the stack").release()


@pytest.mark.parametrize("data", [b"{", b"", b'{"who": "of a later release"}'])
def test_one_that_cannot_be_read_runs_out(
    held: Lease, place: ObjectLocation, objects: ObjectServer, data: bytes
) -> None:
    key = "faces/stack.lock/1.json"
    objects.objects[key] = data, objects.objects[key][1] - lease.EXPIRY_SECONDS + 60
    with pytest.raises(
        StorageError, match=r"writing to the stack; s3://faces/stack.lock/1.json, .* is damaged: wait .* in [56]. s"
    ):
        Lease(place, "the stack")
    objects.objects[key] = data, objects.objects[key][1] - 100
    Lease(place, "the stack").release()


def test_who_could_not_renew_it_stops(held: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    now = lease._clock()
    monkeypatch.setattr(lease, "_clock", lambda: now + lease.TRUSTED_SECONDS + 1)
    with pytest.raises(StorageError, match="has not been able to say for 121 s that it writes to the stack"):
        held.check()


def test_who_slept_for_too_long_does_not_take_it_back(place: ObjectLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    slept, now = 0.0, lease._clock()
    monkeypatch.setattr(lease, "RENEWAL_SECONDS", 0.01)
    monkeypatch.setattr(lease, "_clock", lambda: now + slept)
    one = Lease(place, "the stack")
    slept = lease.TRUSTED_SECONDS + 1
    # Awake again it would soon be renewed, which is when the writer may look at it first.
    one._renewing.join(10)
    with pytest.raises(StorageError, match="has not been able to say for 121 s"):
        one.check()
    one.release()


def test_it_is_renewed(place: ObjectLocation, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWAL_SECONDS", 0.01)
    one = Lease(place, "the stack")
    before, (_, written) = one._renewed, objects.objects["faces/stack.lock/1.json"]
    while one._renewed == before:
        assert not one._ended.wait(0.01)
    assert objects.objects["faces/stack.lock/1.json"][1] > written
    one.release()


def test_a_renewal_on_its_way_does_not_take_back_that_it_is_given_up(
    place: ObjectLocation, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWAL_SECONDS", 0.01)
    write, under_way = ObjectLocation.write, Event()

    def slow(location: ObjectLocation, key: str, data: bytes) -> None:
        if not json.loads(data)["given_up"]:
            under_way.set()
            time.sleep(0.3)
        write(location, key, data)

    monkeypatch.setattr(ObjectLocation, "write", slow)
    one = Lease(place, "the stack")
    assert under_way.wait(60)
    one.release()
    monkeypatch.undo()
    Lease(place, "the stack").release()


def test_a_lease_whose_leftovers_cannot_be_removed_is_held(
    place: ObjectLocation, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lease(place, "the stack").release()

    def refused(location: ObjectLocation, prefix: str) -> None:
        raise StorageError("no permission to delete")

    monkeypatch.setattr(ObjectLocation, "delete", refused)
    one = Lease(place, "the stack")
    one.check()
    one.release()


def test_a_number_that_was_used_and_removed_meanwhile_is_not_taken(
    place: ObjectLocation, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: Lease, number: int) -> None:
        monkeypatch.undo()
        for _ in range(2):
            Lease(place, "the stack").release()

    monkeypatch.setattr(Lease, "_refuse_if_held", slow)
    with pytest.raises(StorageError, match="other processes write to the stack: wait until they have finished"):
        Lease(place, "the stack")
    assert [key for key in objects.objects if "lock" in key] == ["faces/stack.lock/2.json"]


def test_a_store_that_overwrites_is_refused(place: ObjectLocation, objects: ObjectServer) -> None:
    objects.overwrites = True
    with pytest.raises(StorageError, match=r"ignores the header If-None-Match"):
        Lease(ObjectLocation(f"{PLACE}2"), "the stack")
