"""A link to the very state on screen, and its QR code: the app's own URL with its query parameters."""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

HAND = "hand"  # in the URL: the secret of whoever steers a live run
OURS = ("present", "demo", HAND)  # parameters of the presenter, not of what is shown; the secret is for nobody else
# Asking for the way to one of these sends nothing. The first is set apart for examples (RFC 5737) and lies beyond the router;
# the others are routers of small networks that lead nowhere else, such as a telephone's.
BEYOND = ("192.0.2.1", "192.168.0.1", "192.168.1.1", "192.168.43.1", "172.20.10.1", "192.168.137.1", "10.42.0.1", "10.0.0.1")
EVERYWHERE = ("0.0.0.0", "::")  # what a server is bound to that answers at every address
QUIET_ZONE = 4  # modules of white around a code (ISO/IEC 18004)
# Pictures that no link carries, where they are on screen: page -> (choice of their source, its value, where they are held).
KEPT = {
    "tell_the_time": (("from", "files", "kept-files"), ("from", "files", "pasted"), ("from", "camera", "photo")),
    "latent_space": (("start-by", "own", "start-kept"), ("end-by", "own", "end-kept")),
}
STAYS = "Dropped, pasted and photographed pictures stay on this machine: who opens the link sees something else in their place."


@dataclass(frozen=True)
class Link:
    """A link for others, and sentences on what they should know about it."""

    url: str
    notes: tuple[str, ...] = ()


def params() -> list[tuple[str, str]]:
    """What the URL says of the state on screen, the presenter's own parameters left out."""
    return [(name, value) for name in st.query_params if name not in OURS for value in st.query_params.get_all(name)]


def link_for(url: str, state: Iterable[tuple[str, str]], address: str | None, bound: str | None = None) -> Link:
    """The link for others. url: as the presenter's browser has it. address: of this machine in its network, or None.

    bound: the one address that the server answers at, None for all.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"a link begins with http:// or https:// and a host; got {url[:80]!r}")
    query = urlencode(list(state))
    if not is_loopback(parts.hostname):
        return Link(urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, "")))
    if bound and is_loopback(bound) and bound not in EVERYWHERE:
        note = f"The app was told to answer at {bound} alone, so nobody else can open this: start it with make app."
        return Link(urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, "")), (note,))
    if address is None:
        note = "This machine has no address in a network now, so the link works on this machine alone."
        return Link(urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, "")), (note,))
    host = f"[{address}]" if ":" in address else address
    place = f"{host}:{parts.port}" if parts.port else host
    note = f"You opened the app as {parts.hostname}; the link names this machine's address in its network instead. Phones and "
    note += "laptops must be in the same network."
    return Link(urlunsplit((parts.scheme, place, parts.path or "/", query, "")), (note,))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine as only itself knows it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_secure(url: str) -> bool:
    """Whether browsers call a page at this address a secure context, and so give it the camera.

    Over https, and at an address of the machine itself; "Secure Contexts", W3C 2023, section 3.1. 0.0.0.0 is none of these.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" or (is_loopback(host) and host not in EVERYWHERE)


def own_address() -> str | None:
    """The address that this machine has in its network, or None. Nothing is sent."""
    for place in BEYOND:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((place, 9))  # for datagrams this only chooses the network card
                found = str(probe.getsockname()[0])
            except OSError:
                continue
        if not is_loopback(found):
            return found
    return None


def code(url: str) -> str | None:
    """A QR code as the URL of an SVG, black on white in any theme; None where the link is too long for one."""
    import segno

    try:
        made = segno.make_qr(url, error="m")
    except segno.DataOverflowError:
        return None
    return made.svg_data_uri(border=QUIET_ZONE, dark="#000", light="#fff", scale=8)


def here(state: Mapping[object, object], url: str | None) -> Link | None:
    """The link to what this visitor sees; None where the browser has not said at which address it is."""
    if not url:
        return None
    link = link_for(url, params(), own_address(), st.get_option("server.address"))
    asked = KEPT.get(urlsplit(url).path.rstrip("/").rpartition("/")[2], ())
    shown = [state.get(where) for choice, source, where in asked if state.get(choice) == source]
    kept = any(bool(held[1] if isinstance(held, tuple) else held) for held in shown)
    return Link(link.url, (STAYS, *link.notes)) if kept else link


@st.dialog("Link and QR code", width="large")
def show() -> None:
    """The code, the link, and what to know."""
    try:
        link = here(st.session_state, st.context.url)
    except ValueError:
        link = None
    if link is None:
        st.html('<p class="lo-problem" role="alert">The browser has not said at which address it is. Load the page again.</p>')
        return
    source = code(link.url)
    if source:
        picture = f'<img class="lo-qr" src="{source}" alt="QR code of the link: {escape(link.url)}">'
    else:
        picture = '<p class="lo-problem" role="alert">This link is too long for a QR code: copy it instead.</p>'
    notes = "".join(f'<p class="lo-hint">{escape(note)}</p>' for note in link.notes)
    st.html(f'<div class="lo-code">{picture}</div>')
    st.code(link.url, language=None, wrap_lines=True)
    but = ", but for pictures of your own" if STAYS in link.notes else ""
    words = f"Who opens the link, or points a phone at the code, sees the page as it stands here now{but}."
    st.html(f'<div class="lo-code-notes"><p>{words}</p>{notes}</div>')
