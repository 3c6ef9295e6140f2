"""What a script lies beside hides no package of ours: `storage` is found all the same, others are told of."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

NAME = "storage"
OURS = Path(__file__).parents[2] / NAME
NEEDED = (
    *("PIL", "boto3", "botocore", "cryptography", "cv2", "dask", "distributed", "filelock", "httpx", "jinja2"),
    *("llvmlite", "markupsafe", "msgspec", "numba", "numcodecs", "numpy", "obstore", "onnx", "pillow_heif", "prefect"),
    *("rich", "scipy", "skimage", "tomli_w", "typing_extensions", "xarray", "xxhash", "zarr"),
    # Without these Dask cannot be imported.
    *("click", "cloudpickle", "fsspec", "msgpack", "packaging", "psutil", "toolz", "tornado", "yaml"),
)
"""What fesdist imports of others, and they of others."""
_ADVICE = "give your own file or folder another name, or run your program from another folder"


def use_own_storage() -> None:
    """Have `storage.errors` and its like mean modules of ours, whatever Python finds under the name `storage`.

    It looks beside the script first. What it finds there keeps the name `storage`; the modules of ours, all of them at
    once, are entered by their full names, under which imports and pickles look before they ask where anything lies.
    Nothing is done where nothing else is found, or where both cannot be had: `check_nothing_hidden` names that.
    """
    other = _other()
    if other is None or _conflict(other) or f"{NAME}.errors" in sys.modules:
        return
    theirs = sys.modules.pop(NAME, None)
    try:
        sys.modules[NAME] = _package()
        for path in sorted(OURS.rglob("*.py")):
            inner = path.relative_to(OURS).with_suffix("").parts
            import_module(".".join((NAME, *inner)).removesuffix(".__init__"))
    finally:
        del sys.modules[NAME]
        if theirs is not None:
            sys.modules[NAME] = theirs


def check_nothing_hidden() -> None:
    """Raise ImportError, with both places, where something hides `storage` or what fesdist needs, and has to move.

    Nothing is imported for it.
    """
    if (other := _other()) is not None and (conflict := _conflict(other)):
        raise ImportError(
            f"{other.origin} hides the package {NAME!r} of fesdist, which is in {OURS}, {conflict}: {_ADVICE}",
            name=NAME,
        )
    installed: set[Path] = set()
    for name in NEEDED:
        found = _found(name)
        if found is None or found.origin is None or (place := _place(found)) in installed:
            continue
        # What a package manager has put there it has put there to be used.
        if any(place.glob("*.*-info")):
            installed.add(place)
        elif hidden := PathFinder.find_spec(name, [each for each in sys.path if Path(each).absolute() != place]):
            raise ImportError(
                f"{found.origin} hides the package {name!r} of {hidden.origin}, which fesdist needs: {_ADVICE}",
                name=name,
            )


def _other() -> ModuleSpec | None:
    """Return what is found under the name of our package, if that is something else."""
    found = _found(NAME)
    return None if found is None or found.origin is None or Path(found.origin).parent == OURS else found


def _found(name: str) -> ModuleSpec | None:
    """Return what is imported under a name, or would be; None for nothing, and for what came from nowhere."""
    known = sys.modules.get(name)
    return find_spec(name) if known is None else known.__spec__


def _place(found: ModuleSpec) -> Path:
    """Return the folder in which Python looked for what it found."""
    file = Path(found.origin or "").absolute()
    return file.parent if found.submodule_search_locations is None else file.parents[1]


def _conflict(other: ModuleSpec) -> str:
    """Return why something else and our package cannot both be had, or ""."""
    running = getattr(sys.modules.get("__main__"), "__file__", None)
    if running and other.origin and Path(running).resolve() == Path(other.origin).resolve():
        return "as it is the program that runs"
    ours = {path.stem for path in OURS.iterdir() if not path.name.startswith(("__", "py."))}
    theirs = {path.stem for place in other.submodule_search_locations or () for path in Path(place).iterdir()}
    both = sorted(ours & theirs)
    return f"as both have {', '.join(both)}" if both else ""


def _package() -> ModuleType:
    spec = spec_from_file_location(NAME, OURS / "__init__.py", submodule_search_locations=[str(OURS)])
    if spec is None or spec.loader is None:
        raise ImportError(f"the package {NAME!r} of fesdist is missing: {OURS}; install fesdist again", name=NAME)
    package = module_from_spec(spec)
    spec.loader.exec_module(package)
    return package
