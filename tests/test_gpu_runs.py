"""Training on a borrowed GPU: order, pace, parcels; and all of it with nothing but Keras and JAX installed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import gpu_runs
from core.gpu_runs import Pace, in_order
from core.registry import RegistryError

RUN = """
import json, sys
blocked = ("tensorflow", "optuna", "streamlit", "plotly", "tqdm", "skimage", "pandas", "sqlalchemy", "segno", "torch")
for name in blocked:
    sys.modules[name] = None  # as if it were not installed
from dataclasses import replace
from functools import partial
from pathlib import Path
import numpy as np
import keras
from core import catalogue, gpu_runs, parcels, paths, recipes, registry, resident, study_runs
from core.clocks import wild_pool
from core.clocks.wild_data import Mixture
from core.datasets import DATASETS, Dataset, Part
from core.recipes import Recipe
from core.resident import train_resident
from core.specs import TrainSpec
from core.studies import STUDIES
from core.training import ArrayData

root = Path(sys.argv[1])
paths.MODELS, paths.RESULTS = root / "models", root / "results"
said = []

# --- a model: some epochs here, a parcel, the rest elsewhere
def build(spec):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.zeros((1, 1), np.float32)])
    return model

def data(spec):
    x = np.linspace(0, 1, 8, dtype=np.float32)[:, None]
    return ArrayData(x, 2 * x, valid=(x, 2 * x))

from core.specs import ReportNetSpec
recipe = Recipe("report23-tiny", "t", "s", "n", ReportNetSpec("2023", "hours"), TrainSpec(4, 4, 0.1), "d", "l", build, data,
                lambda: ("mse", None, None), lambda model: {"at_one": float(model(np.ones((1, 1), np.float32))[0, 0])})
other = replace(recipe, model_id="cifar10-tiny")
gpu_runs.all_recipes = lambda: {one.model_id: one for one in (other, recipe)}
gpu_runs.RESERVE = 0
gpu_runs.best_train = lambda: train_resident
import core.recipe_runs
core.recipe_runs.best_train = lambda: train_resident
resident.SAVED_SECONDS = 0
half = gpu_runs.run_recipe
gpu_runs.run_recipe = partial(half, epochs_now=2)
gpu_runs.missing_data = lambda: []
gpu_runs.train_on_gpu(["cifar10-tiny", "report23-tiny"], root / "out", minutes=5, say=said.append)
parts = sorted(path.name for path in (root / "out").iterdir())
import os
os.environ["LATENT_OCLOCK_CACHE"] = str(root / "another machine")
paths.MODELS = root / "models there"
gpu_runs.run_recipe = half
gpu_runs.train_on_gpu(["report23-tiny"], root / "out there", minutes=5, sources=[root / "out"], say=said.append)
card = registry.load_card("report23-tiny")
home = parcels.take(root / "out there", models=root / "models")
again = parcels.take(root / "out there", models=root / "models")
gpu_runs.SYSTEMS = ("report23-tiny",)
gpu_runs.estimate("report23-tiny", epochs=2, say=said.append)

# --- a study
study = next(study for study in STUDIES.values() if study.needs == ("fashion-mnist",))
def small(trial):
    run = replace(trial.run, training=replace(trial.run.training, epochs=1), pictures=20)
    return replace(trial, run=run, pictures_asked=20)
study = replace(study, trials=tuple(small(trial) for trial in study.trials[:2]), ours=None)
rng = np.random.default_rng(0)
part = Part(rng.integers(0, 256, (20, 28, 28, 1), dtype=np.uint8), np.arange(20) % 10)
study_runs.is_available = lambda name: True
results = study_runs.run_trials(study, full=True, load=lambda name: Dataset(DATASETS[name], part, part, part),
                                folder=root / "results", say=said.append)
left = study_runs.waiting_trials(study, full=True, folder=root / "results")
share = study_runs.study_share(study, root / "results")

# --- a pool of drawn pictures
import jax.numpy as jnp
from core.clocks.wild_data import KNOWN, wild_targets
known = np.full((2, KNOWN), np.nan, np.float32)
known[0, :4] = 75, 1, 0.5, 0.25
known[1, 1] = 0
targets = wild_pool.pool_targets(jnp.asarray(known), 2.0)
alike = all(np.allclose(targets[name], value, atol=1e-5, equal_nan=True) for name, value in wild_targets(known, 2.0).items())
import jax
spot = np.zeros((40, 33, 33), np.uint8)
spot[:, 8, 20] = 255  # y, x
where = np.full((40, KNOWN), np.nan, np.float32)
where[:, 2], where[:, 3] = 20 / 32, 8 / 32
pictures, moved = wild_pool.varied(jnp.asarray(spot), jnp.asarray(where), jax.random.key(3))
pictures, moved = np.asarray(pictures), np.asarray(moved)
found = [np.unravel_index(picture.argmax(), picture.shape) for picture in pictures]
off = [max(abs(x - 32 * m[2]), abs(y - 32 * m[3])) for (y, x), m in zip(found, moved)]

def reads():
    inputs = keras.Input((32, 32, 1))
    return keras.Model(inputs, {"readable": keras.layers.Dense(1, "sigmoid", name="readable")(keras.layers.Flatten()(inputs))})

class Readable(wild_pool.OnPool):
    def _batch(self, arrays, chosen, key):
        x, targets = super()._batch(arrays, chosen, key)
        return x, {"readable": targets["readable"]}

wild_pool.FIRST, wild_pool.ADDED, wild_pool.CHUNK = 8, 8, 4
spec = TrainSpec(epochs=2, batch_size=4, seed=1)
drawn = wild_pool.PooledWildData(Mixture(32), 12, spec, workers=0, valid_pictures=2)
drawn.engine = lambda model, data, spec: Readable(model, drawn, spec)
drawn.valid = drawn.valid[0], {"readable": drawn.valid[1]["readable"]}
pooled = train_resident(reads(), drawn, spec, loss={"readable": "binary_crossentropy"})

print(json.dumps({
    "said": said, "parts": parts, "card": [card.epochs_trained, card.device], "home": home, "again": again,
    "study": [[result.epochs_trained for result in results], len(left), share],
    "pool": [alike, float(max(off)), float(np.abs(moved[:, 2:4] - where[:, 2:4]).max()), pooled.epochs_trained,
             sorted(pooled.history[0])],
    "loaded": [name for name in blocked if sys.modules.get(name) is not None],
}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    pytest.importorskip("jax")
    place = tmp_path_factory.mktemp("gpu")
    root = Path(__file__).resolve().parent.parent
    # Compiling takes nearly all of the time: without optimisation, and what is compiled once is not compiled again.
    fast = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_COMPILATION_CACHE_DIR": str(place / "compiled")}
    fast["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    here = {"KERAS_BACKEND": "jax", "PYTHONPATH": str(root), "LATENT_OCLOCK_CACHE": str(place / "cache")}
    environment = {**os.environ, **fast, **here}
    run = subprocess.run([sys.executable, "-c", RUN, str(place)], capture_output=True, text=True, env=environment, timeout=900)
    assert run.returncode == 0, run.stderr[-3000:]
    return dict(json.loads(run.stdout.splitlines()[-1]))


def test_nothing_else_is_needed(found: dict) -> None:
    assert found["loaded"] == []


def test_a_model_goes_on_on_another_machine_and_comes_home(found: dict) -> None:
    assert found["parts"] == ["parcel-00.part"]
    lines = found["said"]
    trained = [line for line in lines if " of 4 epochs; " in line and not line.startswith("found")]
    assert [line.split(":")[0] for line in trained] == ["report23-tiny", "cifar10-tiny", "report23-tiny"]
    assert trained[0].split(": ")[1].startswith("2 of 4 epochs; ")
    assert "pictures a second" in trained[0]
    assert "of the time waiting for data" in trained[0]
    assert any(line.startswith("found in out: report23-tiny: taken: 2 of 4 epochs; checkpoint of epoch 2") for line in lines)
    assert found["card"][0] == 4
    assert found["home"] == {"report23-tiny": "taken: 4 of 4 epochs"}
    assert found["again"] == {"report23-tiny": "left, the stored one has 4 epochs"}
    assert any(line.startswith("report23-tiny: a full run of 4 epochs takes about") for line in lines)


def test_a_study_without_a_storage(found: dict) -> None:
    assert found["study"] == [[1, 1], 0, 1.0]


def test_a_pool_of_drawn_pictures(found: dict) -> None:
    alike, off, moved, epochs, names = found["pool"]
    assert alike
    assert off < 1.5  # pixels between a spot and where it is said to be
    assert moved > 0.05
    assert epochs == 2
    assert {"loss", "val_loss", "seconds_waiting"} <= set(names)


def test_what_users_notice_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"reader-report": 1.0, "reader-small": 0.5, "gan-faces": 0.2}
    monkeypatch.setattr(gpu_runs, "share_trained", lambda recipe: shares.get(recipe.model_id, 0.0))
    monkeypatch.setattr(gpu_runs, "study_share", lambda study: 0.3 if study.name == "l16-mlp" else 0.0)
    monkeypatch.setattr(gpu_runs, "load_study", lambda name: gpu_runs.STUDIES[name])
    order = in_order([])
    assert order[0] == "reader"
    places = [order.index(name) for name in ("reader-small", "gan-leaves", "gan-faces", "vae-faces", "report23-regression")]
    assert places == sorted(places)
    places = [order.index(name) for name in ("report22-classes-24", "l16-cnn", "l16-mlp", "fashion-best", "cifar10-best")]
    assert places == sorted(places)
    assert in_order(["l16-mlp", "reader"]) == ["reader", "l16-mlp"]
    with pytest.raises(RegistryError, match="no recipe or study is called 'nobody'"):
        in_order(["nobody"])


def test_pace_by_hand() -> None:
    pace = Pace(batch_size=32)
    assert str(pace) == "no whole epoch"
    pace.on_step(5, 10, {})
    for seconds, waited in ((9.0, 0.0), (2.0, 0.5), (2.0, 0.5), (4.0, 1.0)):
        pace.on_epoch({"seconds": seconds, "seconds_waiting": waited})
    assert pace.epoch_seconds == 2
    assert pace.pictures_per_second == 160
    assert pace.waiting_share == 0.25
    assert str(pace) == "160 pictures a second, 25.0 % of the time waiting for data, 2.00 s an epoch"


def test_the_pace_of_a_study_counts_the_pictures_of_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """4 epochs of 1,000 pictures and 2 of 500 in 10 seconds, 2.5 of them without a batch."""
    results = [
        SimpleNamespace(spec=SimpleNamespace(pictures=pictures), epochs_trained=epochs, history=[{"seconds_waiting": 1.25}])
        for epochs, pictures in ((4, 1000), (2, 500))
    ]
    now, said = iter((100.0, 110.0)), list[str]()
    monkeypatch.setattr(gpu_runs, "time", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.setattr(gpu_runs, "load_study", lambda name: gpu_runs.STUDIES[name])
    monkeypatch.setattr(gpu_runs, "run_trials", lambda study, **more: results)
    assert gpu_runs._study("l16-mlp", 1.0, said.append)
    assert said == ["l16-mlp: 2 trials, 500 pictures a second with building and compiling, 25.0 % of the time waiting for data"]
