"""Any folder or zip of pictures: classes, squares, limits, and all that can be wrong with what people bring."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import picture_files
from core.picture_files import DatasetError, load_pictures

GREY = 100


def png(grey: int = GREY, width: int = 8, height: int = 8) -> bytes:
    """A picture of one grey; a wide one is darker outside of its middle square."""
    pixels = np.full((height, width, 3), grey, np.uint8)
    edge = (width - height) // 2
    if edge > 0:
        pixels[:, :edge] = pixels[:, -edge:] = 0
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def zipped(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def animals(count: int = 12) -> dict[str, bytes]:
    """``count`` cats of greys 0, 1, ... and as many dogs of greys 100, 101, ..."""
    return {
        f"{kind}/{index:02d}.png": png(first + index) for kind, first in (("dog", 100), ("cat", 0)) for index in range(count)
    }


def test_a_zip_and_a_folder_give_the_same(tmp_path: Path) -> None:
    members = animals()
    for name, content in members.items():
        file = tmp_path / "animals" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for path in (zipped(tmp_path / "animals.zip", members), tmp_path / "animals"):
        found = load_pictures(path, 8)
        assert found.classes == ("cat", "dog")
        assert found.labels.tolist() == [0] * 12 + [1] * 12
        assert found.images.shape == (24, 8, 8, 3)
        assert found.images.dtype == np.uint8
        assert found.images[:, 4, 4, 0].tolist() == [*range(12), *range(100, 112)]
        assert found.skipped == []


def test_the_middle_square_is_scaled_and_made_grey(tmp_path: Path) -> None:
    path = zipped(tmp_path / "wide.zip", {f"{index}.png": png(GREY, width=64, height=32) for index in range(20)})
    found = load_pictures(path, 16, channels=1)
    assert found.images.shape == (20, 16, 16, 1)
    assert np.unique(found.images).tolist() == [GREY], "the dark ends are cut off"
    assert found.classes == ("wide",), "what lies in no folder is of one class, called like the zip"
    assert load_pictures(path, 64).images.shape == (20, 64, 64, 3), "small ones are enlarged"


def test_limits_are_spread_evenly(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.zip", animals(40))
    assert load_pictures(path, 8, limit=20).images[:, 0, 0, 0].tolist() == [*range(0, 40, 4), *range(100, 140, 4)]
    found = load_pictures(path, 8, a_class=10)
    assert found.labels.tolist() == [0] * 10 + [1] * 10
    assert found.images[:3, 0, 0, 0].tolist() == [0, 4, 8]
    assert len(load_pictures(path, 8, limit=1000).images) == 80
    with pytest.raises(ValueError, match="limit and a_class must lie in"):
        load_pictures(path, 8, limit=0)


def test_chosen_folders_and_classes(tmp_path: Path) -> None:
    members = {f"{part}/{name}": content for part in ("train", "test") for name, content in animals(20).items()}
    path = zipped(tmp_path / "parts.zip", members)
    assert len(load_pictures(path, 8).images) == 80, "train/cat and test/cat are one class"
    found = load_pictures(path, 8, under="train/", classes=["dog", "horse", "cat"])
    assert found.classes == ("dog", "horse", "cat")
    assert np.bincount(found.labels).tolist() == [20, 0, 20]
    assert load_pictures(path, 8, classes=["dog"]).labels.tolist() == [0] * 40


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    load_pictures(zipped(tmp_path / "z.zip", animals(60)), 8, progress=lambda done, count: told.append((done, count)))
    assert told == [(100, 120), (120, 120)]


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 100 megapixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def test_broken_files_are_skipped_and_named(tmp_path: Path) -> None:
    broken = {
        "cat/text.jpg": b"no picture at all",
        "cat/half.png": png()[:40],
        "cat/empty.png": b"",
        "cat/bomb.png": bomb(),
        "cat/huge.png": bytes(picture_files.MAX_BYTES + 1),
        "cat/moving.gif": b"GIF89a",
        "cat/half.HEIC": b"\0\0\0\x18ftypheic",
    }
    passed_over = {"readme.txt": b"hello", "__MACOSX/cat/._00.png": b"x", ".hidden/a.png": b"x", "cat/.DS_Store": b"x"}
    found = load_pictures(zipped(tmp_path / "mixed.zip", {**animals(), **broken, **passed_over}), 8)
    assert len(found.images) == len(found.labels) == 24
    assert sorted(line.split(":")[0] for line in found.skipped) == sorted(broken)
    reasons = {line.split(":")[0]: line for line in found.skipped}
    assert "100.0 megapixels" in reasons["cat/bomb.png"]
    assert "10,485,761 bytes" in reasons["cat/huge.png"]
    assert "is empty" in reasons["cat/empty.png"]
    assert found.images[:12, 0, 0, 0].tolist() == list(range(12)), "what comes after a skipped one stays in step"


def test_members_that_cannot_be_unpacked_are_skipped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "locked.zip", {**animals(), "cat/x-locked.png": png(), "dog/x-damaged.png": png(7)})
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag "encrypted" of one member, in both its headers
        name = content.find(b"cat/x-locked.png", 0 if at == 6 else content.find(b"PK\x01\x02"))
        content[content.rfind(signature, 0, name) + at] |= 1
    damaged = content.find(b"dog/x-damaged.png") + len(b"dog/x-damaged.png")
    content[damaged + 5] ^= 255
    path.write_bytes(content)
    found = load_pictures(path, 8)
    assert sorted(line.split(":")[0] for line in found.skipped) == ["cat/x-locked.png", "dog/x-damaged.png"]
    assert all("cannot be unpacked" in line for line in found.skipped)


def test_nothing_is_written_wherever_names_point(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = zipped(inside / "evil.zip", {**animals(), "../../evil.png": png(), "/etc/evil.png": png()})
    found = load_pictures(path, 8)
    assert len(found.images) == 24 + len({"/etc/evil.png"}), "a way up is no name that is read"
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["evil.zip"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a zip", r"neither a folder nor a zip that can be read \(.+\); zip it again"),
        (b"", "neither a folder nor a zip"),
    ],
)
def test_what_is_no_zip_is_said_to_be_none(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "file.zip"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=sentence):
        load_pictures(path, 8)


def test_too_few_pictures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = dict(list(animals().items())[:19]) | {"cat/broken.png": b"x"}
    with pytest.raises(
        DatasetError, match=r"few\.zip holds 19 usable pictures \(the first that is not: cat/broken\.png: .+\); at"
    ):
        load_pictures(zipped(tmp_path / "few.zip", members), 8)
    with pytest.raises(DatasetError, match="holds 0 usable pictures; at least 20 PNG, JPEG, WebP or HEIC files are needed"):
        load_pictures(zipped(tmp_path / "none.zip", {"a.txt": b""}), 8)
    with pytest.raises(DatasetError, match="There is no folder or zip 'nowhere'; check the name"):
        load_pictures(tmp_path / "nowhere", 8)
    path = zipped(tmp_path / "many.zip", animals())
    for side, channels in ((4, 3), (8, 2), (513, 3), ("8", 3)):
        with pytest.raises(ValueError, match=r"side|channels"):
            load_pictures(path, side, channels)  # type: ignore[arg-type]
    monkeypatch.setattr(picture_files, "MAX_ARRAY_BYTES", 23 * 8 * 8 * 3)
    with pytest.raises(DatasetError, match="24 pictures of 8 x 8 pixels do not fit into memory; take 23 of them at most"):
        load_pictures(path, 8)
    monkeypatch.setattr(picture_files, "MAX_FILES", 23)
    with pytest.raises(DatasetError, match=r"many\.zip holds 24 files; at most 23 are looked at"):
        load_pictures(path, 8)


def test_room_is_made_for_what_is_unpacked_not_for_what_a_zip_claims_to_be_packed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "claims.zip", animals())
    with zipfile.ZipFile(path) as archive:
        entry = archive.infolist()[0]
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 20  # in the directory at the end: packed size, unpacked size
    assert struct.unpack_from("<I", data, at) == (entry.compress_size,)
    struct.pack_into("<I", data, at, 2**30)
    path.write_bytes(data)
    tracemalloc.start()
    try:
        found = load_pictures(path, 8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.images) + len(found.skipped) == 24
    assert peak < 2**24
