"""Finding a dial and reading it again: geometry by construction, and a stub of a model that sees a white hub and a black 12."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from core.clocks.camera import Pose, project
from core.clocks.dial import direction
from core.clocks.face import fixed_marks
from core.clocks.locate import choose_temperature, read_located, tempered
from core.clocks.reading import read_gammas, read_pictures
from core.clocks.time import hand_angles, soft_bins
from core.clocks.views import (
    FILL,
    MOST_CIRCLES,
    MOST_TILES,
    Pyramid,
    box_view,
    dial_circles,
    rectify,
    search_views,
    seen_through,
    straight_view,
    through,
    whole_view,
)
from core.images import fit_square, from_square

SIDE = 96
PLACE = 0.735  # dial radii from the hub to the 12


def marks(minutes: float) -> np.ndarray:
    """(15, 2): where ``face.POINTS`` lie on a dial that shows ``minutes``."""
    places = fixed_marks(PLACE).copy()
    hour, minute = hand_angles(minutes)
    places[2], places[3] = direction(float(hour)) * 0.5, direction(float(minute)) * 0.75
    return places


def similarity(hub: np.ndarray, twelve: np.ndarray) -> np.ndarray:
    """The homography of a dial seen straight on, from its hub and its 12."""
    right = np.array([-(twelve - hub)[1], (twelve - hub)[0]]) / PLACE
    return np.array([[right[0], -right[1], hub[0]], [right[1], right[0], hub[1]], [0, 0, 1.0]])


class Stub:
    """Sees a dial where there are a white and a black spot, and reads 4:20 in it, or what ``bins`` says."""

    def __init__(self, minutes: int = 260, bins: np.ndarray | None = None, readable: float = 8.0, **extra: object) -> None:
        self.card = SimpleNamespace(model_id="stub", extra={"side": SIDE, "readable": True, **extra})
        self.minutes, self.readable = minutes, readable
        self.bins = np.log(soft_bins(minutes, 1.0) + 1e-9) if bins is None else bins
        self.batches: list[np.ndarray] = []

    def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        self.batches.append(batch)
        hour, minute = hand_angles(self.minutes)
        hands = [np.sin(hour), np.cos(hour), np.sin(minute), np.cos(minute)]
        points, readable = np.zeros((len(batch), 15, 2)), np.full((len(batch), 1), -8.0)
        for row, picture in enumerate(batch[..., 0]):
            spots = [np.argwhere(mask)[:, ::-1] for mask in (picture > 0.9, picture < 0.1)]
            if min(map(len, spots)) >= 5:
                points[row] = project(similarity(spots[0].mean(0), spots[1].mean(0)), marks(self.minutes)) / (SIDE - 1)
                readable[row] = self.readable
        shares = {"bins": np.tile(self.bins, (len(batch), 1)), "hands": np.tile(hands, (len(batch), 1))}
        return {**shares, "points": points.reshape(len(batch), -1), "readable": readable}


def scene(width: int, height: int, x: float, y: float, radius: float, roll: float = 0.0) -> np.ndarray:
    """A grey wall with a dial: a dark ring, a white hub, a black 12."""
    picture = np.full((height, width), 120, np.uint8)
    up = np.array([np.sin(np.deg2rad(roll)), -np.cos(np.deg2rad(roll))])
    for place, size, grey, thick in (((x, y), 1.0, 60, max(2, round(radius / 12))), ((x, y), 0.2, 255, -1)):
        cv2.circle(picture, np.rint(place).astype(int).tolist(), round(radius * size), grey, thick, cv2.LINE_AA)
    twelve = np.array([x, y]) + up * PLACE * radius
    cv2.circle(picture, np.rint(twelve).astype(int).tolist(), round(radius * 0.15), 0, -1, cv2.LINE_AA)
    return picture


# --- views -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(96, 96), (300, 180), (97, 331), (40, 30)])
def test_the_whole_view_is_fit_square(shape: tuple[int, int]) -> None:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    picture = np.rint(128 + 50 * np.sin(rows / 17) + 50 * np.cos(columns / 23)).astype(np.uint8)
    square, scale, offset = fit_square(picture, SIDE)
    view = whole_view(shape, SIDE)
    places = np.array([[0.0, 0.0], [95.0, 10.0], [40.5, 60.25]])
    assert through(view, places) == pytest.approx(from_square(places, scale, offset))
    # Smooth pictures look the same whichever way they are shrunk.
    assert np.abs(seen_through(Pyramid(picture), view, SIDE).astype(int) - square)[2:-2, 2:-2].max() <= 4


def test_a_box_view_sees_its_box() -> None:
    picture = np.zeros((60, 80), np.uint8)
    picture[20:40, 30:50] = 200
    view = box_view(30, 20, 20, 20)
    assert (seen_through(Pyramid(picture), view, 20) == 200).all()
    assert through(view, np.array([[0.0, 0.0], [19.0, 19.0]])) == pytest.approx(np.array([[30.0, 20.0], [49.0, 39.0]]))
    outside = seen_through(Pyramid(picture), box_view(-20, -20, 20, 20), 20)
    assert (outside == picture[0, 0]).all()


def test_a_tilted_dial_is_laid_straight_with_12_above() -> None:
    pose = Pose(x=210.0, y=160.0, radius=100.0, distance=4.0, roll=np.deg2rad(140), tilt=np.deg2rad(40), near=1.0)
    homography = pose.homography()
    picture = np.full((320, 420), 90, np.uint8)
    turns = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    ring = project(homography, np.stack([direction(turn) for turn in turns]))
    cv2.fillPoly(picture, [np.rint(ring).astype(np.int32)], 200)
    spot = project(homography, np.array([0, -PLACE]) + 0.1 * np.stack([direction(turn) for turn in turns]))
    cv2.fillPoly(picture, [np.rint(spot).astype(np.int32)], 10)
    straight, view = rectify(picture, homography, 201)
    rows, columns = np.mgrid[:201, :201] - 100.0
    radius = np.hypot(rows, columns) / (FILL * 201)
    assert (straight[(radius > 1.05) & (radius < 1.15)] < 100).all()
    assert (straight[(radius < 0.95) & (radius > 0.86)] > 190).all()
    dark = np.argwhere(straight < 60).mean(0)
    assert dark == pytest.approx([100 - PLACE * FILL * 201, 100], abs=1.5)  # above the hub
    assert through(view, np.array([[100.0, 100.0]])) == pytest.approx(np.array([[210.0, 160.0]]))


def test_turn_and_scale_of_a_straight_view() -> None:
    homography = np.array([[50.0, 0, 100], [0, 50.0, 80], [0, 0, 1]])  # a dial of 50 pixels around (100, 80)
    back = np.linalg.inv(straight_view(homography, 101, turn=90.0, scale=0.5))
    # 12 stands at (100, 30); turned by a quarter clockwise it is to the right of the middle, at half the radius.
    assert through(back, np.array([[100.0, 30.0]])) == pytest.approx(np.array([[50 + 0.21 * 101, 50]]))


def test_circles_are_found_at_every_size() -> None:
    picture = np.full((700, 1000), 150, np.uint8)
    true = [(150, 150, 25), (420, 200, 60), (720, 420, 200)]
    for x, y, radius in true:
        cv2.circle(picture, (x, y), radius, 60, max(2, radius // 15), cv2.LINE_AA)
    found = np.array(dial_circles(Pyramid(picture)))
    assert len(found) <= MOST_CIRCLES
    for x, y, radius in true:
        near = np.hypot(found[:, 0] - x, found[:, 1] - y) < 0.1 * radius + 2
        assert (np.abs(found[near, 2] / radius - 1) < 0.2).any()  # radii are tried in steps of 17 %


def test_a_clock_of_80_pixels_is_found_in_a_large_photograph() -> None:
    rng = np.random.default_rng(2)
    picture = cv2.resize(rng.integers(90, 160, (27, 36), dtype=np.uint8), (3600, 2700), interpolation=cv2.INTER_CUBIC)
    for x, y in rng.integers(0, 2700, (40, 2)).tolist():  # furniture
        cv2.rectangle(picture, (x, y), (x + 500, y + 200), (x + y) % 256, 5)
    cv2.circle(picture, (2900, 400), 40, 240, -1, cv2.LINE_AA)
    cv2.circle(picture, (2900, 400), 37, 20, 5, cv2.LINE_AA)
    found = np.array(dial_circles(Pyramid(picture)))
    near = np.hypot(found[:, 0] - 2900, found[:, 1] - 400) < 8
    assert (np.abs(found[near, 2] / 40 - 1) < 0.2).any()


def test_pictures_shrink_by_halves_to_what_they_would_at_once() -> None:
    rows, columns = np.mgrid[:750, :1001]
    picture = np.rint(128 + 50 * np.sin(rows / 17) + 50 * np.cos(columns / 23)).astype(np.uint8)
    for scale in (1.5, 4.0, 7.0, 12.0):
        small = Pyramid(picture).level(scale)
        at_once = cv2.resize(picture, small.shape[::-1], interpolation=cv2.INTER_AREA)
        assert small.shape[0] >= 750 / scale - 0.5
        assert np.abs(small.astype(int) - at_once).max() <= 2


@pytest.mark.parametrize("shape", [(1, 1), (9, 2000), (500, 500), (1500, 2000)])
def test_nowhere_to_look_is_no_error(shape: tuple[int, int]) -> None:
    blank = Pyramid(np.full(shape, 7, np.uint8))
    assert dial_circles(blank) == []
    assert len(search_views(blank, SIDE)) <= MOST_TILES
    noise = Pyramid(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert len(search_views(noise, SIDE)) <= MOST_TILES + MOST_CIRCLES


# --- finding and reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "x", "y", "radius", "roll"),
    [
        ((1200, 800), 900, 300, 40, 0),  # 80 of 1,200 pixels
        ((800, 1200), 100, 1000, 60, 150),
        ((640, 480), 320, 200, 90, -30),
        ((300, 300), 150, 150, 120, 15),
    ],
)
def test_a_dial_is_found_anywhere(size: tuple[int, int], x: float, y: float, radius: float, roll: float) -> None:
    model = Stub()
    [located] = read_located([scene(*size, x, y, radius, roll)], model)
    assert int(located.distribution.argmax()) == 260
    assert located.readable > 0.99
    assert located.views <= 1 + MOST_TILES + MOST_CIRCLES + 3 + 7
    assert len(model.batches) <= 4
    up = np.array([np.sin(np.deg2rad(roll)), -np.cos(np.deg2rad(roll))])
    hub, twelve = located.points[0], located.points[1]
    assert hub == pytest.approx([x, y], abs=1.5)
    assert twelve == pytest.approx(np.array([x, y]) + up * PLACE * radius, abs=0.04 * radius + 1)
    assert through(located.homography, np.array([[0, -PLACE]]))[0] == pytest.approx(twelve, abs=0.5)
    # In the straightened picture the hub is in the middle and 12 above it.
    middle = (SIDE - 1) / 2
    assert np.argwhere(located.rectified > 230).mean(0) == pytest.approx([middle, middle], abs=1.5)
    assert np.argwhere(located.rectified < 25).mean(0) == pytest.approx([middle - PLACE * FILL * SIDE, middle], abs=2)


@pytest.mark.parametrize(("share", "offset"), [(8, 0), (6, 100), (10, 228)], ids=["dark", "faint", "light"])
def test_a_flat_picture_is_read_as_the_clear_one(share: int, offset: int) -> None:
    model = Stub()
    clear, flat = read_located([picture := scene(640, 480, 320, 200, 90), picture // share + offset], model)
    assert (flat.views, flat.readable) == (clear.views, clear.readable)
    assert (flat.spread, clear.spread) == (True, False)
    assert flat.points == pytest.approx(clear.points, abs=1)
    assert np.abs(flat.rectified.astype(int) - clear.rectified).max() <= 2 * share


def test_a_dial_that_fills_the_picture_is_not_searched_for() -> None:
    model = Stub()
    [located] = read_located([scene(200, 200, 100, 100, 80)], model)
    assert [len(batch) for batch in model.batches] == [1, 1, 6]
    assert located.views == 8


def test_pictures_share_their_batches_and_one_without_a_dial_keeps_the_whole() -> None:
    model = Stub()
    located = read_located([scene(200, 200, 100, 100, 80), np.full((100, 150), 120, np.uint8)], model)
    assert len(model.batches) == 4
    assert located[0].homography is not None
    assert (located[1].homography, located[1].rectified, located[1].points) == (None, None, None)
    assert located[1].readable < 0.01
    assert located[1].distribution == pytest.approx(soft_bins(260, 1.0), abs=1e-3)


def test_gammas_share_the_search() -> None:
    model = Stub()
    readings = read_gammas(scene(200, 200, 100, 100, 80), [0.5, 1.0, 2.0], model=model)
    assert [len(batch) for batch in model.batches] == [1, 1, 18]
    assert model.batches[0][0, 0, 0, 0] == pytest.approx(120 / 255, abs=0.01)  # sought under gamma 1
    assert model.batches[2][::6, 0, 0, 0] == pytest.approx([(120 / 255) ** gamma for gamma in (0.5, 1, 2)], abs=0.01)
    assert [str(reading.time) for reading in readings] == ["04:20"] * 3


def test_a_model_that_learned_under_a_gamma_sees_every_view_under_it() -> None:
    model = Stub(gamma=0.5)
    read_located([scene(200, 200, 100, 100, 80)], model, 2.0)
    walls = [float(batch[0, 0, 0, 0]) for batch in model.batches]
    assert walls == pytest.approx([(120 / 255) ** gamma for gamma in (0.5, 0.5, 1)], abs=0.01)


def test_nothing_in_nothing_out() -> None:
    assert read_located([], Stub()) == []


# --- one answer of many ----------------------------------------------------------------------------------------------


def test_temperature_by_hand() -> None:
    shares = np.full(720, 0.0)
    shares[[10, 20]] = 0.9, 0.1
    assert tempered(shares, 1.0)[[10, 20]] == pytest.approx([0.9, 0.1])
    assert tempered(shares, 2.0)[[10, 20]] == pytest.approx([0.75, 0.25])  # odds 9:1 become 3:1
    # Three of four pictures are as the likelier bin says: 9:1 is too sure, 3:1 is right.
    table = np.tile(shares, (4, 1))
    assert choose_temperature(table, np.array([10, 10, 10, 20])) == pytest.approx(2.0, rel=0.04)
    # Where the likelier bin is right each time, no answer is sharp enough: the floor holds.
    assert choose_temperature(table, np.full(4, 10)) == 0.5


class OneOff(Stub):
    """Of six looks at the dial one takes the 3 for 12, and one, at which it was found, sees next to nothing to be read."""

    def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        found = super().__call__(batch)
        if len(batch) == 6:
            points = found["points"].reshape(6, 15, 2)
            hub = points[3, :1]
            points[3] = hub + (points[3] - hub) @ np.array([[0.0, 1.0], [-1.0, 0.0]])
            found["readable"][0] = -8.0
        return found


def test_one_look_that_errs_moves_no_point_and_where_it_was_found_does_not_count_as_readable() -> None:
    picture = scene(200, 200, 100, 100, 80)
    [right], [one_off] = (read_located([picture], model) for model in (Stub(), OneOff()))
    assert right.readable == one_off.readable == pytest.approx(1 / (1 + np.exp(-8)))
    np.testing.assert_allclose(one_off.points, right.points, atol=1.0)


def test_the_temperature_that_was_chosen_is_that_of_the_answer() -> None:
    bins = np.full(720, -60.0)
    bins[[260, 500]] = np.log(9), 0.0
    [located] = read_located([scene(200, 200, 100, 100, 80)], Stub(bins=bins, located_temperature=2.0))
    assert located.distribution[[260, 500]] == pytest.approx([0.75, 0.25])  # odds of 9 to 1 become 3 to 1


# --- readings --------------------------------------------------------------------------------------------------------


def test_a_located_reading() -> None:
    [reading] = read_pictures([scene(640, 480, 320, 200, 90)], model=Stub())
    assert str(reading.time) == "04:20"
    assert reading.note is None
    assert reading.confidence > 0.95
    assert reading.centre == pytest.approx((320, 200), abs=1.5)
    assert reading.twelve == pytest.approx((320, 200 - PLACE * 90), abs=4)
    assert reading.minute_tip == pytest.approx((320 + 0.75 * 90 * np.sin(np.deg2rad(120)), 200 + 0.75 * 90 * 0.5), abs=5)
    assert reading.rectified.shape == (SIDE, SIDE)
    assert reading.model == "stub"


@pytest.mark.parametrize("locate", [True, False])
def test_doubts_have_names(locate: bool) -> None:
    picture = scene(200, 200, 100, 100, 80)

    def note(model: Stub, where: np.ndarray = picture) -> str | None:
        return read_pictures([where], model=model, locate=locate)[0].note

    assert note(Stub()) is None
    assert note(Stub(), np.full((80, 80), 120, np.uint8)) == "I see no clock."
    assert note(Stub(readable=-3.0)) == "The hands are hidden."  # hub and numerals form a dial
    torn = np.log(0.5 * soft_bins(130, 1.0) + 0.5 * soft_bins(490, 1.0) + 1e-9)
    model = Stub(bins=torn)
    model.minutes = 310  # the hour hand points between both: no help
    assert note(model) in ("Can't tell 2:10 from 8:10.", "Can't tell 8:10 from 2:10.")
    if not locate:  # with it the stub's hands, which are always seen, would tell the time
        assert note(Stub(bins=np.zeros(720))) == "The hands are hidden."


def test_confidence_is_probability_times_readable() -> None:
    picture = scene(200, 200, 100, 100, 80)
    [sure] = read_pictures([picture], model=Stub())
    [less] = read_pictures([picture], model=Stub(readable=np.log(3.0)))  # 0.75
    assert less.readable == pytest.approx(0.75)
    assert less.confidence == pytest.approx(0.75 * sure.candidates[0].probability)


def test_strange_answers_do_no_harm() -> None:
    class Wild(Stub):
        def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
            rng = np.random.default_rng(len(batch))
            count = len(batch)
            return {
                "bins": rng.normal(0, 30, (count, 720)),
                "hands": rng.normal(0, 1, (count, 4)),
                "points": np.stack([self.view(rng) for _ in range(count)]).reshape(count, -1),
                "readable": rng.normal(0, 3, (count, 1)),
            }

        @staticmethod
        def view(rng: np.random.Generator) -> np.ndarray:
            x, y, radius, distance, roll, tilt = rng.uniform([0, 0, 0.02, 1.05, 0, 0], [1, 1, 0.9, 2, 6, 1.5])
            return project(Pose(x, y, radius, distance, roll, tilt, near=0.3).homography(), marks(100))

    pictures = [scene(200, 150, 100, 80, 60), np.zeros((1, 1), np.uint8), np.zeros((2, 3000, 3), np.uint8)]
    for reading in read_pictures(pictures, model=Wild()):
        assert 0 <= reading.minutes < 720
        assert 0 <= reading.confidence <= 1
        assert reading.probabilities.sum() == pytest.approx(1, abs=1e-3)
