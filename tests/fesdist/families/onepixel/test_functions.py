"""The kernels' features leave nothing out and are few; the Laplacian's inverse is the one that is solved by a chain."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.onepixel.functions import TOLERANCE, Gaussian, Laplacian, features_of, kernel_named


@pytest.mark.parametrize("sigma", [1e-300, 0.001, 0.02, 0.2, 5.0, 1000.0])
def test_features_leave_nothing_out(sigma: float) -> None:
    kernel = Gaussian(sigma).matrix()
    features = features_of(kernel)
    np.testing.assert_allclose(features @ features.T, kernel, atol=4 * TOLERANCE)
    assert features.shape[1] <= 256


def test_a_gaussian_kernel_has_few_features() -> None:
    assert features_of(Gaussian(0.2).matrix()).shape == (256, 21)
    assert features_of(kernel_named("polynomial", {"degree": 3}).matrix()).shape == (256, 4)
    assert features_of(kernel_named("linear", {}).matrix()).shape == (256, 1)


def test_the_laplacian_kernel_has_the_inverse_that_the_chain_solves() -> None:
    kernel = Laplacian(0.2)
    inverse = np.zeros((256, 256))
    np.fill_diagonal(inverse, kernel.end * (1 + kernel.decay**2))
    inverse[0, 0] = inverse[-1, -1] = kernel.end
    np.fill_diagonal(inverse[1:], -kernel.end * kernel.decay)
    np.fill_diagonal(inverse[:, 1:], -kernel.end * kernel.decay)
    np.testing.assert_allclose(inverse @ kernel.matrix(), np.eye(256), atol=1e-11)
