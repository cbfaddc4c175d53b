"""What a file says, shown as it stands: never markup."""

import re

import streamlit as st

MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!<>$:~|&])")
REWRITTEN = re.compile(r"(?<=:)(?=[^\s\d])|(?<=\S)(?=@)|(?<=ww)(?=w\.)|(?<=[<>=~-])(?=[<>=-])", re.IGNORECASE)
"""inside what Streamlit rewrites after the backslashes are gone: it makes links of addresses (https://…, www.…, a@b.c),
icons of :words:, and arrows and dashes of -> and --"""
NOTHING = ":small[]"
"""An element without content, between two texts of which neither is rewritten. It is neither seen nor copied, as a
character of no width would be."""


def plain(text: object) -> str:
    """Text for Streamlit's Markdown that comes out letter for letter, on one line."""
    parts = REWRITTEN.split(" ".join(str(text).split()))
    return NOTHING.join(MARKUP.sub(r"\\\1", part) for part in parts)


def show_error(message: object) -> None:
    """An error's sentence; it may quote a file."""
    st.error(plain(message), icon=":material/error:")
