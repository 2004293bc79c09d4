"""Where every model and study stands: what is trained of what was asked, what came of it, and what is left."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

from core import registry
from core.catalogue import all_recipes
from core.clocks.evaluation import published_figures
from core.first_steps import seconds_of_all
from core.recipes import Recipe, epochs_stored
from core.studies import STUDIES, load_study, open_trials
from core.study_design import most_trained
from core.study_effects import best, mean_over_seeds, measured
from core.study_results import current_rows
from core.trials import Study, StudyError
from core.written import percent

# The figure that a model is known by, the first that its card has: name on the card -> how it is said.
HEADLINES: dict[str, Callable[[float], str]] = {
    "mean_minutes": "{:.2f} min mean error".format,
    "test_accuracy": lambda share: f"{percent(share, 2)} of test pictures right",
    "accuracy": lambda share: f"{percent(share, 2)} of test pictures right",
    "frechet_distance": "Fréchet distance {:.1f} in our leaf classifier's features".format,
    "diversity": "diversity {:.3f}".format,
}
LAST = 10  # epochs, whose median pace goes on
Row = dict[str, str]


def status(folder: Path | None = None, results: Path | None = None) -> list[Row]:
    """A row a model, then a row a study: name, done, device, figure, published, left.

    folder: of stored models, results: of tables, None for the app's. left: the time that the rest would take on the device
    that did the first part, at the pace of its last epochs; of what is not begun, as ``first_steps`` measured it; empty when
    all is done.
    """
    paces = seconds_of_all(results)
    headlines = {row["model"]: row for row in published_figures() if row["headline"] == "yes"}
    rows = [
        _of_model(recipe, headlines.get(recipe.model_id), folder, paces.get(recipe.model_id))
        for recipe in all_recipes().values()
    ]
    return rows + [_of_study(name, results) for name in STUDIES]


def _of_model(recipe: Recipe, headline: dict[str, str] | None, folder: Path | None, whole: tuple[float, str] | None) -> Row:
    asked, done = recipe.training.epochs, epochs_stored(recipe, folder)
    row = {
        "name": recipe.model_id,
        "done": f"{done} of {asked} epochs",
        "device": "",
        "figure": "",
        "published": "",
        "left": "",
    }
    measure = headline["measure"] if headline else ""
    if headline:
        row["published"] = f"{measure} {headline['published']}"
    try:
        card = registry.load_card(recipe.model_id, folder)
    except registry.RegistryError:
        return row | {"left": "not begun" + (f": {_spoken(whole[0])} on {whole[1]}" if whole else "")}
    row["device"] = card.device
    if measure in card.figures:
        row["figure"] = f"{measure} {card.figures[measure]:.4g}"
    else:
        row["figure"] = next((said(card.figures[name]) for name, said in HEADLINES.items() if name in card.figures), "")
    if not done and not card.epochs_trained:
        return row | {"left": "not begun"}
    if not done:
        again = _spoken(card.seconds / card.epochs_trained * asked)
        return row | {
            "left": f"{again} from the start: the {card.epochs_trained} epochs stored are of other data or another network"
        }
    if done < asked:
        row["left"] = _spoken(_epoch_seconds(card, folder) * (asked - done))
    return row


def _epoch_seconds(card: registry.ModelCard, folder: Path | None) -> float:
    """Of one of the last epochs, since those of a later stage may cost more; of all where the history is not known."""
    try:
        history = registry.load_history(card.model_id, folder)
    except registry.RegistryError:
        history = []
    seconds = [row["seconds"] for row in history[-LAST:] if "seconds" in row]
    return median(seconds) if seconds else card.seconds / card.epochs_trained


def _of_study(name: str, results: Path | None) -> Row:
    row = {"name": name, "done": "", "device": "", "figure": "", "published": "", "left": ""}
    try:
        study = load_study(name, results)
        rows = current_rows(study, results)
        waiting = open_trials(study, full=True, folder=results)
    except StudyError as error:
        return row | {"left": str(error)}
    whole, not_begun = len(study.trials) - len(waiting), len(study.trials) - len(rows)
    row["done"] = f"{whole} of {len(study.trials)} trials whole, {len(rows) - whole} in part"
    row["device"] = ", ".join(dict.fromkeys(str(one["device"]) for one in rows))
    # By validation: the best of many test figures would flatter them all, and so would the luckiest of some seeds.
    for chosen in best(mean_over_seeds(most_trained(rows), study.factors), 1):
        if chosen["test_accuracy"] is not None:
            runs = [one for one in measured(rows, "test_accuracy") if one["trial"] in chosen["trials"]]
            mean = f", mean of {len(runs)} runs" if len(runs) > 1 else ""
            row["figure"] = f"test accuracy {chosen['test_accuracy']:.4f} of the best in validation{mean}"
    row["published"] = _best_published(study)
    if waiting:
        row["left"] = _spoken(_seconds(study, waiting)) + (f"; {not_begun} not begun" if not_begun else "")
    return row


def _best_published(study: Study) -> str:
    found = [trial.published["test_accuracy"] for trial in study.trials if "test_accuracy" in trial.published]
    return f"best test accuracy {max(found):.4f}" if found else ""


def _seconds(study: Study, numbers: dict[int, str]) -> float:
    """About how long two CPU cores need for these trials, whole."""
    from core.classifiers.study_list import estimated_seconds

    return sum(estimated_seconds(study.trials[number], study.trials[number].run) for number in numbers)


def _spoken(seconds: float) -> str:
    if seconds < 5400:
        return f"about {max(1, round(seconds / 60))} min"
    if seconds < 72 * 3600:
        return f"about {seconds / 3600:.1f} h"
    return f"about {seconds / 86_400:.0f} days"
