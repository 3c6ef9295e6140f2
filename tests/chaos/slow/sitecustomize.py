"""A slow disk: while the file that CHAOS_SLOW names is there, each sync and rename takes a while."""

import os
import random
import time

_FLAG = os.environ.get("CHAOS_SLOW", "")
_SECONDS = 0.2


def _slowed(function):
    def slow(*arguments, **options):
        if _FLAG and os.path.exists(_FLAG):
            time.sleep(random.random() * _SECONDS)
        return function(*arguments, **options)

    return slow


for _name in ("fsync", "replace", "rename", "link"):
    setattr(os, _name, _slowed(getattr(os, _name)))
