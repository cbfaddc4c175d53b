"""What a file says, shown as it stands: never markup."""

import re

import streamlit as st

MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!<>$:~|&])")


def plain(text: object) -> str:
    """Text for Streamlit's Markdown that comes out letter for letter, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(str(text).split()))


def show_error(message: object) -> None:
    """An error's sentence; it may quote a file."""
    st.error(plain(message), icon=":material/error:")
