"""What Back, a link and another page's visit do to choices that the session keeps, with a browser's part played by hand."""

from types import SimpleNamespace

import pytest

from pages.parts import history, share


class Address(dict[str, list[str]]):
    """A URL's parameters as Streamlit gives them; counts the entries that the browser's history gets."""

    entries = 0

    def __setitem__(self, key: str, value: str | list[str]) -> None:
        self.update({key: value})

    def update(self, values: dict[str, str | list[str]]) -> None:  # type: ignore[override]
        self.entries += 1
        super().update({key: value if isinstance(value, list) else [value] for key, value in values.items()})

    def get_all(self, key: str) -> list[str]:
        return list(self.get(key, []))


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    found = SimpleNamespace(session_state={}, query_params=Address())
    monkeypatch.setattr(history, "st", found)
    return found


def visit(browser: SimpleNamespace, page: str, *held: str, **told: str) -> Address:
    """The browser asks for a page with this URL; the page takes ``held`` from there where the session has no such thing."""
    browser.query_params = Address({key: [value] for key, value in told.items()})
    history.follow(page)
    for key in held:
        if key not in browser.session_state and browser.query_params.get_all(key):
            browser.session_state[key] = browser.query_params.get_all(key)[0]
    history.note(page)
    return browser.query_params


def test_back_to_another_choice_and_back_to_none(browser: SimpleNamespace):
    visit(browser, "compare_training", "pick", pick="3")
    history.tell("pick", "7")
    visit(browser, "compare_training", "pick", pick="7")
    assert browser.session_state["pick"] == "7"
    visit(browser, "compare_training", "pick", pick="3")
    assert browser.session_state["pick"] == "3"
    visit(browser, "compare_training", "pick")
    assert "pick" not in browser.session_state


def test_what_a_fragment_told_is_known_without_a_run_of_the_page(browser: SimpleNamespace):
    visit(browser, "latent_space", "at", at="10")
    history.tell("at", "15")
    visit(browser, "latent_space", "at", at="10")  # Back
    assert browser.session_state["at"] == "10"
    history.tell("at", "20")
    visit(browser, "")
    assert visit(browser, "latent_space", "at") == {"at": ["20"]}


def test_back_on_a_page_its_choices_are_in_the_url_in_one_step(browser: SimpleNamespace):
    visit(browser, "compare_training", "pick", "beside", pick="3", beside="5")
    assert visit(browser, "") == {}
    found = visit(browser, "compare_training", "pick", "beside")
    assert (found, found.entries) == ({"pick": ["3"], "beside": ["5"]}, 1)


def test_a_link_goes_before_what_the_session_holds_and_a_section_is_no_frame(browser: SimpleNamespace):
    visit(browser, "latent_space", "at", at="30")
    visit(browser, "compare_training", "pick", pick="3", at="effects")
    assert browser.session_state == browser.session_state | {"at": "30", "pick": "3"}
    visit(browser, "", present="on")
    visit(browser, "compare_training", "pick", pick="4", present="on")
    assert browser.session_state["pick"] == "4"
    assert history.followed("pick")
    assert visit(browser, "latent_space", "at") == {"at": ["30"]}


def test_while_presenting_choices_come_back_into_the_url_too(browser: SimpleNamespace):
    visit(browser, "latent_space", "at", at="30", present="on")
    visit(browser, "", present="on")
    assert visit(browser, "latent_space", "at", present="on") == {"present": ["on"], "at": ["30"]}


def test_what_the_url_never_said_is_not_put_into_it(browser: SimpleNamespace):
    browser.session_state["spot"] = "4"  # what a page begins with
    visit(browser, "latent_space", "at", at="30")
    visit(browser, "")
    assert visit(browser, "latent_space", "at") == {"at": ["30"]}
    assert browser.session_state["spot"] == "4"


def test_a_link_carries_every_value_of_a_choice_and_nothing_of_the_presenters(monkeypatch: pytest.MonkeyPatch):
    told = Address({"brush": ["rate:1:2", "batch:3:4"], "hand": ["secret"], "present": ["on"], "demo": ["2"], "pick": ["7"]})
    monkeypatch.setattr(share, "st", SimpleNamespace(query_params=told))
    assert share.params() == [("brush", "rate:1:2"), ("brush", "batch:3:4"), ("pick", "7")]
