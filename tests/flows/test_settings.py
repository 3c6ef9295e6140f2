"""Requests to this machine go round proxies, whatever the environment says of them."""

from __future__ import annotations

import pytest
from httpx._utils import get_environment_proxies

from storage.blobs.proxies import LOOPBACK, go_round_proxies


@pytest.mark.parametrize("said", ["", "example.org", "example.org, localhost"])
def test_the_loopback_goes_round_proxies(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("no_proxy", said)
    monkeypatch.setenv("NO_PROXY", said)
    go_round_proxies()
    proxies = get_environment_proxies()
    assert proxies["http://"] == "http://10.0.0.1:3128"
    assert all(f"all://{host if ':' not in host else f'[{host}]'}" in proxies for host in LOOPBACK)
    assert ("all://*example.org" in proxies) == ("example.org" in said)


def test_whoever_has_no_proxy_at_all_keeps_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    go_round_proxies()
    assert get_environment_proxies() == {}
