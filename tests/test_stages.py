"""Training in stages of growing pictures: weights carried on, stopped and gone on with anywhere."""

import itertools
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import registry
from core.catalogue import all_recipes
from core.checkpoints import CheckpointError
from core.clocks.wild_data import Mixture, WildData
from core.recipe_runs import run_recipe
from core.recipes import Recipe, Stage, epochs_stored
from core.specs import ReaderSpec, TrainSpec
from tests.test_train_command import tiny_recipe

LARGE = ReaderSpec(side=48, stem=4, widths=(6, 8), blocks=(1, 1), neck=3, hidden=8, readable=True)
SMALL = replace(LARGE, side=32)
TIMES = dict.fromkeys(("seconds", "seconds_waiting", "drawn_per_second"), 0.0)


def data(side: int, training: TrainSpec) -> WildData:
    return WildData(Mixture(side, faces=0.0, report=0.5), 12, training, workers=0, valid_pictures=3)


def staged(ends: tuple[int, ...] = (2,), epochs: int = 4) -> Recipe:
    recipe = all_recipes()["reader-small"]
    return replace(
        recipe,
        spec=LARGE,
        training=replace(recipe.training, epochs=epochs, batch_size=6, warmup_epochs=0.5, restart_epochs=()),
        data=partial(data, 48),
        calibrate=None,
        figures=lambda model: {"side": model.model.input_shape[1]},
        extra={"side": 48},
        stages=tuple(Stage(end, SMALL, partial(data, 32), {"side": 32}) for end in ends),
    )


def weights(folder: Path) -> list[np.ndarray]:
    return registry.load_trained("tiny", folder).model.get_weights()


def test_growing_keeps_sums_and_everything_else() -> None:
    from core.clocks.networks import build_reader, grow_reader

    small, large = build_reader(SMALL), build_reader(LARGE)
    dense = next(weight for weight in small.weights if weight.shape == (4 * 4 * 3 + 30, 8))
    rng = np.random.default_rng(5)
    channel = rng.normal(size=(3, 8)).astype(np.float32)  # the same in every cell
    rest = rng.normal(size=(30, 8)).astype(np.float32)
    dense.assign(np.concatenate([np.tile(channel, (16, 1)), rest]))
    grow_reader(small, large)
    for old, new in zip(small.get_weights(), large.get_weights(), strict=True):
        if old.shape == new.shape:
            np.testing.assert_array_equal(old, new)
        else:
            assert (old.shape, new.shape) == ((78, 8), (6 * 6 * 3 + 30, 8))
            # 36 cells instead of 16: each counts 16 / 36 of what it did.
            np.testing.assert_allclose(new[:108], np.tile(channel, (36, 1)) * 16 / 36, rtol=1e-5)
            np.testing.assert_array_equal(new[108:], rest)


def test_a_place_stays_where_it_is() -> None:
    """What spoke for a thing at the left edge does so after growing, and nothing at the right edge does."""
    from core.clocks.networks import build_reader, grow_reader

    small, large = build_reader(SMALL), build_reader(LARGE)
    dense = next(weight for weight in small.weights if weight.shape == (78, 8))
    kernel = np.zeros((4, 4, 3, 8), np.float32)
    kernel[:, 0, 1, 2] = 1.0
    dense.assign(np.concatenate([kernel.reshape(48, 8), np.zeros((30, 8), np.float32)]))
    grow_reader(small, large)
    grown = next(weight for weight in large.get_weights() if weight.shape == (138, 8))[:108].reshape(6, 6, 3, 8)
    # Cell middles of six lie at -1/6, 1/2, 7/6, ... of four; clamped at the edge: 1, 1/2, 0, times 16 / 36.
    np.testing.assert_allclose(grown[3, :, 1, 2], np.array([1, 0.5, 0, 0, 0, 0]) * 16 / 36, atol=1e-6)
    assert np.count_nonzero(grown) == 2 * 6


def test_a_stored_stage_is_gone_on_with_where_no_checkpoint_is_left(tmp_path: Path) -> None:
    recipe = staged(ends=(1,), epochs=2)
    assert run_recipe(recipe, epochs_now=1, checkpoint=tmp_path / "one machine", folder=tmp_path) is not None
    assert epochs_stored(recipe, tmp_path) == 1
    card = run_recipe(recipe, checkpoint=tmp_path / "another machine", folder=tmp_path)
    assert card is not None
    assert (card.epochs_trained, card.extra["side"]) == (2, 48)
    assert len(registry.load_history("reader-small", tmp_path)) == 2


# --- a network of one weight, since these ask nothing of readers ----------------------------------------------------------


def copied(small: Any, large: Any) -> None:
    large.set_weights(small.get_weights())


def test_stages_follow_each_other_whole_or_in_slices(tmp_path: Path) -> None:
    """Slices that end before, at and after the change of stages give the very bits of a run in one go."""
    tiny, built, told = tiny_recipe(epochs=5), [], []

    def build(spec: TrainSpec) -> Any:
        built.append(spec.seed)
        return tiny.build(spec)

    training = replace(tiny.training, optimizer="adam", schedule="cosine", ema=0.5, restart_epochs=(4,))
    first = Stage(2, replace(tiny.spec, seed=32), tiny.data, {"side": 32})
    last = replace(tiny.spec, seed=48)
    recipe = replace(tiny, spec=last, training=training, extra={"side": 48}, build=build, stages=(first,), grow=copied)
    whole = run_recipe(recipe, checkpoint=tmp_path / "whole checkpoint", folder=tmp_path / "whole")
    for _ in range(5):
        built.clear()
        card = run_recipe(recipe, epochs_now=1, checkpoint=tmp_path / "checkpoint", folder=tmp_path / "slices")
        assert card is not None
        told.append((card.epochs_trained, card.spec["seed"], card.extra["side"], built[-1]))
    assert told == [(1, 32, 32, 32), (2, 32, 32, 32), (3, 48, 48, 48), (4, 48, 48, 48), (5, 48, 48, 48)]
    assert whole is not None
    assert card is not None
    assert whole.figures == card.figures
    histories = [registry.load_history("tiny", tmp_path / name) for name in ("whole", "slices")]
    assert [row["epoch"] for row in histories[0]] == [1, 2, 3, 4, 5]
    for one, other in zip(*histories, strict=True):
        assert {**one, **TIMES} == {**other, **TIMES}
    for one, other in zip(weights(tmp_path / "whole"), weights(tmp_path / "slices"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_ended_where_a_cosine_begins_anew_is_gone_on_with(tmp_path: Path) -> None:
    tiny = tiny_recipe()
    short = replace(tiny, training=replace(tiny.training, epochs=3, schedule="cosine"))
    longer = replace(short, training=replace(short.training, epochs=5, restart_epochs=(3,)))
    other = replace(short, training=replace(short.training, epochs=5, restart_epochs=(4,)))
    assert run_recipe(short, checkpoint=tmp_path / "checkpoint", folder=tmp_path) is not None
    stored = registry.load_card("tiny", tmp_path)
    whole = run_recipe(longer, folder=tmp_path / "whole")
    assert whole is not None
    # With its checkpoint and without it; one that would have begun anew elsewhere is another run, which begins at 0.
    for place, recipe, first in (("checkpoint", longer, 4), ("nowhere", longer, 4), ("elsewhere", other, 1)):
        seen: list[dict[str, float]] = []
        folder = tmp_path / f"from {place}"
        shutil.copytree(tmp_path / "tiny", folder / "tiny")
        assert run_recipe(recipe, epochs_now=1, checkpoint=tmp_path / place, folder=folder, on_epoch=seen.append) is None
        assert registry.load_card("tiny", folder) == stored  # its figures too: the rate is on its way
        last = run_recipe(recipe, checkpoint=tmp_path / place, folder=folder, on_epoch=seen.append)
        assert [row["epoch"] for row in seen] == list(range(first, 6))
        assert last is not None
        assert last.epochs_trained == 5
        if recipe is longer:  # plain gradient descent has no moments: as in one go, but for float16
            assert last.figures["at_one"] == pytest.approx(whole.figures["at_one"], abs=1e-3)


def test_a_checkpoint_from_before_its_stage_is_refused(tmp_path: Path) -> None:
    tiny = tiny_recipe()
    run_recipe(tiny, epochs_now=1, checkpoint=tmp_path / "checkpoint", folder=tmp_path)
    later = replace(tiny, stages=(Stage(2, tiny.spec, tiny.data),), grow=copied)
    with pytest.raises(CheckpointError, match="ends before epoch 2, where its stage begins now; choose"):
        run_recipe(later, checkpoint=tmp_path / "checkpoint", folder=tmp_path)


def test_stages_may_differ_in_what_they_draw_alone(tmp_path: Path) -> None:
    """What is stored in the middle of a stage is gone on with there, also where the next one has the same network."""
    tiny, drawn = tiny_recipe(epochs=4), []

    def noted(stage: int, training: TrainSpec) -> Any:
        drawn.append(stage)
        return tiny.data(training)

    recipe = replace(tiny, data=partial(noted, 2), stages=(Stage(3, tiny.spec, partial(noted, 1)),), grow=copied)
    for machine in range(4):  # none has the checkpoint of another
        assert run_recipe(recipe, epochs_now=1, checkpoint=tmp_path / f"machine {machine}", folder=tmp_path) is not None
    assert drawn == [1, 1, 1, 2]
    assert epochs_stored(recipe, tmp_path) == 4


def test_stages_rise_to_the_end() -> None:
    for ends in ((4,), (0,), (3, 2), (5,)):
        with pytest.raises(ValueError, match="ends that rise to 4"):
            staged(ends)
    with pytest.raises(ValueError, match="a way to grow"):
        replace(staged(), grow=None)


def test_a_trial_has_its_stages_in_proportion() -> None:
    recipe = all_recipes()["reader-small"]
    quick = recipe.quick()
    assert [(stage.epochs, stage.spec.side) for stage in recipe.all_stages()] == [(60, 64), (115, 96), (150, 128), (315, 128)]
    assert [(stage.epochs, stage.spec.side) for stage in quick.all_stages()] == [(1, 64), (2, 128), (6, 128)]


def outputs(model: Any) -> dict[str, tuple[int | None, ...]]:
    return {name: tuple(output.shape[1:]) for name, output in model.output.items()}


def test_every_stage_of_the_small_reader_can_grow() -> None:
    from core.clocks.networks import build_reader, grow_reader

    recipe = all_recipes()["reader-small"]
    models = [build_reader(stage.spec) for stage in recipe.all_stages()]
    for small, large in itertools.pairwise(models):
        grow_reader(small, large)
    assert [outputs(model)["maps"] for model in models] == [(8 * 8, 15), (12 * 12, 15), (16 * 16, 15), (16 * 16, 15)]
