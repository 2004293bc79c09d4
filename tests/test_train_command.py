"""``python -m core train``: what it stores, what stays, where it goes on, and in which turn."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from handmade import spoilt_zip

from core import catalogue, checkpoints, paths, recipe_runs, recipes, registry, study_runs
from core.__main__ import main
from core.clocks.painted import read_faces
from core.generators.stored import load_snapshots
from core.specs import TrainSpec
from core.training import ArrayData


def tiny_recipe(epochs=4):
    x = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]

    def build(spec):
        import keras

        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])

    return recipes.Recipe(
        model_id="tiny",
        title="Tiny",
        summary="Doubles.",
        network="test",
        spec=TrainSpec(epochs=1),
        training=TrainSpec(epochs=epochs, batch_size=8, learning_rate=0.1, optimizer="sgd"),
        data_name="a line",
        data_licence="none",
        build=build,
        data=lambda spec: ArrayData(x, 2 * x),
        losses=lambda: ("mean_squared_error", None, None),
        figures=lambda model: {"at_one": float(model(np.ones((1, 1), np.float32))[0, 0])},
    )


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    recipe = tiny_recipe()
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": recipe})
    monkeypatch.setattr(study_runs, "STUDIES", {})
    return recipe


def test_train_stores_a_model_with_a_true_card(tiny, capsys):
    assert main(["train", "tiny"]) == 0
    card = registry.load_card("tiny")
    assert (card.epochs_trained, card.epochs_asked) == (4, 4)
    assert 1.0 < card.figures["at_one"] < 2.0  # on the way to 2, from 0
    assert main(["train", "tiny"]) == 0
    assert "all 4 epochs are trained" in capsys.readouterr().out


def test_a_new_beginning_leaves_the_better_model_alone(tiny, capsys):
    assert main(["train", "tiny"]) == 0
    before = registry.load_card("tiny")
    assert recipe_runs.run_slice(tiny, epochs_now=1, resume=False) is None
    assert registry.load_card("tiny") == before
    assert main(["train", "tiny", "--fresh"]) == 0
    assert registry.load_card("tiny").epochs_trained == 4


def test_a_damaged_model_is_trained_anew(tiny):
    recipe_runs.run_slice(tiny, epochs_now=2)
    (paths.MODELS / "tiny" / "model.keras").write_bytes(b"broken")
    shutil.rmtree(recipes.checkpoint_folder("tiny"))
    assert recipe_runs.run_slice(tiny, epochs_now=1) is None  # one epoch is less than the card's two
    assert recipe_runs.run_slice(tiny).epochs_trained == 4
    assert registry.load_trained("tiny")


def test_another_network_of_that_name_is_trained_from_the_start(tiny, monkeypatch, capsys):
    recipe_runs.run_slice(tiny)
    edited = replace(tiny, spec=TrainSpec(epochs=2), training=replace(tiny.training, epochs=2))
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": edited})
    assert recipes.share_trained(edited) == 0
    assert main(["train", "tiny"]) == 2
    assert "or train anew with --fresh" in capsys.readouterr().err  # the checkpoint is of four epochs
    assert main(["train", "tiny", "--fresh"]) == 0
    assert registry.load_card("tiny").epochs_trained == 2


def test_fewer_epochs_of_the_same_are_trained_and_the_stored_ones_stay(tiny, monkeypatch, capsys):
    recipe_runs.run_slice(tiny)
    fewer = replace(tiny, training=replace(tiny.training, epochs=3))
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": fewer})
    assert main(["train", "tiny", "--fresh"]) == 0
    assert "tiny: all 3 epochs are trained, and the stored one of 4 stays; delete its folder" in capsys.readouterr().out
    shutil.rmtree(paths.MODELS / "tiny")
    assert main(["train", "tiny"]) == 0
    assert registry.load_card("tiny").epochs_trained == 3


def test_a_slip_in_a_card_costs_no_model(tiny, capsys):
    recipe_runs.run_slice(tiny)
    shutil.rmtree(recipes.checkpoint_folder("tiny"))
    card, model = paths.MODELS / "tiny" / "card.json", paths.MODELS / "tiny" / "model.keras"
    card.write_text(card.read_text().replace('"epochs_trained": 4', '"epochs_trained": "4"'))
    before = model.read_bytes()
    assert main(["train", "tiny"]) == 2
    told = capsys.readouterr().err
    assert "epochs_trained of the card of tiny must be int; got '4'; or delete the folder of tiny to train it anew" in told
    assert model.read_bytes() == before
    checkpoint = recipes.checkpoint_folder("tiny") / "checkpoint.npz"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"begun")
    assert main(["train", "tiny", "--fresh"]) == 2
    assert checkpoint.exists()


def test_what_another_process_stored_while_one_measured_stays(tiny):
    """Measuring takes minutes; the first of three epochs comes last."""
    recipe_runs.run_slice(tiny)
    stored = {path.name: path.read_bytes() for path in (paths.MODELS / "tiny").iterdir()}
    shutil.rmtree(paths.MODELS / "tiny")
    shutil.rmtree(recipes.checkpoint_folder("tiny"))

    def measured(model):
        (paths.MODELS / "tiny").mkdir()
        for name, content in stored.items():
            (paths.MODELS / "tiny" / name).write_bytes(content)
        return {"at_one": 0.0}

    slow = replace(tiny, training=replace(tiny.training, epochs=3), figures=measured)
    assert recipe_runs.run_slice(slow) is None
    assert registry.load_card("tiny").epochs_trained == 4


def test_what_learned_from_other_data_counts_for_nothing(tiny, monkeypatch):
    assert recipe_runs.run_slice(replace(tiny, data_version=lambda: "first")).epochs_trained == 4
    again = replace(tiny, data_version=lambda: "second")
    assert recipes.share_trained(again) == 0
    shutil.rmtree(recipes.checkpoint_folder("tiny"))
    card = recipe_runs.run_slice(again, epochs_now=1)  # not from the stored weights, and it replaces what is out of date
    assert (card.epochs_trained, card.extra["data_version"]) == (1, "second")


def test_what_learned_from_more_than_is_here_is_neither_redone_nor_replaced(tiny, capsys, monkeypatch):
    lesser = replace(tiny, data_version=lambda: "without faces.zip")
    part = recipe_runs.run_slice(lesser)
    assert (part.epochs_trained, part.extra["data_version"]) == (4, "without faces.zip")
    history = registry.load_history("tiny")
    assert recipes.share_trained(tiny) == 0  # with the file it is other data
    with pytest.raises(checkpoints.CheckpointError, match="belongs to other pictures"):
        recipe_runs.run_slice(tiny)
    shutil.rmtree(recipes.checkpoint_folder("tiny"))
    assert recipe_runs.run_slice(tiny, epochs_now=3).epochs_trained == 3
    assert recipes.share_trained(lesser) == 0.75  # the file was taken away again
    assert recipes.why_stored_stays(part, history) == "it learned without faces.zip, and the stored one with it"
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": lesser})
    assert main(["train", "tiny"]) == 2
    assert "the stored tiny learned with faces.zip, not found here; put what is lacking into" in capsys.readouterr().err
    assert registry.load_card("tiny").epochs_trained == 3
    assert recipe_runs.run_slice(replace(lesser, model_id="tiny-quick")).epochs_trained == 4


def test_all_of_them_anew_one_after_the_other(tiny, monkeypatch):
    other = replace(tiny, model_id="other")
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": tiny, "other": other})
    recipe_runs.run_slice(tiny)
    assert main(["train", "--all", "--fresh"]) == 0
    assert [registry.load_card(name).epochs_trained for name in ("tiny", "other")] == [4, 4]


def test_train_without_time_stores_nothing(tiny, capsys):
    assert main(["train", "tiny", "--minutes", "0"]) == 0
    assert registry.list_cards() == []
    assert "no time left" in capsys.readouterr().out


def test_quick_training_keeps_away_from_the_real_model(tiny):
    assert main(["train", "tiny", "--quick"]) == 0
    assert [card.model_id for card in registry.list_cards()] == ["tiny-quick"]
    assert registry.load_card("tiny-quick").epochs_trained == 1


def test_all_takes_the_least_trained_first(tmp_path, monkeypatch, tiny):
    started, done = replace(tiny, model_id="started"), replace(tiny, model_id="done")
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"done": done, "started": started, "tiny": tiny})
    recipe_runs.run_recipe(done)
    recipe_runs.run_recipe(replace(started, training=replace(started.training, epochs=2)))
    assert [recipe.model_id for recipe in catalogue.next_recipes([])] == ["tiny", "started", "done"]


def test_recipes_for_a_gpu_come_last_without_one(monkeypatch, tiny):
    large = replace(tiny, model_id="large", for_gpu=True)
    recipe_runs.run_recipe(tiny)
    monkeypatch.setattr(catalogue, "device_name", lambda: "CPU (2 cores)")
    assert [recipe.model_id for recipe in catalogue.in_turn([large, tiny])] == ["tiny", "large"]
    monkeypatch.setattr(catalogue, "device_name", lambda: "NVIDIA H200")
    assert [recipe.model_id for recipe in catalogue.in_turn([tiny, large])] == ["large", "tiny"]


def test_all_trains_in_turns_until_everything_is_done(tmp_path, monkeypatch, tiny, capsys):
    other = replace(tiny, model_id="other")
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": tiny, "other": other})
    assert main(["train", "--all"]) == 0
    lines = [
        line.split(";")[0] for line in capsys.readouterr().out.splitlines() if " of 4 epochs" in line and ": loss" not in line
    ]
    assert lines[:4] == ["tiny: 1 of 4 epochs", "other: 1 of 4 epochs", "tiny: 2 of 4 epochs", "other: 2 of 4 epochs"]
    assert [registry.load_card(name).epochs_trained for name in ("tiny", "other")] == [4, 4]


def test_a_damaged_data_set_is_named_and_the_other_models_are_trained(tmp_path, monkeypatch, tiny, capsys):
    place = tmp_path / "clock_faces_train.zip"
    spoilt_zip(place, "3-00/1.jpg", bytes(100))
    damaged = replace(tiny, model_id="damaged", data=lambda _: read_faces(place))
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"damaged": damaged, "tiny": tiny})
    assert main(["train", "--all"]) == 2
    assert capsys.readouterr().err.startswith("damaged: clock_faces_train.zip cannot be read (")
    assert [card.model_id for card in registry.list_cards()] == ["tiny"]
    assert registry.load_card("tiny").epochs_trained == 4


def test_training_goes_on_elsewhere_from_the_stored_weights(tmp_path, monkeypatch, tiny):
    first = recipe_runs.run_slice(tiny, epochs_now=2)
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "another machine"))
    last = recipe_runs.run_slice(tiny)
    assert (first.epochs_trained, last.epochs_trained) == (2, 4)
    assert [row["epoch"] for row in registry.load_history("tiny")] == [1, 2, 3, 4]
    # Plain gradient descent has no moments: four epochs in two places end where four in one do, but for float16.
    whole = recipe_runs.run_recipe(replace(tiny, model_id="whole"))
    assert last.figures["at_one"] == pytest.approx(whole.figures["at_one"], abs=1e-3)


def test_a_model_stays_until_its_rate_is_at_zero_again(monkeypatch, tiny, capsys):
    training = replace(tiny.training, epochs=2, schedule="cosine")
    short = replace(tiny, training=training)
    longer = replace(tiny, training=replace(training, epochs=5, restart_epochs=(2,)))
    recipe_runs.run_slice(short)
    whole, run_slice = registry.load_card("tiny"), recipe_runs.run_slice
    assert whole.figures
    assert recipe_runs.run_slice(longer, minutes=0) is None
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": longer})
    with monkeypatch.context() as stopped:
        stopped.setattr(recipe_runs, "run_slice", lambda recipe, **_: run_slice(recipe, epochs_now=1))
        assert main(["train", "tiny"]) == 0
    said = "tiny: at epoch 3; the stored one of 2 stays until epoch 5, where the rate is at zero again; what was begun is kept"
    assert said in capsys.readouterr().out
    assert registry.load_card("tiny") == whole
    assert main(["train", "--all"]) == 0  # in slices of one epoch
    card = registry.load_card("tiny")
    assert (card.epochs_trained, card.epochs_asked, bool(card.figures)) == (5, 5, True)
    assert [row["epoch"] for row in registry.load_history("tiny")] == [1, 2, 3, 4, 5]


def stored_files(model_id):
    return {path.name: path.read_bytes() for path in (paths.MODELS / model_id).iterdir()}


def test_what_does_worse_on_validation_stays_in_its_checkpoint_until_it_is_whole(monkeypatch, tiny, capsys):
    found = iter([30.0, 40.0, 20.0, 25.0])  # minutes off on validation pictures, run after run

    def samples(model):
        """One vector's picture: the model's weight, which rises from 0 to 2, as a tone."""
        return np.full((1, 8, 8, 3), 100 * model.get_weights()[0][0, 0], np.uint8)

    recipe = replace(tiny, calibrate=lambda model: {recipes.VALIDATION_MINUTES: next(found)}, samples=samples)
    monkeypatch.setattr(catalogue, "all_recipes", lambda: {"tiny": recipe})
    run_slice = recipe_runs.run_slice
    assert run_slice(recipe, epochs_now=1).epochs_trained == 1
    first = stored_files("tiny")
    assert sorted(first) == ["card.json", "history.csv", "model.keras", "samples.webp"]
    with monkeypatch.context() as stopped:
        stopped.setattr(recipe_runs, "run_slice", lambda recipe, **_: run_slice(recipe, epochs_now=1))
        assert main(["train", "tiny"]) == 0
    said = "tiny: at epoch 2 it does worse on validation pictures than the stored one of 1, which stays; what was begun is kept"
    assert said in capsys.readouterr().out
    assert stored_files("tiny") == first, "model, card and samples belong together"
    assert (registry.load_card("tiny").epochs_trained, recipes.epochs_begun(recipe)) == (1, 2)
    better = run_slice(recipe, epochs_now=1)
    assert (better.epochs_trained, better.extra[recipes.VALIDATION_MINUTES]) == (3, 20.0)
    assert better.extra["snapshots"] == [1, 2, 3]
    assert load_snapshots("tiny")[1].shape == (3, 1, 8, 8, 3)
    whole = run_slice(recipe)  # worse, but as it was specified
    assert (whole.epochs_trained, whole.extra[recipes.VALIDATION_MINUTES]) == (4, 25.0)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        # A classifier that is more and more sure of more and more pictures: its loss is no reason.
        ({"val_loss": 3.1, "validation_minutes": 69.4}, {"val_loss": 3.3, "validation_minutes": 43.8}, ""),
        ({"val_loss": 3.1, "val_accuracy": 0.5}, {"val_loss": 3.3, "val_accuracy": 0.5}, ""),
        (
            {"val_loss": 3.1, "val_accuracy": 0.5},
            {"val_loss": 3.0, "val_accuracy": 0.4},
            "val_accuracy is 0.4 and that of the stored one 0.5",
        ),
        (
            {"val_loss": 3.1, "validation_minutes": 9.0},
            {"val_loss": 3.2},
            "val_loss is 3.2 and that of the stored one 3.1",
        ),
        ({"loss": 1.0}, {"loss": 2.0}, ""),
    ],
)
def test_the_figure_that_both_have_and_matters_most_decides(tiny, before, after, why):
    card = recipe_runs.run_slice(tiny, epochs_now=1)

    def told(figures):
        extra = {name: value for name, value in figures.items() if not name.endswith(("loss", "accuracy"))}
        last = {name: figures[name] for name in figures if name not in extra}
        # The first epoch, alike in both, has no say.
        return replace(card, extra=extra), [{"epoch": 1.0} | dict.fromkeys(last, 0.7), {"epoch": 2.0} | last]

    stored, history = told(before)
    registry.save_trained(registry.load_trained("tiny").model, stored, history)
    assert recipes.why_stored_stays(*told(after)) == why
    assert recipes.why_stored_stays(*told(before)) == ""


def test_a_part_of_an_epoch_leaves_what_is_stored(tiny):
    recipe_runs.run_slice(tiny, epochs_now=2)
    stored = registry.load_card("tiny")
    assert recipe_runs.run_slice(tiny, minutes=0) is None
    assert registry.load_card("tiny") == stored


def test_without_resume_training_begins_anew(tiny):
    recipe_runs.run_slice(tiny, epochs_now=1)
    assert recipe_runs.run_slice(tiny, epochs_now=1, resume=False).epochs_trained == 1


def test_train_names_the_known_recipes(tiny, capsys):
    assert main(["train", "nonsense"]) == 2
    assert "tiny" in capsys.readouterr().err


def test_all_takes_studies_in_turn_with_models(tiny, monkeypatch, capsys):
    shares = {"l16-mlp": 0.1}

    def run_trials(study, *, most, failed, **more):
        print(f"{study.name}: a trial at {shares[study.name]:.1f}")
        shares[study.name] += 0.4
        return [None] if shares[study.name] < 1 else []

    monkeypatch.setattr(study_runs, "runnable_studies", lambda: ["l16-mlp"])
    monkeypatch.setattr(study_runs, "study_share", lambda study: shares[study.name])
    monkeypatch.setattr(study_runs, "run_trials", run_trials)
    assert main(["train", "--all"]) == 0
    lines = [line.split(";")[0] for line in capsys.readouterr().out.splitlines() if ": loss" not in line]
    order = [line for line in lines if "a trial" in line or " of 4 epochs" in line]
    # The model's share is 0, 0.25, 0.5, ... as it stands before each turn.
    assert order[:5] == [
        "tiny: 1 of 4 epochs",
        "l16-mlp: a trial at 0.1",
        "tiny: 2 of 4 epochs",
        "l16-mlp: a trial at 0.5",
        "tiny: 3 of 4 epochs",
    ]
