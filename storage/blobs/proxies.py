"""Proxies that the environment names: requests to this machine go round them, and others can tell theirs."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def go_round_proxies() -> None:
    """Let no request to this machine go through a proxy, which is another machine."""
    said = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in said.split(",") if host.strip()]
    if "*" not in hosts:
        left_out = ",".join((*hosts, *(host for host in LOOPBACK if host not in hosts)))
        # Programs read one or the other. Nothing is set twice, while other threads may read it.
        for name in ("no_proxy", "NO_PROXY"):
            if os.environ.get(name) != left_out:
                os.environ[name] = left_out


def proxy_variable(url: str) -> str:
    """Return the name of the variable whose proxy a request goes through, "" where it goes to its host."""
    split = urlsplit(url)
    if proxy_bypass(split.hostname or ""):
        return ""
    names = (f"{split.scheme}_proxy", "all_proxy")
    return next((one for name in names for one in (name, name.upper()) if os.environ.get(one)), "")
