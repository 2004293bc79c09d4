"""What a live run may be: refused in a sentence that names the value and the remedy, or cut to what fits."""

import pytest

from core.live import LiveRuns
from core.live_state import LiveError, check_live, shortened
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from tests.test_live import ANNE, spec


@pytest.fixture
def runs() -> LiveRuns:
    """In which nothing starts."""
    return LiveRuns(worker=("-c", ""))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (spec(51), "at most 50 epochs; got 51"),
        (spec(1, batch_size=5000), "at most 4,096 pictures; got 5,000"),
        (spec(50, pictures=20_000), "50 epochs of 20,000: take 30 epochs, or 12,000 pictures"),
        (spec(11, pictures=None), "11 epochs of 60,000: take 10 epochs, or 54,545 pictures"),
    ],
)
def test_what_is_too_long_names_the_value_and_the_remedy(runs: LiveRuns, asked: RunSpec, words: str):
    with pytest.raises(LiveError, match=words):
        runs.submit(asked, ANNE)
    assert not runs.going(ANNE)


def test_what_is_offered_is_within_the_limits():
    check_live(spec(50, pictures=12_000))
    check_live(spec(10, pictures=None))


@pytest.mark.parametrize(
    ("asked", "epochs"),
    [
        (spec(20, pictures=None), 10),  # 600,000 / 60,000
        (spec(20, pictures=45_000), 13),  # 600,000 / 45,000 = 13.3
        (spec(20, dataset="fashion-mnist", pictures=None), 11),  # 600,000 / 54,000 = 11.1
        (spec(80), 50),
        (spec(5, pictures=None), 5),
    ],
)
def test_a_run_that_is_too_long_is_cut_to_the_epochs_that_fit(asked: RunSpec, epochs: int):
    here = shortened(asked)
    check_live(here)
    assert here.training.epochs == epochs
    assert here.pictures == asked.pictures
    assert (here is asked) == (epochs == asked.training.epochs)
    warm = shortened(spec(80, schedule="cosine", warmup_epochs=60.0))
    assert (warm.training.epochs, warm.training.warmup_epochs) == (50, 50)


def test_contradictions_are_refused_before_anything_starts(runs: LiveRuns):
    wrong = RunSpec("clock-hours", ClassifierSpec("mlp-300", input_shape=(28, 28, 1)), TrainSpec(1))
    with pytest.raises(ValueError, match="input_shape"):
        runs.submit(wrong, ANNE)
    assert not runs.going(ANNE)
