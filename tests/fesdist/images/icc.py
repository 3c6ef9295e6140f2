"""ICC profiles of a few hundred bytes, written by hand: matrices of primaries, and a gray curve."""

from __future__ import annotations

import struct

# Columns of the matrices to XYZ under D50, red, green, blue, as the profiles of these spaces have them.
_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
_SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
_WHITE = (0.9642, 1.0, 0.8249)


def p3() -> bytes:
    """Return the primaries of Display P3 with its curve, which is sRGB's."""
    return _rgb(_P3)


def same_as_srgb() -> bytes:
    """Return sRGB under another name."""
    return _rgb(_SRGB)


def gray(gamma: float) -> bytes:
    """Return gray of a gamma."""
    return _profile(
        b"GRAY", {b"wtpt": _xyz(_WHITE), b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))}
    )


def inks_as_gray() -> bytes:
    """Return CMYK in which cyan alone is a gray of L* = 50, paper is white, and every other ink makes black."""
    lightness = [0] * 16
    lightness[0b0000], lightness[0b1000] = 255, 128
    table = b"".join(bytes((value, 128, 128)) for value in lightness)
    matrix = b"".join(_fixed(float(row == col)) for row in range(3) for col in range(3))
    straight = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + straight * 4 + table + straight * 3
    return _profile(b"CMYK", {b"wtpt": _xyz(_WHITE), b"A2B0": lut}, b"prtr", b"Lab ")


def _rgb(columns: tuple[tuple[float, float, float], ...]) -> bytes:
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
    curve += b"".join(_fixed(value) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    tags = {b"wtpt": _xyz(_WHITE)}
    for name, column in zip((b"r", b"g", b"b"), columns, strict=True):
        tags |= {name + b"XYZ": _xyz(column), name + b"TRC": curve}
    return _profile(b"RGB ", tags)


def _profile(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr", connected: bytes = b"XYZ ") -> bytes:
    table, data, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(">I4xI", start + len(data), 0x04200000) + kind + space + connected + bytes(12) + b"acsp"
    header += bytes(28) + b"".join(_fixed(value) for value in _WHITE)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(value) for value in values)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))
