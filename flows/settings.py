"""Settings that keep Prefect quiet and off the network, for whoever runs a flow without a server of their own."""

from __future__ import annotations

import os

from storage.blobs.proxies import go_round_proxies

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    # The temporary server would print the tracebacks of its own cancelled tasks while it stops.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # Its start can take longer than the usual 20 seconds on a busy machine.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # Prefect gives the root logger a handler, so Dask's loggers, silent otherwise, would print there what they do.
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
}

WITHOUT_SERVER = {
    # What a flow has to say it prints, and what goes wrong it raises: the logs are for a server's pages.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
}


def be_quiet() -> None:
    """Set the environment that Prefect and Dask read when they are imported; what the user has set stays."""
    go_round_proxies()
    defaults = QUIET if "PREFECT_API_URL" in os.environ else QUIET | WITHOUT_SERVER
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
