"""`fesdist verify`: is every byte of a version, or every image and label of a stack, as it was stored?"""

from __future__ import annotations

from fesdist.cli.console import progress, say, warn
from fesdist.cli.place import open_stack
from fesdist.ground.counting import counted
from fesdist.requests.exits import EXIT_ERROR
from fesdist.requests.weights import Verify
from storage.datasets.store import WeightStore
from storage.stack.labels import label_faults


def run(request: Verify) -> int:
    """Verify, and name what is damaged; return 0, or 1 if something is."""
    labels: list[str] = []
    if request.reference is None:
        what, faults = _stack(request.place)
        labels = label_faults(request.place)
    else:
        version = WeightStore(request.place).open(request.reference)
        what = f"{version.manifest.reference}, {counted(len(version.checksums), 'file')}"
        faults = [f"{key} is missing or damaged" for key in version.verify()]
    for fault in faults + labels:
        warn(fault)
    if faults:
        outcome = f"{len(faults):,} damaged; restore them from a copy"
    elif labels:
        outcome = f"all is as it was stored but for {counted(len(labels), 'array')} that other programs read"
    else:
        outcome = "all is as it was stored"
    say(f"{what}: {outcome}")
    return EXIT_ERROR if faults or labels else 0


def _stack(path: str) -> tuple[str, list[str]]:
    stack = open_stack(path)
    total, done = sum(len(subject.digests) for subject in stack.subjects), 0
    with progress("verifying", "images") as report:

        def on_image(expression: str, subject: str) -> None:
            nonlocal done
            done += 1
            report(done, total, f"{expression} of {subject}")

        faults = stack.verify(on_image)
    return f"{stack.path}, {counted(total, 'image')}", faults
