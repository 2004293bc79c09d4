"""Printed networks, counted again; other numbers in print; generators."""

import math
from collections.abc import Callable, Sequence

from core.cards import ModelCard, short_title
from core.catalogue import all_recipes
from core.classifiers.study_parts import printed
from core.clocks.benchmark import PICTURES_A_MINUTE
from core.clocks.time import MINUTES, common_sense_error_minutes
from core.datasets import DATASETS
from core.recipes import TRAINABLE
from core.reports.evidence import Evidence, Found, Line, Lines, Missing
from core.reports.items import Counts, Layers, Made
from core.study_names import device_words

HALVES = ("Dense (output1)", "Dense (output2)")  # heads that stand side by side on the layer before them
QUALITY = {  # figures on the cards of generators -> words
    "frechet_distance": "Fréchet distance in features of a leaf classifier, less is better",
    "confident_share": "share in which a classifier of leaves is sure of one; it may be of noise, too",
    "sharpness": "sharpness, the variance of the Laplacian of grey values from 0 to 1: blurred pictures have little",
    "diversity": "diversity, how far apart two pictures lie in leaf features, more is more varied",
}


def parameters_of(layer: str, before: Sequence[int], after: Sequence[int], kernel: int) -> int:
    """Parameters of a layer between two shapes without their batch: ``(kernel^2 channels + 1) filters``, ``(n + 1) units``,
    4 for each channel that is normalised, else 0."""
    if layer.startswith("Conv"):
        return (kernel**2 * before[-1] + 1) * after[-1]
    if layer.startswith("Dense"):
        return (math.prod(before) + 1) * after[-1]
    return 4 * after[-1] if layer.startswith("BatchNorm") else 0


def layers_of(year: str, source: Layers, evidence: Evidence) -> Lines:
    """Printed parameters by layer beside those counted from the shapes, and their sum beside that of the network here."""
    rows = [
        row for row in printed("networks") if (row["report"], row["item"], row["part"]) == (year, source.place, source.part)
    ]
    lines, before, total, counted = [], source.inputs, 0, 0
    for row in rows:
        after = tuple(int(side) for side in row["output_shape"].split("x"))
        count = parameters_of(row["layer"], before, after, source.kernel)
        total, counted = total + int(row["parameters"]), counted + count
        if row["layer"] not in HALVES[:1]:
            before = after
        if count or int(row["parameters"]):
            shape = " x ".join(row["output_shape"].split("x"))
            lines.append(Line(f"{row['layer']}, {shape}", row["parameters"], Found(count, "counted"), None, row["doubt"]))
    here = Found(counted, "counted")
    if source.model and source.model in evidence.cards:
        here = Found(evidence.cards[source.model].parameters, f"stored model {source.model}")
    doubt = "" if total == counted else f"the printed layers add up to {total:,}; counted from their shapes it is {counted:,}"
    lead = [line for line in lines if line.doubt]
    whole = Line("All layers" if not source.part else f"{source.part}, all layers", str(total), here, None, doubt, "parameters")
    return Lines((whole, *lead), tuple(line for line in lines if not line.doubt), (), source.part)


# --- other numbers --------------------------------------------------------------------------------------------------


def counts_of(year: str, source: Counts, evidence: Evidence) -> Lines:
    """Lines of ``assets/reports/counts.csv``; their keys name what answers here."""
    lines = []
    for row in printed("counts"):
        if (row["report"], row["item"]) == (year, source.place):
            kind, _, rest = row["key"].partition(":")
            here = _COUNTED[kind](rest, evidence) if kind else None
            lines.append(Line(row["printed"][:1].upper() + row["printed"][1:], row["published"], here, None, row["doubt"]))
    return Lines(tuple(lines))


def _of_benchmark(key: str, evidence: Evidence) -> Found:
    counts = {"a_minute": PICTURES_A_MINUTE, "an_hour": 60 * PICTURES_A_MINUTE, "minutes": MINUTES}
    counts["pictures"] = MINUTES * PICTURES_A_MINUTE
    return Found(counts[key], "our benchmark")


def _of_card(key: str, evidence: Evidence) -> Found | None:
    """``model:parameters``, ``:epochs``, ``:not-trained``, or one of its card's extra, as ``:trainable``.

    What is not trained at all has no figure of ours.
    """
    model_id, _, name = key.partition(":")
    card = evidence.cards.get(model_id)
    if card is None or not card.epochs_trained:
        return None
    if name == "epochs":
        return Found(card.epochs_trained, f"of {card.epochs_asked} asked")
    known = {**card.extra, "parameters": card.parameters}
    if TRAINABLE in known:
        known["not-trained"] = card.parameters - known[TRAINABLE]
    return Found(float(known[name]), "on the card") if name in known else None


def _of_dataset(key: str, evidence: Evidence) -> Found:
    return Found(len(DATASETS[key.partition(":")[0]].classes), "our copy of the data")


def _apart(key: str, evidence: Evidence) -> Found:
    true, read = map(int, key.split(":"))
    return Found(float(common_sense_error_minutes(true, read)), "the same measure")


_COUNTED: dict[str, Callable[[str, Evidence], Found | None]] = {
    "benchmark": _of_benchmark,
    "card": _of_card,
    "dataset": _of_dataset,
    "apart": _apart,
}


# --- generators -----------------------------------------------------------------------------------------------------


def _epochs(card: ModelCard) -> str:
    return f"{card.epochs_trained} of {card.epochs_asked} epochs"


def _size(card: ModelCard) -> str:
    return f", {card.extra['side']} × {card.extra['side']} pixels"


def made_of(year: str, source: Made, evidence: Evidence) -> Lines:
    """Figures of what generators make here, beside the best of ours on the same pictures where both have the same size.

    Pictures of two sizes compare in nothing: real ones, too, differ in every figure between 32 and 64 pixels.
    """
    recipes = all_recipes()
    best = evidence.cards.get(source.best)
    lines, none, unmeasured = [], [], False
    for model_id in source.models:
        card = evidence.cards.get(model_id)
        if card is None:
            none.append(model_id)
            continue
        told = [name for name in QUALITY if name in card.figures]
        unmeasured |= not told
        apart = best is not None and best.extra.get("side") != card.extra.get("side")
        how = _epochs(card) + (_size(card) if apart else "")
        for name in told:
            ours = None
            if best is not None and name in best.figures and not apart:
                ours = Found(best.figures[name], f"{short_title(best.title)}, {_epochs(best)}")
            lines.append(Line(short_title(card.title), "", Found(card.figures[name], how), ours, "", QUALITY[name]))
        for_all = [one for one in (card, best) if one is not None and one.epochs_trained]
        paces = [Found(round(one.seconds / one.epochs_trained, 1), device_words(one.device)) for one in for_all]
        if told and paces and for_all[0] is card:
            beside = paces[1] if len(paces) > 1 and not apart else None
            lines.append(Line(short_title(card.title), "", paces[0], beside, "", "training, seconds an epoch"))
        if not told:
            lines.append(Line(short_title(card.title), "", Found("stored", how), None))
    missing = []
    if none:
        names = " and ".join(short_title(recipes[name].title) for name in none)
        missing.append(Missing(f"Not trained yet: {names}", f"python -m core train {' '.join(none)}"))
    if best is None:
        title = short_title(recipes[source.best].title)
        missing.append(Missing(f"Ours is not trained yet: {title}", f"python -m core train {source.best}"))
    if unmeasured:
        missing.append(Missing("Trained and not measured yet", "python -m core evaluate generators"))
    return Lines(tuple(lines), (), tuple(missing))
