"""`import fesdist as fd`: a public list that costs nothing until it is used, with the words of the command line."""

from __future__ import annotations

import inspect
import os
import pkgutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import fesdist as fd
from fesdist.ground.hidden import NEEDED, check_nothing_hidden
from fesdist.registry import MODELS
from fesdist.requests.build import options_of
from fesdist.requests.verbs import VERBS
from tests.conftest import REPOSITORY
from tests.fesdist.training.stacks import write_stack
from tests.test_layers import MODULES, imports


def test_importing_it_imports_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import fesdist; print(*sorted(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = [name for name in run.stdout.split() if name.split(".")[0] in ("fesdist", "storage", "numpy", "rich")]
    assert ours == ["fesdist", "fesdist.ground", "fesdist.ground.hidden"]


def test_every_name_of_the_list_is_there_and_described() -> None:
    assert sorted(fd.__all__, key=str.lower) == sorted(set(dir(fd)) - {"__version__"}, key=str.lower)
    for name in fd.__all__:
        assert inspect.getdoc(getattr(fd, name)), name


def test_no_name_of_the_list_is_that_of_a_room() -> None:
    rooms = {module.name for module in pkgutil.iter_modules(fd.__path__)}
    assert not rooms & set(fd.__all__), "an import of the room would take the name's place"


def test_what_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(AttributeError, match="fesdist has no 'utilities'"):
        fd.utilities  # type: ignore[attr-defined]  # noqa: B018


def test_the_version_is_that_of_the_sources() -> None:
    assert fd.__version__ == fd.revision()


def test_all_models_are_on_it() -> None:
    assert set(MODELS.values()) <= {getattr(fd, name) for name in fd.__all__}


@pytest.mark.parametrize("verb", ["ingest", "tune", "train", "evaluate", "export", "synthesize", "promote", "rollback"])
def test_functions_take_the_words_of_the_command_line(verb: str) -> None:
    words = {name for name, option in options_of(VERBS[verb]).items() if not option.command_only}
    assert set(inspect.signature(getattr(fd, verb)).parameters) - {"on_progress"} == words


def test_descriptions_tell_the_defaults_that_signatures_do_not() -> None:
    described = inspect.getdoc(fd.train) or ""
    assert "workers: local processes; 0 is this process (default: one a core)\n" in described
    assert "colour: a fit each, one for all, or one on gray (default: shared)\n" in described


def test_a_version_is_trained_promoted_and_opened(tmp_path: Path) -> None:
    stack, weights = str(write_stack(tmp_path / "stack.zarr", side=24)), str(tmp_path / "weights")
    steps: list[tuple[int, int]] = []
    for ridge in (0.4, 1.0):
        fd.train(
            stack,
            weights,
            "noise",
            model="mr",
            window=3,
            ridge=ridge,
            workers=0,
            on_progress=lambda done, total, _: steps.append((done, total)),
        )
    assert steps[-1] == (1, 1)
    fd.promote(weights, "noise", 1, alias="production")
    fd.promote(weights, "noise", 2, alias="production")
    assert fd.rollback(weights, "noise", "production") == 1
    version = fd.open(weights, "noise@production")
    assert version.reference == "noise@1"
    outputs = version.synthesize(np.zeros((2, 3, 24, 24), np.uint8), "happy")
    assert (outputs.shape, outputs.dtype) == ((2, 3, 24, 24), np.float32)


def test_errors_are_those_of_the_commands(tmp_path: Path) -> None:
    with pytest.raises(fd.BadParameterError, match="use an odd size"):
        fd.train("stack.zarr", "weights", "noise", window=4)
    with pytest.raises(TypeError, match="windows"):
        fd.train("stack.zarr", "weights", "noise", windows=5)
    with pytest.raises(fd.StorageError):
        fd.open(str(tmp_path), "nobody")


OWN_STORAGE = """
import storage
print(storage.__file__)
import fesdist as fd
from storage import greeting
print(greeting, hasattr(storage, "errors"))
if __name__ == "__main__":
    made = fd.train("stack.zarr", "weights", "own", window=1, ridge=1.0, workers=1)
    print(made.version, fd.StorageError.__module__)
    try:
        fd.open("weights", "nobody")
    except fd.StorageError as error:
        print(type(pickle.loads(pickle.dumps(error))).__name__)
"""


def _python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("theirs", ["storage.py", "storage/__init__.py"])
def test_a_room_of_the_users_own_has_its_name_beside_ours(tmp_path: Path, theirs: str) -> None:
    own = tmp_path / theirs
    own.parent.mkdir(exist_ok=True)
    own.write_text("import fesdist\nfesdist.StorageError\ngreeting = 'hello'\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/__init__.py").touch()
    (tmp_path / "script.py").write_text(f"import pickle\n{OWN_STORAGE}")
    write_stack(tmp_path / "stack.zarr", side=24)
    ran = _python(tmp_path, "script.py")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [str(own), "hello False", "1 storage.errors", "NotFoundError"]
    ran = _python(tmp_path, "-m", "fesdist", "versions", "weights")
    assert (ran.returncode, "own" in ran.stdout) == (0, True), ran.stderr


def test_what_cannot_be_had_beside_a_room_of_ours_is_named_in_one_sentence(tmp_path: Path) -> None:
    script = tmp_path / "storage.py"
    script.write_text("import fesdist as fd\nprint(fd.FesdistError)\n")
    ran = _python(tmp_path, "storage.py")
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert f"{script} hides the package 'storage' of fesdist" in last
    assert "as it is the program that runs" in last
    script.unlink()
    (tmp_path / "storage").mkdir()
    for name in ("__init__.py", "errors.py"):
        (tmp_path / "storage" / name).touch()
    ran = _python(tmp_path, "-m", "fesdist", "versions", "weights")
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"fesdist: error: {tmp_path / 'storage/__init__.py'} hides the package 'storage' of fesdist")
    assert "as both have errors" in line


@pytest.mark.parametrize("theirs", ["numpy.py", "zarr.py", "numba/__init__.py", "PIL.py"])
def test_what_hides_a_library_is_named_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    own, name = tmp_path / theirs, theirs.partition("/")[0].removesuffix(".py")
    library = find_spec(name)
    assert library is not None
    own.parent.mkdir(exist_ok=True)
    own.touch()
    check_nothing_hidden()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError) as raised:
        check_nothing_hidden()
    assert str(raised.value) == (
        f"{own} hides the package {name!r} of {library.origin}, which fesdist needs: "
        "give your own file or folder another name, or run your program from another folder"
    )
    assert name not in sys.modules


def test_all_that_is_imported_of_others_is_known_to_be_needed() -> None:
    tops = {name.partition(".")[0] for path in MODULES for name in imports(path)}
    assert tops - sys.stdlib_module_names - {"fesdist", "flows", "storage"} <= set(NEEDED)
