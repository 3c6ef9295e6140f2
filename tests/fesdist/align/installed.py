"""Whether the networks that find faces are there, which no dependency of fesdist brings."""

from __future__ import annotations

import pytest

from fesdist.align.networks import INSTALL, check_networks
from fesdist.ground.errors import BadParameterError


def _why_not() -> str:
    try:
        check_networks()
    except BadParameterError as error:
        return str(error)
    return ""


needs_networks = pytest.mark.skipif(bool(_why_not()), reason=f"the networks that find faces are absent: {INSTALL}")
