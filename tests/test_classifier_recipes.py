"""Our own classifiers: pictures varied by hand, a recipe run for one step, and what ``evaluate classifiers`` says."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core import catalogue, registry
from core.__main__ import main
from core.classifiers import evaluation, recipes
from core.classifiers.recipes import Variation, vary
from core.datasets import DATASETS, Dataset, DatasetError, Part
from core.recipe_runs import run_recipe

RNG = np.random.default_rng(1)
STILL = Variation(flip=0, shift=0, erase=0)


def pictures(count: int, shape: tuple[int, int, int] = (28, 28, 1)) -> np.ndarray:
    return np.random.default_rng(count).integers(1, 255, (count, *shape), np.uint8)


def varied(images: np.ndarray, variation: Variation, seed: int = 1) -> np.ndarray:
    labels = np.arange(len(images))
    result, same = vary(images, labels, np.random.default_rng(seed), variation=variation)
    assert same is labels
    assert result.dtype == np.float32
    assert result.shape == images.shape
    assert 0 <= result.min() <= result.max() <= 1
    return result


def test_pictures_are_mirrored_moved_and_erased_as_asked() -> None:
    images = pictures(400, (8, 10, 3))
    before = images.copy()
    unit = images / np.float32(255)
    assert np.array_equal(varied(images, STILL), unit)
    assert np.array_equal(varied(images, replace(STILL, flip=1)), unit[:, :, ::-1])
    half = varied(images, replace(STILL, flip=0.5))
    assert 150 < sum(np.array_equal(a, b) for a, b in zip(half, unit, strict=True)) < 250
    assert np.array_equal(images, before), "the source is left as it was"


def test_moved_pictures_are_windows_of_the_padded_one() -> None:
    images = pictures(60, (6, 6, 1))
    moved = varied(images, replace(STILL, shift=2))
    found = set()
    for image, result in zip(images / np.float32(255), moved, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        places = [(y, x) for y in range(5) for x in range(5) if np.array_equal(padded[y : y + 6, x : x + 6], result)]
        assert len(places) == 1
        found.add(places[0])
    assert len(found) > 15, "of 25 moves"
    assert varied(images, replace(STILL, shift=2, border="reflect")).min() > 0, "no black comes in"


def test_erased_rectangles_are_of_the_size_they_should_be() -> None:
    images = np.zeros((300, 20, 20, 3), np.uint8)
    erased = varied(images, replace(STILL, erase=1)).any(axis=-1)
    for hole in erased:
        rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
        assert hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all(), "a whole rectangle"
        assert hole.sum() == len(rows) * len(columns)
        assert 0.01 < hole.mean() < 0.25
    assert 0.06 < erased.mean() < 0.16, "11 % in the mean"
    some = varied(images, replace(STILL, erase=0.25)).any(axis=(1, 2, 3)).mean()
    assert 0.17 < some < 0.33


def test_our_recipes_are_in_the_catalogue() -> None:
    known = catalogue.all_recipes()
    for name, dataset in (("fashion-best", "fashion-mnist"), ("cifar10-best", "cifar10")):
        recipe = known[name]
        assert recipe.extra["dataset"] == dataset
        assert recipe.spec.input_shape == DATASETS[dataset].shape
        assert recipe.report is None
        assert recipe.data_licence == DATASETS[dataset].licence


def part(count: int) -> Part:
    return Part(pictures(count), np.arange(count, dtype=np.int64) % 10)


def test_a_recipe_runs_is_stored_and_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Dataset(DATASETS["fashion-mnist"], part(20), part(10), part(30))
    monkeypatch.setattr(recipes, "load_dataset", lambda name: data)
    monkeypatch.setattr(evaluation, "load_dataset", lambda name: data)
    evaluation._dataset.cache_clear()
    recipe = next(item for item in recipes.recipes() if item.model_id == "fashion-best")
    # All of it but its size: the network of the MLP form is built in a moment.
    recipe = replace(
        recipe,
        spec=replace(recipe.spec, architecture="mlp-300"),
        training=replace(recipe.training, epochs=1, warmup_epochs=0.5, batch_size=10),
    )
    card = run_recipe(recipe, folder=tmp_path / "models")
    assert card is not None
    assert set(card.figures) == {"test_accuracy", "test_cross_entropy", "valid_accuracy"}
    assert card.data == "Fashion-MNIST: 20 pictures, varied afresh each epoch; validated on 10 others"
    assert card.extra["task"] == "classifier"
    assert card.extra["trainable"] == card.parameters == 784 * 300 + 300 + 300 * 10 + 10  # no batch norm: all of them
    assert card.extra["classes"][9] == "Ankle boot"

    model = registry.load_trained("fashion-best", tmp_path / "models")
    shares = model(data.test.images / np.float32(255))
    right = shares.argmax(axis=1) == data.test.labels
    assert card.figures["test_accuracy"] == pytest.approx(right.mean(), abs=1e-5)
    surprise = -np.log(shares[np.arange(30), data.test.labels])
    assert card.figures["test_cross_entropy"] == pytest.approx(surprise.mean(), abs=1e-4)

    rows = evaluation.evaluate(tmp_path / "models", tmp_path / "results")
    assert [row["model"] for row in rows] == ["fashion-best"]
    assert rows[0]["dataset"] == "fashion-mnist"
    assert rows[0]["test_accuracy"] == pytest.approx(right.mean(), abs=1e-4)
    assert (tmp_path / "results/classifiers.csv").read_text().startswith("model,dataset,test_accuracy,")
    monkeypatch.setattr(evaluation, "evaluate", partial(evaluation.evaluate, tmp_path / "models", tmp_path / "results"))
    assert main(["evaluate", "classifiers"]) == 0
    assert "fashion-best" in capsys.readouterr().out

    def missing(name: str) -> Dataset:
        raise DatasetError("Fashion-MNIST is missing; get it.")

    monkeypatch.setattr(evaluation, "_dataset", missing)
    assert main(["evaluate", "classifiers"]) == 2
    assert capsys.readouterr().err == "Fashion-MNIST is missing; get it.\n"


def test_evaluating_nothing_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(registry, "list_cards", lambda folder=None: [SimpleNamespace(extra={"task": "clock"})])
    assert main(["evaluate", "classifiers"]) == 2
    assert capsys.readouterr().err == "no model of classifiers is stored; train one with: python -m core train fashion-best\n"
    assert main(["evaluate", "generators"]) == 2
    assert "no model of generators is stored" in capsys.readouterr().err
