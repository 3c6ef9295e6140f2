"""`python -m fesdist`: the command `fesdist`."""

import sys

from fesdist.cli.main import main

sys.exit(main())
