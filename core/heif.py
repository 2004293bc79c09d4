"""The bytes of a HEIC photograph, as phones take them -> upright RGB pixels on white, or one sentence that says what is wrong.

Such a file (ISO/IEC 23008-12) is boxes in boxes: which items there are, where their bytes lie, what properties they have, what
is made of what. libheif decodes it and limits itself, but generously: 15 KB may make it take gigabytes, 6 KB a minute. So the
boxes are judged first, and whatever is not as phones write it is refused.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from core.picture_decoding import DAMAGED, MAX_PIXELS, UNREADABLE, PictureError, Pixels, check_size, on_white

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}  # pictures coded by HEVC
ANY_BRANDS, AVIF_BRANDS = {b"mif1", b"mif2", b"msf1"}, {b"avif", b"avis"}  # however coded; coded by AV1, not read here
CODED, GRID = b"hvc1", b"grid"  # items that are pictures: coded, or laid together of coded tiles
DERIVED = {b"iden": "a changed copy of another one", b"iovl": "an overlay of others"}  # made of any number of other items
MAX_META = 1 << 20  # bytes of all boxes but those of pixels; phones write some thousands
TILED = 4 * MAX_PIXELS  # at most so many pixels in the tiles of one grid: the last ones reach beyond its edges
MISSING = "HEIC photographs cannot be read on this machine; open the picture in a photo app and export it as JPEG."


def is_heif(data: bytes) -> bool:
    """Whether a file begins as a HEIC photograph does."""
    if data[4:8] != b"ftyp":
        return False
    length = min(int.from_bytes(data[:4], "big"), 1024)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length - 3, 4))}
    return bool(brands & BRANDS) or (data[8:12] in ANY_BRANDS and not brands & AVIF_BRANDS)


def decode(data: bytes) -> Pixels:
    """The primary picture, as ``images.open_picture`` gives it; ``PictureError`` when it cannot be used.

    The file's own rotation is applied; EXIF's repeats it and is passed over. 10 and 12 bits become 8.
    """
    try:
        _judge(data)
    except PictureError:
        raise
    except (ValueError, KeyError, IndexError) as error:
        raise PictureError(DAMAGED) from error
    library = _library()
    try:
        file = library.open_heif(data)
        picture = file[file.primary_index]
        if not picture.info["primary"]:
            raise ValueError("the primary picture cannot be read, others can")
        pixels, mode = np.array(picture), picture.mode
    except UNREADABLE as error:
        raise PictureError(DAMAGED) from error
    if mode == "RGBa":  # alpha is multiplied in already
        pixels = _on_white_premultiplied(pixels)
    return np.ascontiguousarray(on_white(pixels))


def _library() -> ModuleType:
    """pillow-heif, imported when the first such picture comes; told to do nothing but decode, in the thread that asks."""
    try:
        import pillow_heif

        pillow_heif.libheif_version()  # what fails to load of it says so only when it is used
    except ImportError as error:
        raise PictureError(MISSING) from error
    options = pillow_heif.options
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 0
    return pillow_heif


def _on_white_premultiplied(pixels: NDArray) -> Pixels:
    lit = pixels[..., :3].astype(np.uint16) + (255 - pixels[..., 3:])
    return np.minimum(lit, 255).astype(np.uint8)


# --- what the boxes say ----------------------------------------------------------------------------------------------


class _Reader:
    """Big-endian numbers from bytes, one after the other; ``ValueError`` where they end."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def number(self, size: int) -> int:
        if self.at + size > len(self.data):
            raise ValueError("a box ends early")
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def version_and_flags(self) -> tuple[int, int]:
        return self.number(1), self.number(3)


def _judge(data: bytes) -> None:
    """``PictureError`` where any picture in the file is too large, or the primary one is made of others; ``ValueError``,
    ``KeyError`` or ``IndexError`` where boxes make no sense, claim bytes more than once, or ask for work that no photograph
    asks for.
    """
    [meta] = [body for kind, body in _file_boxes(data) if kind == b"meta"]
    if len(meta) > MAX_META:
        raise ValueError("more is told of the picture than phones tell")
    parts = _named(_boxes(meta[4:]))
    _check_places(parts[b"iloc"], (len(data), len(parts.get(b"idat", b""))))
    kinds = _item_kinds(parts[b"iinf"])
    sizes = _item_sizes(parts[b"iprp"])
    for width, height in sorted({size for found in sizes.values() for size in found}, reverse=True):
        check_size(width, height)
    pictures = {item for item, kind in kinds.items() if kind in (CODED, GRID)}
    if any(not sizes.get(item) for item in pictures):
        raise ValueError("a picture does not say its size")
    reader = _Reader(parts[b"pitm"])
    primary = reader.number(2 if reader.version_and_flags()[0] == 0 else 4)
    if kinds.get(primary) in DERIVED:
        raise PictureError(
            f"The picture in this HEIC file is {DERIVED[kinds[primary]]}, which is not read here; open it in a photo app and "
            "export it as JPEG."
        )
    if primary not in pictures:
        raise ValueError("the primary picture is none that phones take")
    largest = {item: max(width * height for width, height in found) for item, found in sizes.items()}
    for kind, source, targets in _references(parts.get(b"iref", b"\0\0\0\0")):
        if kind == b"auxl" and kinds.get(source) in DERIVED:
            raise ValueError("alpha is put together")
        if kind == b"dimg" and kinds.get(source) == GRID:
            if any(kinds[target] != CODED for target in targets):
                raise ValueError("tiles are tiled")
            if sum(largest[target] for target in targets) > TILED:
                raise ValueError("a grid has too many tiles")


def _file_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of the boxes of the file itself; what is no box any more is passed over, as cameras append things."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head:
            return
        yield data[at + 4 : at + 8], data[at + head : at + size]
        at += size


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of the boxes in a box."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > len(data):
            raise ValueError("a box is larger than the one that it lies in")
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _named(boxes: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Boxes by kind; of those that count there may be one."""
    found: dict[bytes, bytes] = {}
    for kind, body in boxes:
        if kind in found and kind not in (b"free", b"skip", b"uuid"):
            raise ValueError(f"there are two boxes {kind!r}")
        found[kind] = body
    return found


def _check_places(body: bytes, sizes: Sequence[int]) -> None:
    """``ValueError`` unless the bytes of all items are there, each for one item (box iloc). sizes: of the file, of box idat.

    libheif copies shared bytes for each item that has them, and leaves tiles black that are not there.
    """
    reader = _Reader(body)
    version, _ = reader.version_and_flags()
    widths = reader.number(2)
    offset, length, base, index = widths >> 12, widths >> 8 & 15, widths >> 4 & 15, widths & 15 if version > 0 else 0
    total = 0
    for _ in range(reader.number(2 if version < 2 else 4)):
        reader.number(2 if version < 2 else 4)  # the item
        where = reader.number(2) & 15 if version > 0 else 0
        reader.number(2)  # the data reference
        first = reader.number(base)
        for _ in range(reader.number(2) if length else 0):
            reader.number(index)
            start, taken = first + reader.number(offset), reader.number(length)
            if start + taken > sizes[where]:
                raise ValueError("the file ends early")
            total += taken
    if total > sizes[0]:
        raise ValueError("items share bytes")


def _item_kinds(body: bytes) -> dict[int, bytes]:
    """Items and what they are (box iinf)."""
    version = body[0]
    kinds = {}
    for kind, entry in _boxes(body[6 if version == 0 else 8 :]):
        if kind != b"infe" or entry[0] not in (2, 3):
            raise ValueError("an item of no kind")
        wide = 2 if entry[0] == 2 else 4
        item, start = int.from_bytes(entry[4 : 4 + wide], "big"), 4 + wide + 2
        if item in kinds:
            raise ValueError("an item stands twice")
        kinds[item] = entry[start : start + 4]
    return kinds


def _item_sizes(body: bytes) -> dict[int, list[tuple[int, int]]]:
    """Items and the sizes that they say they have: one each in sound files (boxes ipco and ipma in iprp)."""
    properties: list[tuple[int, int] | None] = []
    [container] = [inner for kind, inner in _boxes(body) if kind == b"ipco"]
    for kind, inner in _boxes(container):
        properties.append(struct.unpack(">II", inner[4:12].ljust(8, b"\0")) if kind == b"ispe" else None)
    sizes: dict[int, list[tuple[int, int]]] = {}
    for kind, inner in _boxes(body):
        if kind != b"ipma":
            continue
        reader = _Reader(inner)
        version, flags = reader.version_and_flags()
        for _ in range(reader.number(4)):
            item = reader.number(2 if version == 0 else 4)
            for _ in range(reader.number(1)):
                place = reader.number(2) & 0x7FFF if flags & 1 else reader.number(1) & 0x7F
                size = properties[place - 1] if place else None
                if size:
                    sizes.setdefault(item, []).append(size)
    return sizes


def _references(body: bytes) -> Iterator[tuple[bytes, int, list[int]]]:
    """What an item is to others: ``(b"dimg", a grid, its tiles)``, ``(b"auxl", its alpha, the picture)`` (box iref)."""
    wide = 2 if body[0] == 0 else 4
    for kind, inner in _boxes(body[4:]):
        reader = _Reader(inner)
        source = reader.number(wide)
        yield kind, source, [reader.number(wide) for _ in range(reader.number(2))]
