"""The pictures of data sets on page 'Compare training', through Streamlit's own test runner."""

import threading

import numpy as np
import pytest

from core.datasets import DATASETS, DatasetError
from core.progress import progress_bar
from pages.parts import being_read, cached_studies, dataset_browser
from tests.test_compare_training import clean, html, page

pytestmark = pytest.mark.usefixtures("fresh_caches")
BROWSER = "from pages.parts import dataset_browser as tab\ntab.show()"


@pytest.fixture(autouse=True)
def long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are there before the page has to say that they are being read."""
    monkeypatch.setattr(being_read, "AT_ONCE_SECONDS", 60.0)


def samples(name: str) -> dict[str, tuple[list[np.ndarray], list[int]]]:
    info = DATASETS[name]
    pictures = [np.zeros((20, *info.shape), np.uint8) for _ in info.classes]
    return {part: (pictures, [1000] * len(info.classes)) for part in ("train", "valid", "test")}


def test_pictures_of_every_class_and_more_of_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dataset_browser, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_samples", samples)
    running = page(BROWSER)
    text = html(running)
    assert text.count("<img") == 10 * dataset_browser.FEW
    assert "MIT licence" in text
    assert "Every class (10,000 pictures)" in running.selectbox(key="class").options
    text = html(clean(running.selectbox(key="class").select("8").run()))
    assert text.count('alt="Bag, picture') == 20
    assert html(page(BROWSER, data="anime-faces")).count("<img") == 20  # one class: all of it


def test_a_data_set_is_read_beside_the_pages(monkeypatch: pytest.MonkeyPatch):
    go_on, read = threading.Event(), []

    def slow(name: str):
        read.append(name)
        if name == "cifar10":
            progress_bar("reading")(20_000, 50_000)
            assert go_on.wait(120)
        return samples(name)

    monkeypatch.setattr(dataset_browser, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_samples", slow)
    other = page(BROWSER)
    monkeypatch.setattr(being_read, "AT_ONCE_SECONDS", 1.0)
    first, second = (page(BROWSER, data="cifar10") for _ in range(2))
    for waits in (first, second):
        assert "CIFAR-10 is being read: 20,000 of 50,000 pictures, about" in html(waits)
        assert "<img" not in html(waits)
    assert html(clean(other.selectbox(key="class").select("8").run())).count('alt="Bag, picture') == 20  # nobody else waits
    go_on.set()
    cached_studies.reading(cached_studies.SAMPLES, "cifar10").result()
    assert html(clean(first.run())).count("<img") == 10 * dataset_browser.FEW
    assert read == ["fashion-mnist", "cifar10"]


def test_a_data_set_that_cannot_be_read_is_a_sentence_and_can_be_tried_again(monkeypatch: pytest.MonkeyPatch):
    broken = [True]

    def read(name: str):
        if broken.pop():
            raise DatasetError("cifar10.zip is damaged; download it again.")
        return samples(name)

    monkeypatch.setattr(dataset_browser, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_samples", read)
    running = page(BROWSER, data="cifar10")
    assert "Cifar10.zip is damaged; download it again." in html(running)
    broken.append(False)
    assert html(clean(running.run())).count("<img") == 10 * dataset_browser.FEW


def test_a_missing_data_set_is_one_sentence_with_its_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dataset_browser, "is_available", lambda name: False)
    running = page(BROWSER, data="cifar10")
    text = html(running)
    assert "CIFAR-10 is not on this machine" in text
    assert "cifar10.zip" in text
    assert running.button[0].label == "Fetch it now"
