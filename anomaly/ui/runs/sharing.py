"""A run for others: its owner makes links, sees who came by them and what they did, and takes it back."""

from typing import TYPE_CHECKING

import streamlit as st

from anomaly.runs import Role
from anomaly.ui.plain import plain

if TYPE_CHECKING:
    from anomaly.runs import RunRow, RunStore

MAY: dict[Role, str] = {"viewer": "look", "editor": "look and change", "owner": "do all"}


def show_sharing(kept: "RunStore", row: "RunRow") -> None:
    if not kept.person.has_account:
        return
    if row.role != "owner":
        _show_shared_with_me(kept, row)
        return
    with st.expander("Share", icon=":material/share:"):
        _show_new_link(kept, row)
        _show_people(kept, row)
        _show_links(kept, row)
    with st.expander("Who did what", icon=":material/history:"):
        noted = [{"When": one.at, "Who": one.name, "What": one.action} for one in kept.sharing.noted(row.id)]
        when = st.column_config.DatetimeColumn(format="distance")
        st.dataframe(noted, hide_index=True, key=f"noted-{row.id}", column_config={"When": when})


def _show_shared_with_me(kept: "RunStore", row: "RunRow") -> None:
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(f"{plain(row.owner)} shares this run with you: you may {MAY[row.role]}.")
    if right.button("Remove from my list", key=f"leave-{row.id}", width="stretch", icon=":material/playlist_remove:"):
        kept.sharing.remove(row.id, kept.person.id)
        st.rerun()


def _show_new_link(kept: "RunStore", row: "RunRow") -> None:
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    roles: list[Role] = ["viewer", "editor"]
    role = left.radio(
        "Whoever signs in with the link may", roles, format_func=MAY.__getitem__, horizontal=True, key=f"may-{row.id}"
    )
    shown = f"link-{row.id}"
    if right.button("Make a link", key=f"make-link-{row.id}", width="stretch", icon=":material/add_link:"):
        st.session_state[shown] = role, address_of(row.id, kept.sharing.make_link(row.id, role))
    if shown in st.session_state:
        given, link = st.session_state[shown]
        st.code(link, language=None, wrap_lines=True)
        st.caption(
            f"To {MAY[given]}. It is shown this once, and works for 30 days or until it is withdrawn. Who may "
            "look may take a copy of the data along."
        )


def address_of(run: str, secret: str) -> str:
    """What to send: the app's first page, and the link's secret."""
    base = (st.context.url or "").partition("?")[0].rstrip("/").removesuffix("/runs")
    return f"{base}/?run={run}&share={secret}"


def _show_people(kept: "RunStore", row: "RunRow") -> None:
    people = kept.sharing.people(row.id)
    if not people:
        st.caption("Nobody else may see this run.")
    for one in people:
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(f"**{plain(one.name)}** may {MAY[one.role]}")
        if right.button(
            "Remove", key=f"remove-{row.id}-{one.person}", width="stretch", icon=":material/person_remove:"
        ):
            kept.sharing.remove(row.id, one.person)
            st.session_state.pop(f"link-{row.id}", None)
            st.rerun()
    if people:
        st.caption("Who is removed cannot come back by a link: all links to this run are withdrawn with it.")


def _show_links(kept: "RunStore", row: "RunRow") -> None:
    for link in kept.sharing.links(row.id):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(f"A link to {MAY[link.role]}, made {link.created:%Y-%m-%d %H:%M} UTC")
        if right.button("Withdraw", key=f"withdraw-{link.id}", width="stretch", icon=":material/link_off:"):
            kept.sharing.withdraw(row.id, link.id)
            st.session_state.pop(f"link-{row.id}", None)
            st.rerun()
