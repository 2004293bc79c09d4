"""Who steers a live run: the browser that began it, by a secret that is sealed for it."""

from types import SimpleNamespace

import pytest
import streamlit as st

from pages.parts import share, steering


def test_a_cookie_says_the_same_under_every_mask() -> None:
    # 0f0f ^ ff00 = f00f, the mask repeated: 0f0fab ^ ff00ff = f00f54.
    assert steering.browser("2|ff00|0f0fab|1700000000") == "f00f54"
    assert steering.browser("2|0000|f00f54|1800000000") == "f00f54"


@pytest.mark.parametrize("cookie", ["", "2|ff00|0f0fab", "2|zz|0f|17", "1|2|3|4|5", "2||0f|1"])
def test_no_such_cookie_is_no_browser(cookie: str) -> None:
    assert steering.browser(cookie) == ""


def test_a_copied_address_steers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def visit(cookie: str, hand: str = "") -> str:
        monkeypatch.setattr(st, "context", SimpleNamespace(cookies={steering.COOKIE: cookie} if cookie else {}))
        monkeypatch.setattr(st, "session_state", {})
        monkeypatch.setattr(st, "query_params", {share.HAND: hand} if hand else {})
        return steering.owner()

    first = visit("2|ff00|0f0fab|1")
    assert steering.owner() == first  # for the whole visit
    assert visit("2|0000|f00f54|2", first) == first  # a reload: the mask is another
    assert visit("2|0000|f00f55|2", first) != first  # another browser
    assert visit("", first) != first
    alone = visit("")
    assert visit("", alone) == alone  # a server that sets no cookie: the address alone decides
    for forged in (first[:-1], f"{first}0", first.replace(".", "-"), "x" * 64, "a" * 16 + "." + "0" * 32):
        assert visit("2|ff00|0f0fab|1", forged) not in (first, forged)
