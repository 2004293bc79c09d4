"""Who may steer a live run: the browser that began it, also after a reload, and nobody who only copied its address."""

import re
import secrets
from hashlib import sha256
from hmac import compare_digest
from itertools import cycle

import streamlit as st

from pages.parts.share import HAND

OWNER = "live-owner"
COOKIE = "_streamlit_xsrf"  # Streamlit's own, which every browser has of its own
_SECRET = re.compile(r"([\w-]{16,64})\.([0-9a-f]{32})", re.ASCII)


def owner() -> str:
    """The secret by which this visitor steers runs: the URL's, so that it outlives a reload, or a new one.

    The URL's counts only in the browser that it was made for: a teacher's address bar is copied sooner or later, and whoever
    opened it would end the run on the wall with *Start*.
    """
    told = _SECRET.fullmatch(st.query_params.get(HAND, ""))
    if told and compare_digest(told[2], _seal(told[1])):
        st.session_state[OWNER] = told[0]
    if OWNER not in st.session_state:
        secret = secrets.token_urlsafe(24)
        st.session_state[OWNER] = f"{secret}.{_seal(secret)}"
    return str(st.session_state[OWNER])


def _seal(secret: str) -> str:
    return sha256(f"{secret} {browser(st.context.cookies.get(COOKIE, ''))}".encode()).hexdigest()[:32]


def browser(cookie: str) -> str:
    """What stays the same in a cookie ``2|mask|masked token|time`` (Tornado's), whose mask changes; "" of any other."""
    try:
        _, mask, masked, _ = cookie.split("|")
        return bytes(one ^ other for one, other in zip(bytes.fromhex(masked), cycle(bytes.fromhex(mask)), strict=False)).hex()
    except ValueError:
        return ""
