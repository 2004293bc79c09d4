"""The load script: its figures by hand, and two visitors who go all the way through the real app."""

import asyncio
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from tests.load import run
from tests.load.run import ALL, Tally, measure, missed
from tests.load.visitor import Seen, Trouble, Visitor
from tests.served import Server, visitors


async def answered(seconds: float, html: str) -> Seen:
    return Seen(seconds, 2000, html, {})


def test_a_tally_by_hand() -> None:
    tally = Tally()
    for seconds in (0.1, 0.2, 0.3):
        asyncio.run(tally.of("drop", answered(seconds, "10_08.png, read as"), "read as"))
    asyncio.run(tally.of("gamma", answered(1.1, "gamma 2.0"), "gamma"))
    with pytest.raises(Trouble, match="does not show 'read as'"):
        asyncio.run(tally.of("drop", answered(0.1, "nothing"), "read as"))
    with pytest.raises(Trouble, match="no widget 'gammas'"):
        asyncio.run(tally.of("walk", answered(0.1, "Latent space"), "Latent space", "gammas"))
    row = tally.row("drop")
    assert (row["n"], row["failures"], row["p50_s"], row["longest_s"], row["kilobytes"]) == (4, 1, "0.200", "0.300", "2")
    assert row["p95_s"] == "0.290"  # nine tenths of the way from 0.2 to 0.3
    assert (tally.row(ALL)["n"], tally.row(ALL)["failures"], tally.row(ALL)["longest_s"]) == (6, 2, "1.100")


def test_goals_that_are_missed_are_named() -> None:
    good = {"action": ALL, "failures": 0, "n": 9, "p95_s": "1.900", "memory_mb_per_session": "14.0"}
    assert missed([good]) == []
    assert missed([good | {"failures": 2}]) == ["2 of 9 actions failed"]
    assert missed([good | {"p95_s": "2.100"}]) == ["95% of the actions took up to 2.100 s, more than 2"]
    assert missed([good | {"memory_mb_per_session": "15.1"}]) == ["a visitor cost 15.1 MB, more than 15"]


def test_a_server_that_hangs_up_is_trouble_and_no_crash() -> None:
    class Gone:
        async def send(self, message: bytes) -> None:
            raise ConnectionClosedError(None, None)

        async def recv(self) -> bytes:
            raise ConnectionClosedError(None, None)

    visitor = Visitor("http://127.0.0.1:1")
    visitor._socket, visitor._page, visitor._values = Gone(), "", {}  # type: ignore[assignment]
    with pytest.raises(Trouble, match="the server hung up"):
        asyncio.run(visitor.go("home"))
    with pytest.raises(Trouble, match="the server hung up"):
        asyncio.run(visitor._next(0.0))


def test_two_visitors_go_all_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEPT_SECONDS", "SETTLE_SECONDS"):  # memory is not what is judged here
        monkeypatch.setattr(run, name, 1)
    server = Server(tmp_path / "log.txt", options=("--server.disconnectedSessionTTL", "1"))
    said: list[str] = []
    try:
        rows = asyncio.run(measure(server.url, server.memory, 2, 1, 0.1, say=said.append))
        assert visitors(server.url) == 0
    finally:
        server.stop()
    assert [row["action"] for row in rows] in (
        ["open", "drop", "gamma", "walk", "back", ALL],
        ["open", "drop", "gamma", "compare", "back", ALL],
    )
    assert [(row["n"], row["failures"]) for row in rows] == [(2, 0)] * 5 + [(10, 0)], said
    assert any("2 connected" in words for words in said)
    assert float(rows[-1]["memory_before_mb"]) > 100
    assert rows[-1]["device"]
