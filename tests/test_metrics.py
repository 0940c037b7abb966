"""Evaluations, confusion, intervals and class figures, each against numbers worked by hand."""

import numpy as np
import pytest

from mlp_cli.measuring.evaluation import Evaluation
from mlp_cli.measuring.percent import percent
from mlp_cli.measuring.scores import (
    ClassFigures,
    Score,
    class_figures,
    confusion_matrix,
    wilson_interval,
)
from mlp_cli.nn.network import Network

LABELS = np.array([0, 0, 0, 1, 1, 2], np.uint8)
PREDICTIONS = np.array([0, 0, 1, 1, 0, 1])
CONFUSION = [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_confusion_counts_true_classes_down_and_predictions_across():
    assert confusion_matrix(LABELS, PREDICTIONS, 3).tolist() == CONFUSION


def test_an_evaluation_holds_what_one_network_says_of_a_split():
    """z_i = 255 x_i and sigma(255) = 1, sigma(0) = 1/2: the lit pixel is the prediction.

    Right, C = 1/2 (1/4 + 1/4) = 1/4; wrong, it is 1/2 (1/4 + 1 + 1/4) = 3/4. Three are right and
    three wrong: the mean is 1/2.
    """
    network = Network([255 * np.eye(3)], [np.zeros(3)])
    images = (255 * np.eye(3, dtype=np.uint8))[PREDICTIONS].reshape(6, 1, 3)
    evaluation = Evaluation.of(network, images, LABELS)
    np.testing.assert_array_equal(evaluation.outputs, (np.eye(3)[PREDICTIONS] + 1) / 2)
    np.testing.assert_array_equal(evaluation.predictions, PREDICTIONS)
    assert evaluation.confusion.tolist() == CONFUSION
    assert evaluation.cost == 0.5
    assert evaluation.score == Score(correct=3, examples=6)
    assert evaluation.class_figures == class_figures(np.array(CONFUSION))


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.95314, "95.31 %"), (1, "100.00 %"), (0, "0.00 %"), (None, "-")]
)
def test_a_fraction_is_written_in_percent(fraction, text):
    assert percent(fraction) == text


def test_the_score_is_the_diagonal():
    score = Score.of(np.array(CONFUSION))
    assert (score.correct, score.examples, score.accuracy) == (3, 6, 0.5)
    assert score.interval == wilson_interval(3, 6)


def test_figures_per_class():
    """Class 0: 2 of 3 answers right, 2 of 3 found. Class 1: 1 of 3, 1 of 2. Class 2: never."""
    zero, one, two = class_figures(np.array(CONFUSION))
    assert zero == ClassFigures(0, 3, precision=2 / 3, recall=2 / 3, f1=2 / 3)
    assert one == ClassFigures(1, 2, precision=1 / 3, recall=1 / 2, f1=2 / 5)
    assert two == ClassFigures(2, 1, precision=None, recall=0.0, f1=0.0)


def test_a_class_that_never_occurs_has_no_figures():
    assert class_figures(np.array([[4, 0], [0, 0]]))[1] == ClassFigures(1, 0, None, None, None)


@pytest.mark.parametrize(
    ("correct", "examples", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(correct, examples, low, high):
    assert wilson_interval(correct, examples) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson_interval(examples - correct, examples)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize("examples", range(1, 50))
def test_the_interval_stays_within_0_and_1(examples):
    low, _ = wilson_interval(0, examples)
    _, high = wilson_interval(examples, examples)
    assert 0 <= low < 1e-15
    assert 1 - 1e-15 < high <= 1


def test_the_bounds_are_where_the_observed_fraction_is_just_not_surprising():
    """The formula's source: the fraction is 1.95996... standard errors of a bound away from it."""
    for bound in wilson_interval(9531, 10_000):
        errors = abs(0.9531 - bound) / (bound * (1 - bound) / 10_000) ** 0.5
        assert errors == pytest.approx(1.959963984540054, rel=1e-9)
