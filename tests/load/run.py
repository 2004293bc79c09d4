"""What a class does to the app: so many visitors at once, how long each action takes them, and what memory it costs.

``python tests/load/run.py --sessions 40 --out assets/results/load.csv`` starts the app, lets one visitor load whatever loads
when first used, and then lets the class in; with ``--url`` it visits one that runs already, perhaps behind a proxy. Every
visitor opens 'Tell the time' over a WebSocket of its own, and in each round drops a picture that nobody dropped before, moves
gamma, walks through the latent space and comes back, with pauses between. An action ends when the page's script has finished
and shows what was asked for. Visitors and server share the machine's cores. With ``--classes 2`` another class comes when the
first has left: memory that the first gave back, to the process or to the system, the second need not take anew.
"""

import argparse
import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from core.clocks.face import render  # noqa: E402
from core.clocks.time import MINUTES, ClockTime  # noqa: E402
from core.registry import list_cards  # noqa: E402
from core.sheets import encode  # noqa: E402
from core.studies import STUDIES  # noqa: E402
from core.tables import write_table  # noqa: E402
from tests.load.visitor import Seen, Trouble, Visitor  # noqa: E402
from tests.served import Server, visitors  # noqa: E402

WARM_SECONDS = 600.0  # that whatever loads when first used may take on a busy machine
KEPT_SECONDS = 5  # that the server keeps the state of a visitor who left; 120 in a lecture
LEAVING_TRIES = 25
SETTLE_SECONDS = 3.0  # after which memory is looked at
MOST_SECONDS, MOST_SHARE = 2.0, 0.95  # the goal: this share of the actions is answered within so many seconds
MOST_MEGABYTES = 15.0  # the goal: what a visitor costs
ALL = "all"
Rows = list[dict[str, Any]]


@dataclass
class Tally:
    """Seconds and kilobytes of each action, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    kilobytes: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)

    async def of(self, action: str, doing: Awaitable[Seen], shows: str, widget: str = "") -> Seen:
        """Wait for an action and note how long it took; ``Trouble`` when it fails.

        Or when the page does not show ``shows``, or lacks the widget of that key, which stands at its end.
        """
        try:
            seen = await doing
            if shows not in seen.html:
                raise Trouble(f"the page does not show {shows!r}")
            if widget and widget not in seen.widgets:
                raise Trouble(f"the page has no widget {widget!r}")
        except (OSError, Trouble, ConnectionError, TimeoutError) as error:
            self.failures.setdefault(action, []).append(f"{type(error).__name__}: {error}")
            raise Trouble(str(error)) from error
        self.seconds.setdefault(action, []).append(seen.seconds)
        self.kilobytes.setdefault(action, []).append(seen.bytes / 1000)
        return seen

    def row(self, action: str) -> dict[str, Any]:
        """What one action came to, or all of them."""
        actions = [*{*self.seconds, *self.failures}] if action == ALL else [action]
        took = [value for name in actions for value in self.seconds.get(name, [])]
        sent = [value for name in actions for value in self.kilobytes.get(name, [])]
        failed = sum(len(self.failures.get(name, [])) for name in actions)
        quantiles = np.quantile(took, [0.5, 0.95, 1.0]) if took else [float("nan")] * 3
        named = zip(("p50_s", "p95_s", "longest_s"), quantiles, strict=True)
        return {
            "action": action,
            "n": len(took) + failed,
            "failures": failed,
            **{name: f"{value:.3f}" for name, value in named},
            "kilobytes": f"{np.median(sent) if sent else 0:.0f}",
        }


# --- one visitor ------------------------------------------------------------------------------------------------------


def can_walk() -> bool:
    """Whether a model is stored that makes pictures."""
    return any(card.network.startswith("core.generators.") and card.extra.get("kind") for card in list_cards())


async def walk(visitor: Visitor, tally: Tally, rng: random.Random, walks: bool) -> Seen:
    """A walk between two vectors that nobody chose before; without a stored generator another page that draws: a study."""
    if walks:
        ends = f"start={rng.randrange(1, 9999)}&end={rng.randrange(1, 9999)}"
        return await tally.of("walk", visitor.go("latent_space", ends), "Latent space", "walk")
    study = rng.choice(list(STUDIES))
    return await tally.of("compare", visitor.go("compare_training", f"study={study}"), "Compare training")


async def visit(
    visitor: Visitor, seed: int, rounds: int, think: float, walks: bool, tally: Tally, stay: Callable[[], Awaitable[object]]
) -> None:
    """One visitor from coming to leaving. think: mean seconds between actions. stay: awaited before the visitor leaves."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0, think))
    async with visitor:
        try:
            seen = await tally.of("open", visitor.go("tell_the_time"), "Tell the time")
            for turn in range(rounds):
                await asyncio.sleep(rng.uniform(0.5, 1.5) * think)
                name = f"visitor-{seed}-{turn}.png"
                clock = render(ClockTime.from_minutes(rng.randrange(MINUTES)), seed=(seed, turn)).image
                doing = visitor.drop(seen, "files", name, encode(clock, "PNG"))
                seen = await tally.of("drop", doing, f"{name}, read as", "gammas")
                await asyncio.sleep(rng.uniform(0.5, 1.5) * think)
                gamma = rng.randrange(5, 51) / 10
                seen = await tally.of("gamma", visitor.slide(seen, "gamma", gamma), f"gamma {gamma:.1f}", "gammas")
                await asyncio.sleep(rng.uniform(0.5, 1.5) * think)
                await walk(visitor, tally, rng, walks)
                await asyncio.sleep(rng.uniform(0.5, 1.5) * think)
                seen = await tally.of("back", visitor.go("tell_the_time"), "Tell the time")
        except Trouble:
            pass  # it is in the tally; whoever had it does not go on
        await stay()


# --- a class ----------------------------------------------------------------------------------------------------------


async def device_when_warm(url: str) -> str:
    """Wait until the app has loaded its first model; what it says that it computes on."""
    end = time.monotonic() + WARM_SECONDS
    async with Visitor(url, WARM_SECONDS) as visitor:
        seen = await visitor.go("")
        while "lo-warm" not in seen.html:
            if time.monotonic() > end:
                raise Trouble(f"the models are not loaded after {WARM_SECONDS:.0f} seconds")
            await asyncio.sleep(0.5)
            seen = await visitor.again()
    # The note stands there once for each time that it was drawn: the last one knows.
    found = re.findall(r'class="lo-device[^>]*>.*?<span>(.*?)</span>', seen.html, re.DOTALL)
    return unescape(found[-1]) if found else ""


async def nothing() -> None:
    """A visitor who leaves when done."""


async def measure(
    url: str,
    memory: Callable[[], float],
    sessions: int,
    rounds: int,
    think: float,
    number: int = 1,
    say: Callable[[str], object] = print,
) -> Rows:
    """The rows of the table: one an action, and one for all together.

    memory: -> megabytes that the app holds now. number: of the class; each drops pictures of its own.
    """
    device, walks = await device_when_warm(url), can_walk()
    if not walks:
        say("No model that makes pictures is stored, so nobody walks: each visitor looks at a study instead.")
    first = Tally()
    await visit(Visitor(url, WARM_SECONDS), 0, 1, 0, walks, first, nothing)
    if first.failures:
        raise Trouble(f"the first visitor had trouble already: {first.failures}")
    before = await settled(url, memory)
    say(f"{before:.0f} MB before; {sessions} visitors, {rounds} rounds, {think:g} seconds between actions on average")

    tally, leave = Tally(), asyncio.Event()
    first_seed = 1000 * number
    acting = {seed: asyncio.Event() for seed in range(first_seed, first_seed + sessions)}

    async def one(seed: int) -> None:
        async def stay() -> None:
            acting[seed].set()
            await leave.wait()

        try:
            await visit(Visitor(url), seed, rounds, think, walks, tally, stay)
        except (OSError, TimeoutError, Trouble) as error:  # not even let in
            tally.failures.setdefault("open", []).append(f"{type(error).__name__}: {error}")
        finally:
            acting[seed].set()

    class_ = [asyncio.create_task(one(seed)) for seed in acting]
    for event in acting.values():
        await event.wait()
    connected = await asyncio.to_thread(visitors, url)
    during = await asyncio.to_thread(memory)
    leave.set()
    await asyncio.gather(*class_)
    after = await settled(url, memory)
    say(f"{during:.0f} MB with {connected} connected, {after:.0f} MB after they left")
    for action, words in tally.failures.items():
        say(f"{action} failed {len(words)} times, first: {words[0]}")
    shared = {
        "memory_before_mb": f"{before:.0f}",
        "memory_mb_per_session": f"{(during - before) / sessions:.1f}",
        "memory_returned_mb": f"{during - after:.0f}",
        "think_s": f"{think:g}",
        "device": device,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    actions = [
        name for name in ("open", "drop", "gamma", "walk", "compare", "back") if name in {*tally.seconds, *tally.failures}
    ]
    return [
        {"class": number, "sessions": sessions, "rounds": rounds, **tally.row(action), **shared} for action in (*actions, ALL)
    ]


async def settled(url: str, memory: Callable[[], float]) -> float:
    """Megabytes once everybody has left and the server has forgotten them."""
    for _ in range(LEAVING_TRIES):  # others may visit an app that was running already
        if not await asyncio.to_thread(visitors, url):
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(KEPT_SECONDS + 1)
    async with Visitor(url) as visitor:  # whose coming and going has the server look which kept states are old
        await visitor.go("")
    await asyncio.sleep(SETTLE_SECONDS)
    return await asyncio.to_thread(memory)


def missed(rows: Rows) -> list[str]:
    """The goals that a table misses, in words."""
    found = []
    for whole in (row for row in rows if row["action"] == ALL):
        if whole["failures"]:
            found.append(f"{whole['failures']} of {whole['n']} actions failed")
        if float(whole["p95_s"]) > MOST_SECONDS:
            found.append(f"{MOST_SHARE:.0%} of the actions took up to {whole['p95_s']} s, more than {MOST_SECONDS:g}")
        if float(whole["memory_mb_per_session"]) > MOST_MEGABYTES:
            found.append(f"a visitor cost {whole['memory_mb_per_session']} MB, more than {MOST_MEGABYTES:g}")
    return found


async def classes(url: str, memory: Callable[[], float], count: int, sessions: int, rounds: int, think: float) -> Rows:
    """The rows of one class after the other."""
    return [row for number in range(1, count + 1) for row in await measure(url, memory, sessions, rounds, think, number)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=40, help="visitors at once (40)")
    parser.add_argument("--rounds", type=int, default=2, help="of drop, gamma, walk, back, a visitor (2)")
    parser.add_argument("--think", type=float, default=20.0, help="mean seconds between two actions of a visitor (20)")
    parser.add_argument("--classes", type=int, default=1, help="so many one after the other (1)")
    parser.add_argument("--out", type=Path, help="the table, as CSV")
    parser.add_argument("--url", help="of an app that runs already; its memory is not looked at")
    options = parser.parse_args()
    if min(options.sessions, options.rounds, options.classes) < 1 or options.think < 0:
        parser.error("--sessions, --rounds and --classes must be at least 1, --think at least 0")
    asked = (options.classes, options.sessions, options.rounds, options.think)
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # as `make app` and the container start it
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        server = None if options.url else Server(log, options=("--server.disconnectedSessionTTL", str(KEPT_SECONDS)))
        try:
            if server is None:
                rows = asyncio.run(classes(options.url, lambda: float("nan"), *asked))
            else:
                rows = asyncio.run(classes(server.url, server.memory, *asked))
        except Trouble as error:
            print(f"{error}.{f' The log ends: {log.read_text()[-2000:]}' if server else ''}", file=sys.stderr)
            return 1
        finally:
            if server is not None:
                server.stop()
    for row in rows:
        print("  ".join(f"{row[name]:>8}" for name in ("action", "n", "failures", "p50_s", "p95_s", "longest_s", "kilobytes")))
    if options.out:
        write_table(options.out.parent, options.out.name, rows)
    for words in missed(rows):
        print(f"Missed: {words}.", file=sys.stderr)
    return int(bool(missed(rows)))


if __name__ == "__main__":
    sys.exit(main())
