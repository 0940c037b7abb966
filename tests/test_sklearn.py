"""The estimator for scikit-learn: its own checks, pipelines, searches, and the same network."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import mlp_cli
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.sklearn import MLPClassifier
from tests.makers import make_arrays

BLOBS = make_blobs(120, n_features=4, centers=3, random_state=0)


@parametrize_with_checks(
    [
        MLPClassifier(),
        MLPClassifier(cost="log-likelihood", activation="relu", eta=0.1, momentum=0.5),
        MLPClassifier(cost="cross-entropy", activation="tanh", eta=0.3, dtype="float32"),
        MLPClassifier(hidden=(), cost="log-likelihood", eta=0.3, schedule="cosine", warmup=1),
    ]
)
def test_it_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_its_settings_are_those_of_the_table_by_their_names():
    settings = MLPClassifier().get_params()
    of_images = {"dataset", "view", "distort", "distort_strength"}
    watched = {"validation", "patience"}  # cross-validation is scikit-learn's
    assert settings.keys() - {"random_state"} == SETTINGS.keys() - of_images - watched - {"seed"}
    for name, value in settings.items():
        default = SETTINGS[name].default if name in SETTINGS else None
        if name == "dtype":
            assert value == "float64", "as precise as scikit-learn's own"
        elif name == "engine":
            assert value == "auto"
        else:
            assert (list(value) if isinstance(value, tuple) else value) == default, name


def test_a_grid_search_over_a_pipeline_finds_the_better_setting():
    X, y = BLOBS
    names = np.array(["left", "middle", "right"])[y]
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(hidden=(8,), epochs=15))
    grid = {"mlpclassifier__eta": [1e-6, 1.0], "mlpclassifier__hidden": [(4,), (8, 4)]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=1).fit(X, names)
    assert search.best_params_["mlpclassifier__eta"] == 1.0
    assert search.best_score_ > 0.85
    assert set(search.predict(X)) <= set(names)
    assert search.score(X, names) > 0.9


def test_features_of_any_range_are_learned_from():
    X, y = BLOBS
    scaled = StandardScaler().fit_transform(X)
    assert scaled.min() < -1
    assert MLPClassifier(random_state=0).fit(scaled, y).score(scaled, y) > 0.9


def test_it_reads_scikit_learns_own_digits():
    X, y = load_digits(return_X_y=True)
    pipeline = make_pipeline(MinMaxScaler(), MLPClassifier(random_state=0))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "c"],
        [-5, 7, 1000],
        [1.0, 2.0, 4.0],
        np.array(["b", "a", "c"], object),
        [False, True, True],
    ],
)
def test_labels_of_any_type_come_back(labels):
    X, y = BLOBS
    names = np.asarray(labels)[y]
    fitted = MLPClassifier(random_state=0, epochs=60).fit(StandardScaler().fit_transform(X), names)
    assert fitted.classes_.tolist() == sorted(set(names.tolist()))
    found = fitted.predict(StandardScaler().fit_transform(X))
    assert found.dtype == names.dtype
    assert np.mean(found == names) > 0.9


@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "log-likelihood"])
def test_probabilities_are_the_outputs_as_fractions_of_their_sum(cost):
    X, y = BLOBS
    fitted = MLPClassifier(cost=cost, eta=0.5, epochs=5, random_state=0).fit(X, y)
    outputs = fitted.network_.feedforward(X)[-1]
    expected = outputs / outputs.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[outputs.argmax(axis=1)])


def test_outputs_that_are_all_0_are_equally_probable():
    X, y = BLOBS
    fitted = MLPClassifier(epochs=1).fit(X, y)
    for b in fitted.network_.biases:
        b[:] = -1e6
    for W in fitted.network_.weights:
        W[:] = 0
    np.testing.assert_allclose(fitted.predict_proba(X), 1 / 3)


@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_it_is_the_network_of_train(engine):
    """In float32 and on grey levels, also by the compiled engine."""
    images, labels, *_ = make_arrays(60, 12)
    X = images.reshape(60, 64) / 255
    settings = {"epochs": 3, "hidden": (5,), "dtype": "float32", "engine": engine}
    fitted = MLPClassifier(**settings, random_state=7).fit(X, labels)
    run = mlp_cli.train(images, labels, **settings, seed=7, validation=0)
    for ours, theirs in zip(fitted.network_.parameters, run.network.parameters, strict=True):
        assert ours.tobytes() == theirs.tobytes()
    assert fitted.engine_ == run.settings.engine


def test_the_same_random_state_gives_the_same_network_and_none_another():
    X, y = BLOBS
    states = [0, 0, np.random.RandomState(3), np.random.RandomState(3), None, None]
    made = [MLPClassifier(epochs=1, random_state=s).fit(X, y).network_.weights[0] for s in states]
    one, again, other, other_again, some, another = (W.tobytes() for W in made)
    assert one == again != other == other_again
    assert some != another


def test_epochs_of_partial_fit_are_those_of_fit():
    """But for the order of the examples, which each call draws from the same stream."""
    X, y = StandardScaler().fit_transform(BLOBS[0]), BLOBS[1]
    settings = {"momentum": 0.5, "random_state": 0, "dropout": 0.1, "eta": 0.5}
    whole = MLPClassifier(epochs=3, **settings).fit(X, y)
    parts = MLPClassifier(epochs=3, **settings)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    for ours, theirs in zip(parts.network_.weights, whole.network_.weights, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_partial_fit_learns_a_class_that_comes_later():
    X, y = StandardScaler().fit_transform(BLOBS[0]), np.array(["a", "b", "c"])[BLOBS[1]]
    learner = MLPClassifier(random_state=0, eta=1.0)
    first = y != "c"
    for _ in range(20):
        learner.partial_fit(X[first], y[first], classes=["a", "b", "c"]).partial_fit(X, y)
    assert learner.score(X, y) > 0.9
    with pytest.raises(ValueError, match="'d' is not one of the classes"):
        learner.partial_fit(X, np.full(len(X), "d"))
    with pytest.raises(ValueError, match=r"classes=.* differ from those of the first call"):
        learner.partial_fit(X, y, classes=["a", "b"])
    with pytest.raises(ValueError, match="classes: needed in the first call of partial_fit"):
        clone(learner).partial_fit(X, y)


def test_it_is_cloned_and_pickled_with_all_that_it_learned():
    X, y = BLOBS
    fitted = MLPClassifier(hidden=(3,), epochs=2, momentum=0.5, random_state=0).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    for each in (fitted, again):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert clone(fitted).get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        clone(fitted).predict(X)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eta": 0}, "^eta is 0, expected a number above 0"),
        ({"hidden": (0,)}, "^hidden is"),
        ({"cost": "hinge"}, "^cost is 'hinge', expected quadratic or"),
        ({"schedule": "halve-on-plateau"}, "^schedule halve-on-plateau: needs validation"),
        ({"warmup": 30}, "^warmup 30: leaves no epoch"),
        (
            {"engine": "compiled"},
            "^engine compiled: (learns from grey levels|mlp was installed with)",
        ),
        ({"eta": 1e30, "l2": 1e10}, "smaller eta"),
    ],
)
def test_wrong_settings_are_value_errors_in_pythons_words(settings, message):
    X, y = BLOBS
    with pytest.raises(ValueError, match=message) as caught:
        MLPClassifier(**settings).fit(X, y)
    assert "--" not in str(caught.value)


def test_without_scikit_learn_the_import_says_how_to_install_it():
    code = "import sys; sys.modules['sklearn'] = None; import mlp_cli.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: mlp_cli.sklearn needs scikit-learn 1.6 or newer. "
        'Install it with: pip install "mlp-cli[sklearn]"'
    )
