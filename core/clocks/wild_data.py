"""Pictures of all kinds to learn reading from, drawn afresh for every epoch, by as many processes as there are."""

import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.augment import vary
from core.clocks.face import POINTS, render
from core.clocks.painted import PaintedFaces, vary_face, vary_tones
from core.clocks.time import ClockTime, hand_angles, sines_cosines
from core.clocks.wild_blank import no_clock
from core.specs import TrainSpec, check_range, check_whole
from core.training import epoch_order

VALID_SEED = 1
VALID_PICTURES = 500  # of each kind: drawn ones, and painted faces
CHUNK = 32  # pictures a process draws at a time
CHUNKS_AHEAD = 3  # for each process, beside the batch that is asked for
GRACE_SECONDS = 30.0  # that a process goes on drawing after it was asked to end
LOOK_SECONDS = 5.0  # of waiting for pictures, after which to look whether all processes are alive
KNOWN = 2 + 2 * len(POINTS)  # numbers that are known of a picture

Pictures = NDArray[np.uint8]  # (n, side, side)
Known = NDArray[np.float32]  # (n, 32): minutes, readable, x and y of ``POINTS`` as shares of the side; NaN: not taught
Targets = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Mixture:
    """What is drawn. Shares of all pictures: without a clock, of the reports' clock, of painted faces; all else is wild."""

    side: int
    no_clock: float = 0.05
    report: float = 0.15
    faces: float = 0.15
    style: str = "wild"

    def __post_init__(self) -> None:
        check_whole("side", self.side, 32, 512)
        check_range("no_clock + report + faces of Mixture", self.no_clock + self.report + self.faces, 0, 1)


def draw_picture(mixture: Mixture, faces: PaintedFaces | None, seed: tuple[int, ...]) -> tuple[Pictures, Known]:
    """One picture (side, side) of the mixture and what is known of it (32,), from ``seed`` alone.

    Without ``faces`` wild clocks take their share. Of a painted face time and hub are known, of a picture that cannot be
    read only that.
    """
    # Numbers of their own for what is drawn and how: 1 and 2, since a seed that ends with 0 equals the one without it.
    rng, how = np.random.default_rng((*seed, 1)), (*seed, 2)
    side = mixture.side
    kind = float(rng.random())
    minutes = int(rng.integers(720))
    known = np.full(KNOWN, np.nan, np.float32)
    if kind < mixture.no_clock:
        known[1] = 0
        return no_clock(seed=how, side=side), known
    kind -= mixture.no_clock
    if kind < mixture.faces and faces is not None:
        index = int(rng.integers(len(faces)))
        image, hub = vary_face(faces.picture(index), side, rng)
        known[:2] = faces.minutes[index], 1
        known[2:4] = _shares(hub, side)
        return image, known
    report = mixture.faces <= kind < mixture.faces + mixture.report
    face = render(ClockTime.from_minutes(minutes), "report" if report else mixture.style, seed=how, side=side)
    image, points = face.image, face.truth.points.astype(np.float32)
    if report and rng.random() < 0.5:
        image, points = vary(image, points, rng)
    elif report and rng.random() < 0.5:
        image = vary_tones(image, rng)
    known[1] = face.truth.readable
    if face.truth.readable:
        known[0] = face.truth.minutes
        known[2:] = _shares(points, side).ravel()
    return image, known


def _shares(points: NDArray[Any], side: int) -> NDArray[Any]:
    """Pixels as shares of the side; what lies outside is sought at the border."""
    return np.clip(points / (side - 1), 0, 1)


def draw_pictures(
    mixture: Mixture, faces: PaintedFaces | None, seed: tuple[int, ...], indices: NDArray[np.int64]
) -> tuple[Pictures, Known]:
    """Pictures ``indices`` of an epoch: (n, side, side) and (n, 32); picture ``i`` depends on ``(*seed, i)`` alone."""
    images = np.empty((len(indices), mixture.side, mixture.side), np.uint8)
    known = np.empty((len(indices), KNOWN), np.float32)
    for row, index in enumerate(indices.tolist()):
        images[row], known[row] = draw_picture(mixture, faces, (*seed, index))
    return images, known


def unit(images: Pictures) -> NDArray[np.float32]:
    """uint8 (n, side, side) -> float32 (n, side, side, 1) in [0, 1]."""
    return np.divide(images[..., None], 255, dtype=np.float32)


def wild_targets(known: Known, sigma_minutes: float) -> Targets:
    """What ``losses.wild_reader_losses`` compares with; NaN where a picture teaches nothing."""
    minutes = known[:, 0]
    places = known[:, 2:]
    return {
        "bins": np.stack([minutes, np.full_like(minutes, sigma_minutes)], axis=-1),  # (n, 2)
        "hands": sines_cosines(hand_angles(minutes)).astype(np.float32),  # (n, 4)
        "maps": places.reshape(-1, len(POINTS), 2),  # (n, 15, 2)
        "points": places,  # (n, 30)
        "readable": known[:, 1:2],  # (n, 1)
    }


# --- drawing ahead ---------------------------------------------------------------------------------------------------

_Task = tuple[int, NDArray[np.int64]]  # an epoch, and pictures of it
_drawn_by_me: tuple[Mixture, PaintedFaces | None, int] | None = None  # in a process that draws: what


def _begin(told: str, read: Semaphore) -> None:
    """Make this process one that draws what the file ``told`` says: with one thread, and gone when its parent is.

    read: counts the processes that have read the file.

    Signals often go to parent and children alike. The parent then finishes its step, for which it may need pictures, and
    lets its children go: Ctrl-C does nothing here, and SIGTERM has time.
    """
    global _drawn_by_me
    _drawn_by_me = pickle.loads(Path(told).read_bytes())
    read.release()
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _leave_later())
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_later() -> None:
    timer = threading.Timer(GRACE_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _draw(task: _Task) -> tuple[Pictures, Known, float]:
    """Pictures, what is known of them, and the seconds it took."""
    if _drawn_by_me is None:
        raise RuntimeError("this process was not begun as one that draws; start it through WildData")
    mixture, faces, seed = _drawn_by_me
    begun = time.monotonic()
    images, known = draw_pictures(mixture, faces, (seed, task[0]), task[1])
    return images, known, time.monotonic() - begun


def default_workers() -> int:
    """A process for each core but one, at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


@dataclass(eq=False)
class WildData:
    """``size`` fresh pictures an epoch for ``training.train``; picture ``i`` of epoch ``e`` depends on (seed, e, i) alone.

    training: batches are drawn ahead in the order in which a run of it asks for them; others are drawn when asked for.
    faces, valid_faces: painted ones, to learn from and to validate on. workers: processes that draw, 0 for none; the
    pictures are the same with any number. sigma_minutes: width of the soft bins in the first epoch, and from seven tenths
    of the epochs on, those before a restart: wide bins lead, narrow ones sharpen. valid_pictures: at most so many drawn ones
    and so many faces.
    """

    mixture: Mixture
    size: int
    training: TrainSpec
    faces: PaintedFaces | None = None
    valid_faces: PaintedFaces | None = None
    workers: int = field(default_factory=default_workers)
    sigma_minutes: tuple[float, float] = (2.0, 1.0)
    valid_pictures: int = VALID_PICTURES
    valid: tuple[NDArray[np.float32], Targets] = field(init=False)

    def __post_init__(self) -> None:
        check_whole("size", self.size, 1, 100_000_000)
        check_whole("workers", self.workers, 0, 1024)
        images, known = valid_part(self.mixture, self.valid_faces, self.valid_pictures)
        self.valid = unit(images), wild_targets(known, self.sigma_minutes[1])
        self._drawn = (0, 0.0)  # pictures, and the seconds of all processes together that they took
        self._pool: ProcessPoolExecutor | None = None
        self._told = Path()  # what says to its processes what to draw
        self._unread = 0  # processes that have yet to read that
        self._coming: Iterator[_Task] = iter(())
        self._ahead: deque[tuple[_Task, list[Future[tuple[Pictures, Known, float]]]]] = deque()

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], Targets]:
        """Pictures float32 (n, side, side, 1) in [0, 1] and targets, of epoch 0, 1, ...; ``rng`` is not used."""
        if self.workers:
            images, known = self._drawn_ahead((epoch, indices))
        else:
            begun = time.monotonic()
            images, known = draw_pictures(self.mixture, self.faces, (self.training.seed, epoch), indices)
            self.count_drawn(len(indices), time.monotonic() - begun)
        return unit(images), wild_targets(known, self.sigma(epoch))

    def sigma(self, epoch: int) -> float:
        """The width of the soft bins in epoch 0, 1, ..., in minutes."""
        start, end = self.sigma_minutes
        return start + (end - start) * min(1.0, epoch / max(1, self.training.ends[0] * 0.7))

    def rates(self) -> dict[str, float]:
        """``drawn_per_second``: pictures that all processes together can draw, as measured since this was last asked."""
        (pictures, seconds), self._drawn = self._drawn, (0, 0.0)
        return {"drawn_per_second": round(max(1, self.workers) * pictures / seconds, 1)} if seconds else {}

    def count_drawn(self, pictures: int, seconds: float) -> None:
        """For ``rates``."""
        self._drawn = self._drawn[0] + pictures, self._drawn[1] + seconds

    def close(self) -> None:
        """End the processes; a later batch starts new ones. It happens by itself when the data is no longer used."""
        self._ahead.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
            self._told.unlink(missing_ok=True)

    def submit(self, epoch: int, indices: NDArray[np.int64]) -> Future[tuple[Pictures, Known, float]]:
        """Have a process draw these pictures of an epoch: them, what is known of them, and the seconds it took."""
        if self._pool is None:
            # Not as arguments: thousands of names fill the pipe to a new process, and if it ends before it has read them all,
            # whoever began it writes for ever (Python 3.11, ``popen_spawn_posix``).
            handle, name = tempfile.mkstemp(prefix="latent-oclock-", suffix=".pickle")
            with open(handle, "wb") as file:
                pickle.dump((self.mixture, self.faces, self.training.seed), file)
            context = multiprocessing.get_context("spawn")  # a fork would copy the threads of TensorFlow, half dead
            self._told, self._read, self._unread = Path(name), context.Semaphore(0), self.workers
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_begin, initargs=(name, self._read))
            weakref.finalize(self, _let_go, self._pool, self._told)
        while self._unread and self._read.acquire(block=False):
            self._unread -= 1
            if not self._unread:  # at once, so that it does not stay if we are killed
                self._told.unlink(missing_ok=True)
        return self._pool.submit(_draw, (epoch, indices))

    def result(self, future: Future[tuple[Pictures, Known, float]]) -> tuple[Pictures, Known, float]:
        """What ``submit`` promised; ``BrokenProcessPool`` if a process that draws has died.

        One that dies in the middle of handing pictures over leaves the pool waiting for the rest of them (Python 3.11). The
        pool finds out when nobody else can write into its pipe.
        """
        while True:
            died = [process for process in self._processes() if not process.is_alive()]
            done, _ = wait([future], LOOK_SECONDS)
            if done:
                return future.result()
            if died and self._pool is not None:  # the pool has had time to see it by itself
                for process in self._processes():
                    process.kill()
                    process.join()
                self._pool._result_queue._writer.close()  # type: ignore[attr-defined]

    def _processes(self) -> list[Any]:
        return list((getattr(self._pool, "_processes", None) or {}).values())

    def _drawn_ahead(self, task: _Task) -> tuple[Pictures, Known]:
        if not self._ahead or not _same(self._ahead[0][0], task):  # the first batch, or a run that goes on elsewhere
            for _, futures in self._ahead:
                for future in futures:
                    future.cancel()
            self._ahead.clear()
            self._coming = self._from(task)
        enough = len(task[1]) + CHUNK * CHUNKS_AHEAD * self.workers
        while sum(len(indices) for (_, indices), _ in self._ahead) < enough:
            epoch, indices = next(self._coming)
            chunks = [indices[start : start + CHUNK] for start in range(0, len(indices), CHUNK)]
            self._ahead.append(((epoch, indices), [self.submit(epoch, chunk) for chunk in chunks]))
        _, futures = self._ahead.popleft()
        parts = [self.result(future) for future in futures]
        self.count_drawn(len(task[1]), sum(seconds for _, _, seconds in parts))
        return np.concatenate([images for images, _, _ in parts]), np.concatenate([known for _, known, _ in parts])

    def _from(self, task: _Task) -> Iterator[_Task]:
        """``task``, then the batches that follow it in training, without end."""
        yield task
        epoch, indices = task
        order = epoch_order(self.size, self.training.seed, epoch)
        done = int(np.flatnonzero(order == indices[-1])[0]) + 1
        while True:
            for start in range(done, self.size, self.training.batch_size):
                yield epoch, order[start : start + self.training.batch_size]
            epoch, done = epoch + 1, 0
            order = epoch_order(self.size, self.training.seed, epoch)


def _let_go(pool: ProcessPoolExecutor, told: Path) -> None:
    pool.shutdown(wait=False, cancel_futures=True)
    told.unlink(missing_ok=True)


def _same(one: _Task, other: _Task) -> bool:
    return one[0] == other[0] and np.array_equal(one[1], other[1])


def validation_faces(faces: PaintedFaces, count: int = VALID_PICTURES) -> list[int]:
    """Which of ``faces`` a run is validated on, at most ``count`` of them: the same ones in every run."""
    return np.random.default_rng(VALID_SEED).permutation(len(faces))[:count].tolist()


def valid_part(mixture: Mixture, faces: PaintedFaces | None, count: int = VALID_PICTURES) -> tuple[Pictures, Known]:
    """What a run is validated on: ``count`` wild pictures of another seed, then at most so many of ``faces`` as they are."""
    wild = Mixture(mixture.side, no_clock=mixture.no_clock, report=0.0, faces=0.0, style=mixture.style)
    images, known = draw_pictures(wild, None, (VALID_SEED,), np.arange(count))
    if faces is None:
        return images, known
    chosen = validation_faces(faces, count)
    side = mixture.side
    painted = np.stack([cv2.resize(faces.picture(index), (side, side), interpolation=cv2.INTER_AREA) for index in chosen])
    of_faces = np.full((len(chosen), KNOWN), np.nan, np.float32)
    of_faces[:, 0], of_faces[:, 1], of_faces[:, 2:4] = faces.minutes[chosen], 1, 0.5
    return np.concatenate([images, painted]), np.concatenate([known, of_faces])
