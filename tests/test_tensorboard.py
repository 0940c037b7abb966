"""What `mlp train --tensorboard` writes, as TensorBoard's own reader has it."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mlp_cli.errors import LogError
from mlp_cli.exports.tensorboard import BoardLog, tiled
from mlp_cli.runs.reading import load_checkpoint
from tests.makers import write_dataset

TRAIN = "train --epochs 3 --validation 10 --batch-size 4 --checkpoint run.npz --tensorboard board"
SCALARS = {
    "cost/training": "cost",
    "cost/validation": "validation_cost",
    "accuracy/training": "training_accuracy",
    "accuracy/validation": "validation_accuracy",
    "eta": "eta",
    "seconds": "seconds",
}


@pytest.fixture
def data():
    return write_dataset(Path("data"))


def read(folder="board"):
    board = EventAccumulator(folder, {"images": 0, "histograms": 0, "tensors": 0, "scalars": 0})
    return board.Reload()


def scalars(board, tag):
    return [(event.step, event.value) for event in board.Scalars(tag)]


def opened(image):
    return np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))


def assert_has_the_history(board):
    history = load_checkpoint(Path("run.npz")).history
    for tag, key in SCALARS.items():
        expected = [(entry["epoch"], entry[key]) for entry in history]
        assert [step for step, _ in scalars(board, tag)] == [step for step, _ in expected]
        values, theirs = ([value for _, value in each] for each in (scalars(board, tag), expected))
        assert values == pytest.approx(theirs, rel=1e-6)


def test_every_figure_of_the_history_is_there(run, data):
    run(TRAIN)
    board = read()
    assert set(board.Tags()["scalars"]) == set(SCALARS)
    assert_has_the_history(board)


def test_the_histograms_are_of_the_network_after_the_epoch(run, data):
    run(TRAIN)
    board, network = read(), load_checkpoint(Path("run.npz")).resume.network
    for l, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        for name, values in (("weights", W), ("biases", b)):
            last = board.Histograms(f"{name}/layer_{l}")[-1]
            assert last.step == 3
            histogram = last.histogram_value
            assert histogram.num == values.size
            assert (histogram.min, histogram.max) == pytest.approx((values.min(), values.max()))
            assert histogram.sum == pytest.approx(values.sum(dtype=float), abs=1e-3)
        assert board.Histograms(f"activations/layer_{l}")[-1].histogram_value.num == 10 * len(b)


def test_the_images_are_the_weights_and_the_surest_mistakes(run, data):
    run(TRAIN)
    board, trained = read(), load_checkpoint(Path("run.npz"))
    weights = opened(board.Images("images/weights_of_layer_2")[-1])
    assert weights.shape[:2] == (5 * 9, 6 * 9)  # 30 units of 8 x 8, and a line beside each
    W = trained.resume.network.weights[0][0].reshape(8, 8)
    largest = np.abs(trained.resume.network.weights[0]).max()
    np.testing.assert_allclose(
        weights.reshape(45, 54, -1)[:8, :8, 0], 127.5 * (1 + W / largest), atol=0.51
    )
    images, labels = data[0][-10:], data[1][-10:]
    outputs = trained.resume.network.outputs(images)
    wrong = np.flatnonzero(outputs.argmax(axis=1) != labels)
    surest = wrong[outputs[wrong].max(axis=1).argmax()]
    mistakes = opened(board.Images("images/surest_mistakes")[-1])
    np.testing.assert_array_equal(
        mistakes.reshape(*mistakes.shape[:2], -1)[:8, :8, 0], images[surest]
    )
    (text,) = board.Tensors("surest_mistakes_row_by_row/text_summary")[-1].tensor_proto.string_val
    first = text.decode().splitlines()[0]
    highest = outputs[surest].max()
    assert first == f"1. {labels[surest]} read as {outputs[surest].argmax()} ({highest:.3f})"


def test_a_resumed_run_goes_on_in_the_same_curves(run, data):
    run(TRAIN)
    run("train --resume --checkpoint run.npz --epochs 5 --tensorboard board")
    assert_has_the_history(read())


def test_a_resumed_run_shows_its_earlier_epochs_in_a_new_folder(run, data):
    run(TRAIN)
    run("train --resume --checkpoint run.npz --epochs 5 --tensorboard other")
    assert_has_the_history(read("other"))


def test_an_epoch_that_was_recorded_and_not_saved_is_forgotten(run, data):
    run(TRAIN)
    entry = {"epoch": 4, "eta": 1.0, "cost": 77.0}
    with BoardLog(Path("board"), [{"epoch": 1}] * 3) as log:
        network = load_checkpoint(Path("run.npz")).network
        log.record(entry, network, *data[:2], is_last=True)
    assert scalars(read(), "cost/training")[-1] == (4, 77.0)
    run("train --resume --checkpoint run.npz --epochs 5 --tensorboard board")
    assert_has_the_history(read())


def test_between_first_and_last_epoch_pictures_take_a_fiftieth_of_the_time(data, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("mlp_cli.exports.tensorboard.time.perf_counter", lambda: clock[0])
    with BoardLog(Path("board"), []) as log:
        monkeypatch.setattr(log, "_pictures", lambda *_: drawn.append(epoch) or advance(1.0) or [])
        drawn = []

        def advance(seconds):
            clock[0] += seconds

        for epoch in range(1, 102):
            advance(1.0)
            log.record({"epoch": epoch}, None, None, None, is_last=epoch == 101)
    assert drawn[0] == 1
    assert drawn[-1] == 101
    assert len(drawn) == 4
    assert drawn[1] == pytest.approx(50, abs=2)


def test_two_runs_that_begin_in_one_second_do_not_share_a_file(data, monkeypatch):
    monkeypatch.setattr("mlp_cli.exports.tensorboard.os.getpid", iter([1, 2]).__next__)
    now = time.time()
    monkeypatch.setattr("tensorboardX.event_file_writer.time.time", lambda: now)
    with BoardLog(Path("board"), []), BoardLog(Path("board"), []):
        assert len(list(Path("board").iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_said_before_any_epoch(run, data):
    Path("board").write_text("")
    done = run(TRAIN, status=2)
    assert "board" in done.stderr
    with pytest.raises(LogError, match=r"^board: cannot be written .*File exists"):
        BoardLog(Path("board"), [])


def test_without_the_package_it_says_how_to_install_it(run, data, monkeypatch):
    monkeypatch.setattr("mlp_cli.system.packages.find_spec", lambda name: None)
    done = run(TRAIN, status=1)
    assert done.stderr == (
        "Error: tensorboardX is not installed; --tensorboard needs it. "
        'Install it with: pip install "mlp-cli[tensorboard]"\n'
    )
    assert not Path("run.npz").exists()


def test_images_are_tiled_row_by_row():
    images = [np.full((2, 3), value, np.uint8) for value in (1, 2, 3)]
    expected = [
        [1, 1, 1, 0, 2, 2, 2, 0],
        [1, 1, 1, 0, 2, 2, 2, 0],
        [0] * 8,
        [3, 3, 3, 0, 0, 0, 0, 0],
        [3, 3, 3, 0, 0, 0, 0, 0],
        [0] * 8,
    ]
    np.testing.assert_array_equal(tiled(images), expected)


def test_the_command_that_resumes_a_run_names_the_folder(run, data):
    run(f"{TRAIN}")
    done = run("train --resume --checkpoint run.npz --epochs 9 --eta 1e300 --tensorboard board", 1)
    assert "--tensorboard board" in done.stderr.splitlines()[-1]
