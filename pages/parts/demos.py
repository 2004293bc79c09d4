"""Five demos in five minutes: which deep link each step opens, and what to say meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from core.cards import list_cards
from pages.parts import shelf

Params = Mapping[str, str | list[str]]
PAIR = ["reader-report", "report23-classes-720"]  # our reader beside one of the reports'
FACES = ["vae-faces-best", "gan-faces-best"]
RULER = ["reader-small", "report23-multi-head", "report23-classes-720", "report23-regression"]  # trained to the end


@dataclass(frozen=True)
class Step:
    """One press of 'Next'. demo: 1-5. path: of the page in the URL. params: its state. say: one line for the audience.

    lacks: a sentence on what is missing on this machine, or None when the step shows what it should. remedy: the command that
    makes it.
    """

    demo: int
    title: str
    path: str
    params: Params
    say: str
    lacks: Callable[[], str | None] = field(default=lambda: None)
    remedy: str = "python -m core train reader-report"

    @property
    def link(self) -> str:
        """The deep link, from the app's root."""
        return f"{self.path}?{urlencode(self.params, doseq=True)}"


def no_reader() -> str | None:
    """What is missing to read clocks."""
    return no_model(shelf.READERS, "No model that reads clocks is stored on this machine yet.")


def no_study() -> str | None:
    """What is missing to see effects."""
    from pages.parts import cached_studies

    return None if cached_studies.has_rows(STUDY) else "No run of this study is stored on this machine yet."


def no_generator() -> str | None:
    """What is missing to walk."""
    return no_model(shelf.GENERATORS, "No model that makes pictures is stored on this machine yet.")


def no_faces() -> str | None:
    """What is missing to walk between faces."""
    there = {card.model_id for card in list_cards()}
    return None if there.issuperset(FACES) else "Our models of faces are not stored on this machine yet."


def no_model(job: str, words: str) -> str | None:
    """``words`` unless a model of that job is stored; looks at cards only, so that the first page may ask."""
    return None if any(shelf.job_of(card) == job for card in list_cards()) else words


STUDY = "l16-mlp"
STEPS = (
    Step(
        1,
        "A clock is read",
        "tell_the_time",
        {"from": "Files"},
        "I drop a picture of a clock here. The network marks the hands it sees, says the time, and says how sure it is.",
        no_reader,
    ),
    Step(
        2,
        "Confidence that means something",
        "tell_the_time",
        {"from": "Samples", "sample": "08_20-report", "gamma": "3", "model": PAIR},
        "Gamma 3 darkens the picture. Our reader keeps its answer; a network of the reports goes wrong, and does it say so?",
        no_reader,
    ),
    Step(
        2,
        "Confidence that means something",
        "tell_the_time",
        {"from": "Samples", "sample": "no_clock-wall"},
        "And a picture of nothing. A network must answer something; a good one says that it is sure of nothing.",
        no_reader,
    ),
    Step(
        2,
        "Confidence that means something",
        "tell_the_time",
        {"from": "Samples", "sample": "no_clock-gauge"},
        "A pressure gauge: dial and hand, no time. The chance that it can be read is under half, so all it gives is a guess. "
        "Would you?",
        no_reader,
    ),
    Step(
        3,
        "All models on one ruler",
        "tell_the_time",
        {"tab": "Compare the models", "show": RULER, "errors": "Shares within", "at": "errors"},
        "One ruler, the same 3,600 pictures: minutes, the short way round. Other labels, networks, training: see how far off "
        "each is.",
        no_reader,
    ),
    Step(
        4,
        "What a hyperparameter does",
        "compare_training",
        {"study": STUDY, "at": "effects"},
        "Sixteen settings instead of 256: any two levels meet once. Most only guess; the plan narrows down why.",
        no_study,
        f"python -m core sweep {STUDY}",
    ),
    Step(
        4,
        "What a hyperparameter does",
        "compare_training",
        {"part": "Train now"},
        "And live: train this one. Then choose “Start that dies: all zeros”, and Race. Why does it not learn?",
    ),
    Step(
        5,
        "A walk through latent space",
        "latent_space",
        {"start": "53", "end": "20"},
        "Every point is a picture. Between two leaves lie leaves that never grew: drag, and walk from one to the other.",
        no_generator,
        "python -m core train vae-leaves-32 gan-leaves",
    ),
    Step(
        5,
        "A walk through latent space",
        "latent_space",
        {"walkers": FACES, "start": "55", "end": "56"},
        "Faces that nobody drew, from an autoencoder and a GAN. Drag: colour, eyes and hair change together. Why?",
        no_faces,
        f"python -m core train {' '.join(FACES)}",
    ),
)
DEMOS = STEPS[-1].demo


def part(index: int) -> tuple[int, int]:
    """Which part of its demo a step is, and of how many."""
    same = [place for place, step in enumerate(STEPS) if step.demo == STEPS[index].demo]
    return same.index(index) + 1, len(same)


def lacking() -> list[tuple[str, str, str]]:
    """Of each demo that has nothing to show here: its name, the sentence that says so, the command that mends it."""
    said = {lacks: lacks() for lacks in {step.lacks: None for step in STEPS}}  # several steps need the same
    found = {}
    for step in STEPS:
        if step.demo not in found and (words := said[step.lacks]):
            found[step.demo] = (f"Demo {step.demo}, {step.title}", words, step.remedy)
    return list(found.values())


def number(text: object) -> int | None:
    """The index of the step that a URL names, from 1 on; None for anything else."""
    whole = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 3
    return int(text) - 1 if whole and 1 <= int(text) <= len(STEPS) else None
