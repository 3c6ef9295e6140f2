"""An ingest that stores nobody leaves no stack behind, which would bind the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.ground.errors import PairingError
from fesdist.images.ingest import ingest
from fesdist.images.survey import Wanted
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter

Folder = Path

EYES = ((0.3, 0.3), (0.7, 0.3))


def test_nothing_usable_makes_no_stack(folder: Folder, stack: Path) -> None:
    for path in (folder / "happy").iterdir():
        path.write_text("no image")
    with pytest.raises(PairingError, match=r"no pair in .* can be used, 10 photographs refused; the first is"):
        ingest(folder, stack)
    assert not stack.exists()


def test_what_shows_its_damage_late_makes_no_stack_either(folder: Folder, stack: Path) -> None:
    whole = {path: path.read_bytes() for path in (folder / "happy").iterdir()}
    for path, content in whole.items():
        path.write_bytes(content[: content.index(b"IDAT") + 8])
    with pytest.raises(PairingError, match=r"no pair in .* can be used, 10 photographs refused; the first is"):
        ingest(folder, stack, Wanted(size=(4, 4), eyes=EYES))
    assert not stack.exists()
    for path, content in whole.items():
        path.write_bytes(content)
    ingest(folder, stack)
    spec = TrainingStack.open(stack).spec
    assert (spec.height, spec.width, spec.eyes) == (8, 8, None)


def test_an_interruption_before_anything_is_stored_leaves_no_stack(
    folder: Folder, stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StackWriter, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest(folder, stack)
    assert not stack.exists()
