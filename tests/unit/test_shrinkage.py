import numpy as np
import pytest

from ml.preprocessing.shrinkage import LEAST_PRECISION, MOST_PRECISION, fitted_precision, shrunk_mean, shrunk_shares


def cells(precision: float, *, n_cells: int = 400, n_units: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Cells whose shares scatter around (0.1, 0.2, 0.7) as a Dirichlet of this precision."""
    generator = np.random.default_rng(2)
    parent = np.tile([0.1, 0.2, 0.7], (n_cells, 1))
    shares = generator.dirichlet(precision * parent[0], size=n_cells)
    return np.array([generator.multinomial(n_units, row) for row in shares], dtype=float), parent


@pytest.mark.parametrize("precision", [30.0, 200.0, 1_000.0])
def test_the_precision_of_a_world_is_found_again(precision: float) -> None:
    assert fitted_precision(*cells(precision)) == pytest.approx(precision, rel=0.25)


def test_cells_that_are_all_alike_share_everything_and_too_few_say_nothing() -> None:
    counts, parent = cells(1e9)
    assert fitted_precision(counts, parent) > 0.5 * MOST_PRECISION
    assert fitted_precision(counts[:2], parent[:2]) == LEAST_PRECISION


def test_cells_of_a_single_unit_say_nothing_of_the_scatter() -> None:
    counts, parent = cells(30.0)
    ones = np.tile([0.0, 0.0, 1.0], (50, 1))
    assert fitted_precision(np.vstack([counts, ones]), np.vstack([parent, parent[:50]])) == fitted_precision(counts, parent)


def test_shrunk_shares_lie_between_the_cell_and_its_parent_and_sum_to_one() -> None:
    counts, parent = cells(30.0)
    counts[0] = 0
    shrunk = shrunk_shares(counts, parent)
    np.testing.assert_allclose(shrunk.sum(axis=1), 1.0)
    np.testing.assert_allclose(shrunk[0], parent[0])
    own = counts[1] / counts[1].sum()
    assert (np.minimum(own, parent[1]) - 1e-12 <= shrunk[1]).all()
    assert (shrunk[1] <= np.maximum(own, parent[1]) + 1e-12).all()


def test_shrinking_predicts_better_than_the_cells_own_shares() -> None:
    generator = np.random.default_rng(3)
    rates = generator.beta(3, 27, size=500)
    counts = np.array([[hits, 40 - hits] for hits in generator.binomial(40, rates)], dtype=float)
    parent = np.tile(counts.sum(axis=0) / counts.sum(), (500, 1))
    errors = [((shares[:, 0] - rates) ** 2).mean() for shares in (counts / 40, parent, shrunk_shares(counts, parent))]
    assert errors[2] < 0.8 * min(errors[:2])


def test_a_mean_without_weight_is_its_parents() -> None:
    value, weight, parent = np.array([np.nan, 4.0]), np.array([0.0, 10.0]), np.array([1.0, 2.0])
    np.testing.assert_allclose(shrunk_mean(value, weight, parent, prior_weight=10.0), [1.0, 3.0])
