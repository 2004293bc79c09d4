"""Many pictures: a table of what was read in each, and the same as CSV; what could not be read."""

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Literal

import streamlit as st

from core import written
from core.clocks.reading import UNSURE, Reading
from core.clocks.time import common_sense_error_minutes
from pages.parts import cached, pictures, views
from pages.parts.pictures import Offered

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

THUMBNAIL = 72
# Without a width a column keeps that of the first rows it had, and the names of later files are cut.
WIDTHS: dict[str, Literal["medium", "large"]] = {"file": "medium", "note": "large"}
MARK, UNREAD = "?", "--:--"  # beside a time in doubt; in place of one that a model does not give
CHUNK = 16  # pictures read in one batch


def problems(bad: Sequence[tuple[str, str]]) -> None:
    """Pictures that cannot be read, each with its sentence."""
    if not bad:
        return
    lines = "".join(f"<li><b>{escape(name)}</b> {escape(text)}</li>" for name, text in bad)
    heading = "One picture could not be read" if len(bad) == 1 else f"{len(bad)} pictures could not be read"
    st.html(f'<section class="lo-problems" role="alert"><h3>{heading}</h3><ul>{lines}</ul></section>')


def many(good: Sequence[Offered], titles: Mapping[str, str], gamma: float) -> Offered | None:
    """A table of many readings with its CSV; returns the picture whose row is marked."""
    read: dict[str, list[Reading]] = {model_id: [] for model_id in titles}
    bar = st.progress(0.0, "Reading") if len(good) > CHUNK else None
    for start in range(0, len(good), CHUNK):
        chunk = good[start : start + CHUNK]
        for model_id in titles:
            shas = tuple(one.sha for one in chunk)
            read[model_id] += cached.read(shas, model_id, gamma, lambda chunk=chunk: [one.pixels() for one in chunk])
        if bar:
            bar.progress(min(1.0, (start + CHUNK) / len(good)), "Reading")
    if bar:
        bar.empty()
    rows: list[dict[str, object]] = []
    for index, one in enumerate(good):
        row: dict[str, object] = {"file": one.name}
        if any(other.truth for other in good):
            row["true"] = str(one.truth) if one.truth else None
        for model_id, title in titles.items():
            reading = read[model_id][index]
            prefix = f"{title}: " if len(titles) > 1 else ""
            missed = reading.unseen
            row[f"{prefix}time"] = UNREAD if missed else str(reading.time)
            if one.truth:
                error = round(float(common_sense_error_minutes(one.truth.minutes, reading.minutes)), 2)
                row[f"{prefix}error"] = None if missed else error
            row[f"{prefix}confidence"] = round(float(reading.confidence), 4)
            row[f"{prefix}note"] = reading.note
        rows.append(row)
    return table(good, rows)


def mean_errors(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> str:
    """The mean error of each model over the pictures that it reads and whose time is known, and how many those are."""
    told = []
    for name in names:
        errors = [float(row[name]) for row in rows if name.endswith("error") and isinstance(row.get(name), float)]
        if errors:
            known = sum(name in row for row in rows)
            which = "whose time is known" if len(errors) == known else "that it reads and whose time is known"
            over = "" if len(errors) == len(rows) else f", over {len(errors)} {which}"
            title = name.removesuffix("error")  # with its colon; nothing where one model reads
            told.append(f"{title}{sum(errors) / len(errors):.1f} minutes{over}")
    return f"mean common-sense error {'; '.join(told)}" if told else ""


def table(good: Sequence[Offered], rows: list[dict[str, object]]) -> Offered | None:
    """Show ``rows`` with thumbnails; returns the picture whose row is marked."""
    names = max((list(row) for row in rows), key=len)  # a row whose true time is known has all columns
    words = f"<small>{escape(mean_errors(rows, names))}</small>"
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.html(f'<h2 class="lo-section">{len(rows)} picture{"" if len(rows) == 1 else "s"} read{words}</h2>')
    right.download_button("Download CSV", as_csv(rows, names), "readings.csv", "text/csv", on_click="ignore", width="stretch")
    doubted = any(in_doubt(row, name) for row in rows for name in names)
    told = f" {MARK} marks a time that is in doubt: the model is less than {written.percent(UNSURE)} sure, or says why."
    st.html(f'<p class="lo-hint">Mark a row to see its hands, dials and gammas below.{told if doubted else ""}</p>')
    thumbs = [pictures.data_url(cached.thumbnail(one.sha, THUMBNAIL, one.data)) for one in good]
    shown = [{"picture": thumb, **{name: cell(row, name) for name in names}} for thumb, row in zip(thumbs, rows, strict=True)]
    config: dict[str, object] = {"picture": st.column_config.ImageColumn("Picture", width="small")}
    for name in names:
        label = name[:1].upper() + name[1:]
        if name.endswith("confidence"):
            config[name] = st.column_config.NumberColumn(label)
        elif name.endswith("error"):
            config[name] = st.column_config.NumberColumn(f"{label}, min", format="%.1f")
        else:
            config[name] = st.column_config.TextColumn(label, width=WIDTHS.get(name.rpartition(" ")[2]))
    marked = st.dataframe(
        in_words(shown, names),
        column_config=config,
        row_height=56,
        placeholder="",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="readings",
    )
    at = next(iter(marked["selection"]["rows"]), None)
    return good[at] if at is not None and at < len(good) else None


def in_doubt(row: Mapping[str, object], name: str) -> bool:
    """Whether the cell ``name`` of a row is a time that its model doubts; one that it does not give at all is none."""
    model, known = name.removesuffix("time"), name.endswith("time") and row.get(name) != UNREAD
    sure = row.get(f"{model}confidence")
    return known and (bool(row.get(f"{model}note")) or (isinstance(sure, float) and sure < UNSURE))


def cell(row: Mapping[str, object], name: str) -> object:
    """What stands in the table: times in doubt with a mark, anything else as it is."""
    return f"{row[name]} {MARK}" if in_doubt(row, name) else row.get(name)


def in_words(shown: Sequence[Mapping[str, object]], names: Sequence[str]) -> "Styler":
    """The table with confidences in the words that stand beside a reading; they are sorted by their numbers all the same."""
    import pandas as pd

    return pd.DataFrame(shown).style.format({name: views.sureness for name in names if name.endswith("confidence")})


def as_csv(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> str:
    """The rows as CSV; cells that a spreadsheet would take for a formula start with an apostrophe."""
    file = io.StringIO()
    # RFC 4180. With other ends of lines Python quotes no carriage return in a cell: what follows it would be a row of its own.
    writer = csv.DictWriter(file, names, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return file.getvalue()


def harmless(value: object) -> object:
    """``value``, kept from being run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
