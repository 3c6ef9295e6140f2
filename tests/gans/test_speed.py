"""Both ways in which a generator is timed make the same images."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra gans")
pytest.importorskip("onnx", reason="onnx is absent: it comes with the extra gans")
pytest.importorskip("onnxruntime", reason="onnxruntime is absent: it comes with the extra gans")

from tests.gans.generators import Labelled, Residual, UNet  # noqa: E402
from tests.gans.sessions import session  # noqa: E402
from tests.gans.speed import module_to_onnx, through_torch  # noqa: E402


@pytest.mark.parametrize(
    "module",
    [UNet(4, first=4), Residual(blocks=1), Labelled(3, attention=True, blocks=1)],
    ids=["u-net", "residual", "labelled"],
)
def test_onnxruntime_makes_what_torch_makes(module: torch.nn.Module) -> None:
    image = np.random.default_rng(0).random((1, 3, 16, 16)).astype(np.float32)
    made = through_torch(module)(image)
    np.testing.assert_allclose(session(module_to_onnx(module, image))(image), made, rtol=0, atol=1e-4)
    assert made.std() > 0.01
