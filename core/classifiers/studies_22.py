"""The studies of 2022: A1 to A3 of the reports' systems."""

from collections.abc import Mapping
from typing import Any

from core.classifiers.designs import FACTORS, OPTIMUM, l16_settings, network_of
from core.classifiers.study_parts import (
    BATCH,
    OURS,
    PRINTED,
    SEEDS,
    Entry,
    figures,
    is_cnn,
    printed,
    run_of,
    transferred,
    trials_of,
    waiting_for,
)
from core.study_design import guessing_settings
from core.study_effects import best, mean_over_seeds, optimum
from core.study_names import level_title
from core.trials import Level, Rows, Share, Study, TrialSpec

EPOCHS = 20
DEFAULT_RATES = {"sgd": 0.01, "adadelta": 0.001, "adam": 0.001, "rmsprop": 0.001}  # Keras 2.10's own
ARCHITECTURES_22 = ("mlp-22-basic", "mlp-22-custom", "cnn-22-basic", "cnn-22-custom")
RATES = (0.001, 0.003, 0.0003)
# Of CNNs without a GPU, so that a study takes two cores about ten minutes.
SHARE = Share(epochs=0.1, pictures=1 / 3, seeds=1)
SHARE_CIFAR = Share(epochs=0.1, pictures=0.2, seeds=1)
OPEN = "The rates of dropout and penalty are not printed: here they are 0.2, in every dropout layer, and 0.01."
NOTE_L16 = (
    "The report says that uniform, tanh, SGD, L2 with dropout are the levels with the smallest mean loss. They are those of "
    "its best single run; the means of its table choose others, but for tanh of the MLPs and SGD of the CNNs. "
    f"{OPEN}"
)


def _l16(kind: str, title: str) -> Study:
    name, table = f"l16-{kind}", printed("l16")
    entries: list[Entry] = []
    for seed in SEEDS:
        for settings, row in zip(l16_settings(), table, strict=True):
            optimizer = settings["optimizer"]
            network = network_of(settings, f"{kind}-22-basic")
            run = run_of(network, "fashion-mnist", seed, optimizer, DEFAULT_RATES[optimizer], BATCH, EPOCHS)
            doubt = "; ".join(part for part in (row["doubt"], row.get(f"{kind}_doubt")) if part)
            said = figures({**row, "doubt": doubt}, train_loss=f"{kind}_train_loss", test_loss=f"{kind}_test_loss")
            entries.append({"run": run, "factors": dict(settings), **said})
    return Study(name, title, "2022", "A1", tuple(trials_of(name, entries, SHARE)), note=NOTE_L16)


L16_MLP = _l16("mlp", "Sixteen MLPs: initialisation, activation, optimiser, regularisation")
L16_CNN = _l16("cnn", "Sixteen CNNs: initialisation, activation, optimiser, regularisation")


def _with_levels(
    levels: Mapping[str, Level], architecture: str, rate: float, dataset: str, seed: int, choice: str
) -> dict[str, Any]:
    """An architecture at a rate, with the levels that A1 chose."""
    settings = {name: str(level) for name, level in levels.items()}
    run = run_of(network_of(settings, architecture), dataset, seed, settings["optimizer"], rate, BATCH, EPOCHS)
    return {"run": run, "factors": {"architecture": architecture, "learning_rate": rate, "choice": choice}}


def _table_2(part: str) -> dict[tuple[str, float], Entry]:
    """(architecture, rate) -> what Table 2 says of it on one of its two data sets, ``fashion`` or ``cifar``."""
    return {
        (row["architecture"], float(row["learning_rate"])): figures(
            row, train_loss=f"{part}_train_loss", test_loss=f"{part}_test_loss"
        )
        for row in printed("cifar_22")
    }


def _chosen_words(study: Study, rows: Rows, chosen: Mapping[str, Level]) -> str:
    """What our runs of the design chose, by what, and how little that may rest on."""
    words = ", ".join(level_title(factor, level) for factor, level in chosen.items())
    lead = "the levels with the best mean validation accuracy, where the report goes by the loss, are"
    same = f"the printed ones here, too: {words}." if chosen == OPTIMUM else f"{words}; they run beside the printed choice."
    settings, guessing = len(l16_settings()), guessing_settings(study, rows, tuple(FACTORS))
    rests = f" This rests on {settings - guessing} of {settings} settings: the others never left guessing."
    return f"{lead} {same}{rests if 2 * guessing > settings else ''}"


def _our_architectures(rows: Mapping[str, Rows]) -> tuple[list[TrialSpec], str]:
    entries, notes = [], []
    for study, cnn in ((L16_MLP, False), (L16_CNN, True)):
        name = f"{study.row}'s {'CNNs' if cnn else 'MLPs'}"
        if waiting := waiting_for(study, rows[study.name]):
            notes.append(waiting)
            continue
        chosen = optimum(rows[study.name], tuple(FACTORS))
        if chosen.keys() != OPTIMUM.keys():
            notes.append(f"Every run of {name} diverged: only the printed choice is run here.")
            continue
        notes.append(f"{name}: {_chosen_words(study, rows[study.name], chosen)}")
        if chosen == OPTIMUM:
            continue
        for seed in SEEDS:
            for architecture in ARCHITECTURES_22:
                if is_cnn(architecture) == cnn:
                    entries += [_with_levels(chosen, architecture, rate, "fashion-mnist", seed, OURS) for rate in RATES]
    return trials_of("architectures", entries, SHARE, first=len(_ARCHITECTURE_TRIALS)), " ".join(notes)


def _our_cifar(rows: Mapping[str, Rows]) -> tuple[list[TrialSpec], str]:
    earlier = ARCHITECTURES.with_choice(rows)
    if waiting := waiting_for(earlier, rows[earlier.name]):
        return [], waiting
    settings = mean_over_seeds(rows[earlier.name], earlier.factors)
    three = [best([row for row in settings if is_cnn(row["architecture"]) == cnn], 3) for cnn in (False, True)]
    return transferred("cifar-transfer-22", _CIFAR_TRIALS, earlier, [*three[0], *three[1]], SEEDS, SHARE_CIFAR)


_FASHION, _CIFAR = _table_2("fashion"), _table_2("cifar")
_ARCHITECTURE_TRIALS = trials_of(
    "architectures",
    [
        _with_levels(OPTIMUM, architecture, rate, "fashion-mnist", seed, PRINTED) | _FASHION.get((architecture, rate), {})
        for seed in SEEDS
        for architecture in ARCHITECTURES_22
        for rate in RATES
    ],
    SHARE,
)
_CIFAR_TRIALS = trials_of(
    "cifar-transfer-22",
    [
        _with_levels(OPTIMUM, architecture, rate, "cifar10", seed, PRINTED) | said
        for seed in SEEDS
        for (architecture, rate), said in _CIFAR.items()
    ],
    SHARE_CIFAR,
)
ARCHITECTURES = Study(
    "architectures",
    "Two architectures of each kind at three rates, with the best levels of L16",
    "2022",
    "A2",
    tuple(_ARCHITECTURE_TRIALS),
    after=("l16-mlp", "l16-cnn"),
    ours=_our_architectures,
    note=OPEN,
)
CIFAR_22 = Study(
    "cifar-transfer-22",
    "The three best of each kind on CIFAR-10",
    "2022",
    "A3",
    tuple(_CIFAR_TRIALS),
    after=("l16-mlp", "l16-cnn", "architectures"),
    ours=_our_cifar,
    note=OPEN,
)
