"""Eyes and lips found by the networks of MediaPipe, run by OpenCV: a face, its mesh, and the iris of each eye."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.align.blazeface import SAMPLES, Guess, distinct, guesses, searches
from fesdist.align.face import Face, Point
from fesdist.align.halves import Halves, Square
from fesdist.align.networks import check_networks, network

_MESH_SAMPLES = 192
_MESH_MARGIN = 1.5
"""How much larger than the face the square is that the mesh is found in."""

_MOST_ROUNDS = 4
"""The first mesh is found in the coarse box, each other in the box of the one before, until the box stays."""

_STAYS = 0.05
"""A box stays that moves and turns by less, as a share of its side and in radians."""

_EVIDENCE = 40.0
"""What the network of the mesh says of most faces at least, as log odds; a confidence of 1."""

_DOUBTFUL = 20.0
"""Upside down, faces are found too, but with their eyes exchanged and little evidence: these are turned over."""

_SMALLEST_EVIDENCE = 15.0
"""Half a face without eyes reaches 14, everything else that is no face 2."""

_OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288),
    *(397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136),
    *(172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Points of the mesh around the face, from the middle of the forehead clockwise in an upright image."""

_IRIS_SAMPLES = 64
_IRIS_MARGIN = 2.3
"""How much larger than an eye, from corner to corner, the square is that the iris is found in."""

_CORNERS = ((33, 133), (362, 263))
"""Points of the mesh: the corners of the left and of the right eye of an upright face, from left to right."""

_LIPS = (61, 291, 13, 14)
"""Points of the mesh whose mean is the middle of the lips: the corners, and the middle of where lips meet.

A smile raises it by 0.03 distances of the eyes (mean of 80 people), the middle between the corners alone by 0.05.
"""

_SAME_FACE = 0.5
"""Faces whose eyes' middles are less than this share of the eye distance apart are one, found twice."""

_READING = threading.Lock()
"""Held while a network is read: OpenCV fills the table of what it can read when it first reads one, with no lock."""


class MediaPipe:
    """Finds faces at any angle in the image plane.

    Three networks follow each other. BlazeFace (Bazarevsky et al. 2019) tells where faces are. The second (Kartynnik et
    al. 2019) tells 468 points of a face, of which eyes, lips and outline are used. The third (Ablavatski et al. 2020)
    tells the iris of an eye: each eye is shown to it as it is and mirrored, and the mean taken. Threads may share a
    detector: each has networks of its own.
    """

    def __init__(self) -> None:
        """Name the detector; the networks are read when a thread first needs them.

        Raises BadParameterError where they are not installed.
        """
        import cv2

        check_networks()
        # Before anything else: OpenCV may crash where this changes while another thread is at work.
        cv2.setNumThreads(1)
        self.name = f"mediapipe-iris-1 (opencv {cv2.__version__})"
        self._own = threading.local()

    def faces(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Return the faces of a photograph, (channel, row, col) uint8 with 1 or 3 channels, the largest first."""
        halves = Halves(image)
        known: list[Guess] = []
        found: list[Face] = []
        for search in searches((image.shape[1], image.shape[2])):
            if max((face.eye_distance for face in found), default=0.0) <= search.largest:
                guessed = [guess for square in search.squares for guess in self._guesses(halves, square)]
                for guess in distinct(guessed, known):
                    face = self._face(halves, guess)
                    if face and not any(_same(face, other) for other in found):
                        found.append(face)
                        known.append(guess)
        return tuple(sorted(found, key=lambda face: -face.eye_distance))

    def _guesses(self, halves: Halves, square: Square) -> list[Guess]:
        """Return about where faces are in a square."""
        image = halves.cut(square, SAMPLES, black_outside=True)
        scores, boxes = self._run("face_detection_back", image, ("classificators", "regressors"), signed=True)
        return guesses(square, scores.reshape(-1), boxes.reshape(-1, 8, 2))

    def _face(self, halves: Halves, guess: Guess) -> Face | None:
        """Return the face that was guessed, or None if the mesh finds none there."""
        mesh, evidence = self._mesh(halves, guess.square)
        if evidence < _DOUBTFUL:
            mesh, evidence = max((mesh, evidence), self._mesh(halves, _turned_over(mesh)), key=lambda found: found[1])
        if evidence < _SMALLEST_EVIDENCE:
            return None
        left, right = (self._iris(halves, *mesh[list(corners)]) for corners in _CORNERS)
        lips, outline = _point(mesh[list(_LIPS)].mean(axis=0)), tuple(map(_point, mesh[list(_OUTLINE)]))
        return Face((left, right), min(1.0, evidence / _EVIDENCE), lips, outline)

    def _mesh(self, halves: Halves, face: Square) -> tuple[NDArray[np.float64], float]:
        """Return the mesh of a face, (468, 2) pixels of the photograph, and the evidence for it in log odds."""
        for _ in range(_MOST_ROUNDS):
            square = Square(face.centre, _MESH_MARGIN * face.side, face.angle)
            image = halves.cut(square, _MESH_SAMPLES)
            points, evidence = self._run("face_landmark", image, ("conv2d_20", "conv2d_30"))
            mesh = square.in_photograph(points.reshape(-1, 3)[:, :2] / _MESH_SAMPLES)
            searched, face = face, _around(mesh)
            if _near(searched, face):
                break
        return mesh, float(evidence.reshape(-1)[0])

    def _iris(self, halves: Halves, left: NDArray[np.float64], right: NDArray[np.float64]) -> Point:
        """Return the middle of the iris of an eye with these corners, each x and y."""
        angle = math.atan2(*(right - left)[::-1])
        square = Square(_point((left + right) / 2), _IRIS_MARGIN * math.dist(left, right), angle)
        image = halves.cut(square, _IRIS_SAMPLES)
        seen, mirrored = (
            self._run("iris_landmark", shown, ("output_iris",))[0].reshape(-1, 3)[0, :2] / _IRIS_SAMPLES
            for shown in (image, image[:, ::-1])
        )
        mirrored[0] = 1 - mirrored[0]
        return _point(square.in_photograph((seen + mirrored) / 2))

    def _run(
        self, name: str, image: NDArray[np.uint8], outputs: tuple[str, ...], *, signed: bool = False
    ) -> list[NDArray[np.float32]]:
        """Return a network's outputs for an image, (row, col, colour), shown as 0 to 1, or as -1 to 1 if signed."""
        import cv2

        networks = self._own.__dict__
        if name not in networks:
            networks[name] = _read(name)
        middle = 127.5 if signed else 0.0
        networks[name].setInput(
            cv2.dnn.blobFromImage(np.ascontiguousarray(image), 1 / (255 - middle), mean=(middle,) * 3)
        )
        return [np.asarray(output, np.float32) for output in networks[name].forward(outputs)]


def _read(name: str) -> Any:
    """Return a network that OpenCV runs, for one thread."""
    import cv2

    path = str(network(name))
    # The newer of OpenCV 5's two engines loses all outputs of these networks but one; older releases have one engine.
    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    with _READING:
        return cv2.dnn.readNetFromTFLite(path) if engine is None else cv2.dnn.readNetFromTFLite(path, engine)


def _around(mesh: NDArray[np.float64]) -> Square:
    """Return the square around the points of a mesh, (468, 2), that stands as its eyes do."""
    across = mesh[_CORNERS[1][1]] - mesh[_CORNERS[0][0]]
    axes = np.array([across, (-across[1], across[0])]).T / math.hypot(*across)
    turned = mesh @ axes
    low, high = turned.min(axis=0), turned.max(axis=0)
    return Square(_point(axes @ (low + high) / 2), float((high - low).max()), math.atan2(across[1], across[0]))


def _turned_over(mesh: NDArray[np.float64]) -> Square:
    """Return the square of a face with the same eyes as a mesh, (468, 2), that stands on its head."""
    face = _around(mesh)
    eyes = mesh[_CORNERS[0][0]] + mesh[_CORNERS[1][1]]
    return Square(_point(eyes - face.centre), face.side, face.angle + math.pi)


def _near(square: Square, other: Square) -> bool:
    """Return whether two squares are the same place, more or less."""
    turned = math.remainder(square.angle - other.angle, math.tau)
    moved = math.dist(square.centre, other.centre) / other.side
    return max(abs(turned), moved, abs(square.side / other.side - 1)) < _STAYS


def _same(face: Face, other: Face) -> bool:
    """Return whether two faces are one."""
    middles = (np.mean(one.eyes, axis=0) for one in (face, other))
    return math.dist(*middles) < _SAME_FACE * max(face.eye_distance, other.eye_distance)


def _point(place: NDArray[np.float64]) -> Point:
    """Return x and y as a tuple."""
    return float(place[0]), float(place[1])
