"""Prefect flows over the plain functions of fesdist: stages only, no arithmetic, no tiles.

Prefect reads its settings when it is imported, and whoever imports a flow imports this package first.
"""

import os

from fesdist.ground.hidden import check_nothing_hidden
from flows.output import outlive_readers
from flows.settings import be_quiet

check_nothing_hidden()
be_quiet()
if "PREFECT__FLOW_RUN_ID" in os.environ:  # a worker started this process
    outlive_readers()
