"""What a training reports: how it begins, every epoch, and how it ended."""

from pathlib import Path
from typing import TYPE_CHECKING

from mlp_cli.commands.shared.advice import data_hints
from mlp_cli.commands.shared.text import note, note_result, result_lines, score
from mlp_cli.commands.shared.usual_eta import usual_eta
from mlp_cli.learning.names import PLAIN
from mlp_cli.measuring.percent import percent
from mlp_cli.runs.settings import SETTINGS
from mlp_cli.system.shell import command_line

CHOSEN_BY_MLP = ("engine", "threads")
"""settings that a new run need not repeat"""

if TYPE_CHECKING:
    from mlp_cli.learning.sgd import EpochResult
    from mlp_cli.measuring.scores import Score
    from mlp_cli.runs.training import Training


def introduce(training: "Training", path: Path) -> None:
    """Say what network is trained on what data."""
    data, settings = training.dataset, training.run.settings
    note(
        f"{settings.dataset} from {data.folder}: {len(training.division.kept):,} training, "
        f"{len(training.held_out):,} validation, {len(data.test):,} test images"
    )
    network = (
        f"network {'-'.join(map(str, settings.sizes))}, seed {settings.seed}, "
        f"{settings.engine} engine"
    )
    if settings.view != PLAIN:
        network += f", view {settings.view}"
    done = len(training.run.history)
    all_epochs = "its only epoch is" if done == 1 else f"all of its {done} epochs are"
    if training.run.is_out_of_patience:
        note(
            f"{network}\n{done} of {settings.epochs} epochs are in {path}\n"
            "To train longer, use a larger --patience, or 0."
        )
    elif training.run.has_ended:
        note(f"{network}\n{all_epochs} in {path}\nTo train longer, use a larger --epochs.")
    elif done:
        note(f"{network}\nresumed from {path} after epoch {done} of {settings.epochs}")
    else:
        note(f"{network}\nsaved to {path}")
        for hint in data_hints(training):
            note(hint)


def epoch_line(epoch: "EpochResult", epochs: int, held_out: int, width: int | None = None) -> str:
    """Return the figures of an epoch: cost and accuracy in training, then on the images held out.

    `epoch  7/30  cost 0.0321  training 97.02 %  validation 95.31 % (9,531 / 10,000), cost 0.0395
    0.2 s`, on one line. The seconds get a second decimal below 0.1, where one would show 0.0 s, and
    none from 100.

    width: characters of the terminal; where the line is longer, it does without counts and the
    second word `cost`.
    """
    decimals = 2 if epoch.seconds < 0.1 else 1 if epoch.seconds < 100 else 0
    fixed = [f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}", f"cost {epoch.cost:.4f}"]
    if epoch.training_accuracy is not None:
        fixed.append(f"training {percent(epoch.training_accuracy)}")
    lines = [
        "  ".join([*fixed, *validation, f"{epoch.seconds:.{decimals}f} s"])
        for validation in _validation(epoch, held_out)
    ]
    fitting = (line for line in lines if width is None or len(line) <= width)
    return next(fitting, lines[-1])


def _validation(epoch: "EpochResult", held_out: int) -> list[list[str]]:
    """Return the figures on the images held out, the longest way to say them first."""
    accuracy, cost = epoch.validation_accuracy, epoch.validation_cost
    if accuracy is None or epoch.validation_correct is None:
        return [[]]
    counted = score(accuracy, epoch.validation_correct, held_out)
    if cost is None:
        return [[f"validation {counted}"], [f"validation {percent(accuracy)}"]]
    return [
        [f"validation {counted}, cost {cost:.4f}"],
        [f"validation {percent(accuracy)}, cost {cost:.4f}"],
        [f"validation {percent(accuracy)}, {cost:.4f}"],
    ]


def say_if_out_of_patience(training: "Training") -> None:
    """Say that the run ended before its last epoch, and why."""
    run = training.run
    if run.is_out_of_patience:
        note(
            f"stopped by --patience {run.settings.patience}: "
            f"no epoch after {run.first_best_epoch} was more accurate"
        )


def summarise(training: "Training", tested: "Score", path: Path, *, is_found_unnamed: bool) -> None:
    """Print how the run ended, and the command to try next.

    is_found_unnamed: whether the next command finds the checkpoint without its name.
    """
    run = training.run
    of_epoch = f", of epoch {run.best_epoch}" if len(run.history) > 1 else ""
    reached = score(tested.accuracy, tested.correct, tested.examples)
    result_lines(f"test accuracy  {reached}{of_epoch}")
    if run.best_accuracy is not None:
        last = len(run.history)
        best = f"best epoch     {run.best_epoch} (validation {percent(run.best_accuracy)})"
        after_last = percent(run.accuracy_after(last))
        is_last = run.best_epoch == last
        result_lines(best if is_last else f"{best}; last {last} (validation {after_last})")
    result_lines(f"seed           {run.settings.seed}")
    result_lines(f"checkpoint     {path}")
    result_lines(f"training time  {run.training_seconds:.1f} s")
    if next_command := _next(training, [] if is_found_unnamed else ["--checkpoint", str(path)]):
        note_result(f"next           {command_line(['mlp', *next_command])}")


def _next(training: "Training", named: list[str]) -> list[str] | None:
    """Return the command to try next; None where nobody can know.

    A network that has learned next to nothing is not worth evaluating.
    """
    settings = training.run.settings
    usual = usual_eta(settings)
    if not training.health().is_near_chance:
        return ["evaluate", *named]
    if usual.has(settings.eta):
        return None
    words = []
    for name, setting in SETTINGS.items():
        value = getattr(settings, name)
        values = value if isinstance(value, list) else [value]
        if name == "eta":
            words += ["--eta", f"{usual.middle:.1g}"]
        elif value != setting.default and name not in CHOSEN_BY_MLP:
            words += [word for each in values or [0] for word in (setting.spelling, str(each))]
    return ["train", *words]
