"""The items of a report: what was printed, what was found here, the best here; misprints; what is missing; where to see it."""

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlencode

from core.reports.answers import Answer
from core.reports.evidence import Found, Line, Lines, Missing
from core.reports.items import Item, Link
from pages.parts import model_cards

DIGITS = 4  # of our figures
HEADS = ("Published", "Here", "Best here")


def contents(answers: Sequence[Answer]) -> str:
    """A list of all items that leads to each; those that ours stand beside are marked."""
    entries = "".join(
        f'<li><a href="#{one.item.anchor}"{"" if one.found else " class=lo-open"}><b>{short(one.item)}</b> '
        f"<span>{escape(one.item.title)}</span></a></li>"
        for one in answers
    )
    return f'<nav class="lo-contents" aria-label="Contents of the report"><ol>{entries}</ol></nav>'


def short(item: Item) -> str:
    """An item's name, short enough for a list: 'Table 4', '§ 2.2.3'."""
    return f"§ {item.number}" if item.kind == "text" else item.name


def told(answers: Sequence[Answer]) -> str:
    """How much of a report is there."""
    figures = [one for one in answers if one.parts]
    there = sum(one.found for one in figures)
    return (
        f'<p class="lo-stored"><b>{there} of {len(figures)} items with figures have ours beside what is printed</b>; their '
        "names are bold in the contents, and what came out here is bold in the tables. Reports compare by their test part; "
        "ours are chosen in validation and measured once on the test pictures, but for the best clock model by each measure, "
        "which is the best on the test pictures. Accuracies are shares of 1, as in print. Beneath each figure stands how far "
        "its model is trained.</p>"
    )


def live(link: Link | None) -> str:
    """The link to where an item is seen live, which ``landing`` follows within the app; "" where there is none."""
    if link is None:
        return ""
    target = escape(f"{link.page}?{urlencode(link.query)}")  # beside this page, wherever the app lies on its server
    return f'<p><a class="lo-go" href="{target}">{escape(link.words)} <span aria-hidden="true">→</span></a></p>'


def block(answer: Answer) -> str:
    """One item, and a link to the page and state that shows it."""
    item = answer.item
    heading = f'<h2 id="{item.anchor}"><small>{item.name}</small> <span>{escape(item.title)}</span></h2>'
    printed = f'<p class="lo-hint">In print: {escape(item.printed)}</p>' if item.printed else ""
    tables = "".join(table(part, item) for part in gathered(answer.parts))
    learned = f'<p class="lo-learned">{escape(item.learned)}</p>'
    return (
        f'<article class="lo-item">{heading}{printed}{unbroken(tables)}{doubts(item.doubts)}{missing(answer.missing)}{learned}'
        f"{live(item.link)}</article>"
    )


def unbroken(html: str) -> str:
    """The same with each number on one line with its per cent sign: the columns are narrow."""
    return html.replace(" %", "&nbsp;%")


def gathered(parts: Iterable[Lines]) -> list[Lines]:
    """Parts without a title as one; empty ones left out."""
    plain, titled = [], []
    for part in parts:
        if part.lead or part.rest:
            (titled if part.title else plain).append(part)
    if plain:
        lead, rest = (tuple(line for part in plain for line in getattr(part, name)) for name in ("lead", "rest"))
        titled.insert(0, Lines(lead, rest))
    return titled


def doubts(sentences: Sequence[str]) -> str:
    """Misprints and doubtful claims of an item."""
    if not sentences:
        return ""
    lines = "".join(f"<li>{escape(text)}</li>" for text in sentences)
    return f'<div class="lo-doubts"><h3>Doubtful in print</h3><ul>{lines}</ul></div>'


def missing(found: Sequence[Missing]) -> str:
    """What is not there yet, a sentence each, with the commands that make it."""
    if not found:
        return ""
    lines = "".join(f"<li>{escape(one.words)}: <code>{escape(one.command)}</code></li>" for one in found)
    return f'<ul class="lo-hint lo-lacking">{lines}</ul>'


# --- tables -----------------------------------------------------------------------------------------------------------


def table(part: Lines, item: Item) -> str:
    """The lines of a part; those to unfold below."""
    lines = [*part.lead, *part.rest]
    # Where all lines are of one thing, it stands above them once.
    names = {line.name for line in lines}
    one = next(iter(names)) if len(names) == 1 and len(lines) > 1 and all(line.more for line in lines) else ""
    title = one or part.title
    caption = f'<h3 class="lo-caption">{escape(title)}</h3>' if title else ""
    shown = rows(part.lead, bool(one))
    label = f"{item.name}: published, here, best here"
    body = grid(shown, label) if shown else ""
    more = ""
    if part.rest:
        words = f"{len(part.rest)} further printed figures" if part.lead else f"{len(part.rest)} printed figures"
        more = f"<details><summary>{words}</summary>{grid(rows(part.rest, bool(one)), f'{label}, further')}</details>"
    note = f'<p class="lo-hint">Doubtful in print: {escape(part.note)}.</p>' if part.note else ""
    return f"{caption}{body}{more}{note}"


def grid(body: str, label: str) -> str:
    """Rows under the heads of the three columns."""
    head = '<th scope="col"><span class="lo-unseen">Figure</span></th>' + "".join(
        f'<th scope="col">{name}</th>' for name in HEADS
    )
    whole = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<table class="lo-table lo-three" aria-label="{escape(label)}">{whole}</table>'


def rows(lines: Iterable[Line], of_one: bool) -> str:
    """Lines as rows of a table, each with its name. of_one: all have one name, which stands above them."""
    return "".join(row(line, of_one) for line in lines)


def row(line: Line, without_name: bool) -> str:
    name = sentence_case(line.more) if without_name else line.name
    more = f"<small>{escape(line.more)}</small>" if line.more and not without_name else ""
    doubt = f'<small class="lo-doubted">{escape(sentence_case(line.doubt))}</small>' if line.doubt else ""
    cells = f"<td>{model_cards.as_printed(line.published)}</td><td>{found(line.here)}</td><td>{found(line.best)}</td>"
    return f'<tr><th scope="row">{escape(name)}{more}{doubt}</th>{cells}</tr>'


def found(one: Found | None) -> str:
    """A figure of ours over how it came about."""
    if one is None:
        return model_cards.number(None)
    figure = escape(one.value) if isinstance(one.value, str) else model_cards.number(one.value, DIGITS)
    return figure + (f"<small>{escape(one.how)}</small>" if one.how else "")


def sentence_case(text: str) -> str:
    """The same with a capital letter in front."""
    return text[:1].upper() + text[1:]
