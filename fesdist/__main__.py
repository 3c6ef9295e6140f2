"""`python -m fesdist`: the command `fesdist`."""

import sys

from fesdist import check_nothing_hidden

try:
    check_nothing_hidden()
except ImportError as error:
    sys.exit(f"fesdist: error: {error}")

from fesdist.cli.main import main

sys.exit(main())
