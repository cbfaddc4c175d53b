"""What was fitted before: find it, open it, set two against each other, delete it."""

from typing import TYPE_CHECKING

import streamlit as st

from anomaly.domain import AnomalyError
from anomaly.ui import session
from anomaly.ui.panels.layout import begin_page
from anomaly.ui.plain import plain, show_error

if TYPE_CHECKING:
    from anomaly.runs import RunRow, RunStore

SORTS = {"updated": "Last changed", "created": "Newest", "name": "Name", "events": "Most events", "size": "Largest"}
MOST = 200
CHOSEN, DELETED = "runs-chosen", "runs-deleted"
COLUMNS = {
    "name": st.column_config.TextColumn("Name", width="medium"),
    "owner": st.column_config.TextColumn("Owner"),
    "notes": st.column_config.TextColumn("Notes", width="medium"),
    "updated": st.column_config.DatetimeColumn("Changed", format="distance"),
    "dataset": st.column_config.TextColumn("File"),
    "records": st.column_config.NumberColumn("Records", format="localized"),
    "steps": st.column_config.NumberColumn("Steps", format="localized"),
    "cell": st.column_config.TextColumn("Cell"),
    "events": st.column_config.NumberColumn("Events", format="localized"),
    "size": st.column_config.TextColumn("Size"),
}


def show() -> None:
    begin_page()
    from anomaly.ui.lasting.keeping import find_store

    st.title("Runs", anchor=False)
    try:
        kept = find_store()
        if kept is None:
            st.info("Nothing is kept here (ANOMALY_KEEP=nothing): results last until the page is closed.")
            return
        _show_list(kept)
    except AnomalyError as error:
        show_error(error)


def _show_list(kept: "RunStore") -> None:
    from anomaly.ui.wording import say_bytes

    _show_running()
    _show_broken_off()
    count, size = kept.count()
    left, right = st.columns([3, 1])
    search = left.text_input("Search", placeholder="name, file, cell or notes", key="runs-search")
    sort = right.selectbox("Sort by", list(SORTS), format_func=SORTS.__getitem__, key="runs-sort")
    rows = kept.list(search, sort, MOST)
    _show_deleted(kept)
    if kept.exposed:
        st.warning(plain(kept.exposed))
    if unswept := kept.unswept:
        st.info(plain(unswept))
    st.caption(
        f"{count:,} run{'s' * (count != 1)} kept{f', {say_bytes(size)}' if count else ''}."
        + (f" Shown: {len(rows):,}." if len(rows) != count else "")
    )
    if not rows:
        st.info("A run is kept here as soon as its fit has ended." if not count else "No run has these words.")
        return
    table = [_line_of(row, kept.person.has_account) for row in rows]
    # A choice is kept by position: another list or order is another table, in which the same runs are chosen.
    before = st.session_state.get(CHOSEN, [])
    chosen = st.dataframe(
        table,
        hide_index=True,
        column_config=COLUMNS,
        key=f"runs-{hash(tuple(row.id for row in rows))}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [at for at, row in enumerate(rows) if row.id in before]}},
    ).selection.rows
    selected = [rows[position] for position in chosen]
    st.session_state[CHOSEN] = [row.id for row in selected]
    if not selected:
        st.caption("Choose one to open, rename or delete it; two to set them against each other.")
    elif len(selected) == 1 and selected[0].unreadable:
        _show_unreadable(kept, selected[0])
    elif len(selected) == 1:
        _show_one(kept, selected[0])
    if len(selected) == 2 and not any(row.unreadable for row in selected):
        from anomaly.ui.runs.difference import show_difference

        show_difference(kept, *selected)
    if len(selected) > 1 and all(row.role == "owner" for row in selected):
        _show_delete(kept, selected)


def _line_of(row: "RunRow", has_owner: bool) -> dict[str, object]:
    """A line of the table, without what cannot be read of it."""
    from anomaly.ui.wording import say_bytes

    line = {
        "name": row.name,
        **({"owner": "you" if row.role == "owner" else row.owner} if has_owner else {}),
        "notes": f"Cannot be read: {', '.join(row.unreadable)}. {row.notes}".strip() if row.unreadable else row.notes,
        "updated": row.updated,
        "dataset": row.dataset,
        "records": row.records,
        "steps": row.steps,
        "cell": row.cell,
        "events": row.events,
        "size": say_bytes(row.bytes),
    }
    unknown = {"size" if name == "bytes" else name for name in row.unreadable} - {"name", "notes", "owner"}
    return {name: None if name in unknown else value for name, value in line.items()}


def _show_unreadable(kept: "RunStore", row: "RunRow") -> None:
    st.warning(
        plain(
            f"{row.name or 'This run'} cannot be opened: its line in the database is damaged, or of another version "
            f"({', '.join(row.unreadable)}). Put back a copy of the database, or delete the run."
        )
    )
    if row.role == "owner":
        _show_delete(kept, [row])


def _show_running() -> None:
    """Who closed a page without its address finds the fit here."""
    from anomaly.ui.lasting.fits import running, say_queue, watch

    for job in running():
        row = st.container(border=True, horizontal=True, vertical_alignment="center")
        if job.is_waiting:
            where = say_queue(job.ahead)
        else:
            where = f"is learning: {f'epoch {len(job.epochs)}' if job.epochs else 'about to begin'}."
        row.markdown(f"**{plain(job.dataset.name)}** ({job.settings.cell}) {where}", width="content")
        if row.button("Watch", key=f"watch-{job.id}", icon=":material/visibility:"):
            page = st.session_state["pages"]["detect"]
            watch(job)
            st.switch_page(page)


def _show_broken_off() -> None:
    """Fits whose server, or process, was ended while they learnt."""
    from anomaly.ui.lasting.fits import broken_off, take_up
    from anomaly.ui.lasting.keeping import store

    for one in broken_off():
        row = st.container(border=True, horizontal=True, vertical_alignment="center")
        why = f": {plain(one.reason)}." if one.reason else " while it learnt."
        row.markdown(f"**{plain(one.name)}** ({one.cell}) was broken off{why}", width="content")
        if row.button("Go on", key=f"go-on-{one.id}", type="primary", icon=":material/play_arrow:"):
            page = st.session_state["pages"]["detect"]
            take_up(one)
            st.switch_page(page)
        kept = store()
        if kept is not None and row.button("Give up", key=f"give-up-{one.id}", icon=":material/close:"):
            kept.workshop.remove(one.id)
            st.rerun()


def _show_one(kept: "RunStore", row: "RunRow") -> None:
    is_fixed = row.role == "viewer"
    keys = f"name-{row.id}", f"notes-{row.id}"
    for key, text in zip(keys, (row.name, row.notes), strict=True):
        # What is typed here stays where somebody else saves meanwhile; what is not follows the store. A field that was
        # not drawn for a time holds nothing that anybody typed.
        if key not in st.session_state or st.session_state[key] == st.session_state.get(f"seen-{key}"):
            st.session_state[key] = st.session_state[f"seen-{key}"] = text
    with st.form(f"run-{row.id}"):
        name = st.text_input("Name", key=keys[0], disabled=is_fixed)
        notes = st.text_area("Notes", key=keys[1], height=80, disabled=is_fixed)
        if st.form_submit_button("Save", icon=":material/save:", disabled=is_fixed):
            try:
                _save_words(kept, row, name, notes, seen=st.session_state[f"seen-{keys[1]}"])
            except AnomalyError as error:
                show_error(error)
            else:
                # What is shown next is what the store holds.
                st.session_state.update({f"seen-{keys[0]}": name, f"seen-{keys[1]}": notes})
                st.rerun()
    left, again, middle, right = st.columns([1, 1, 1, 2])
    if left.button("Open", key=f"open-{row.id}", type="primary", width="stretch", icon=":material/folder_open:"):
        from anomaly.ui.lasting.keeping import show_kept

        with st.spinner("Opening …"):
            show_kept(row.id)
        st.switch_page(st.session_state["pages"]["detect"])
    with again:
        _show_duplicate(row)
    with middle:
        if row.role == "owner":
            _show_delete(kept, [row])
    with right.expander("Score new data with this run", icon=":material/upload_file:"):
        _show_rescoring(row)
    from anomaly.ui.runs.sharing import show_sharing

    show_sharing(kept, row)


def _save_words(kept: "RunStore", row: "RunRow", name: str, notes: str, seen: str) -> None:
    """Name and notes, where they were changed; what somebody else noted meanwhile stays in front."""
    if notes != row.notes and notes != seen:
        kept.write_notes(row.id, notes if row.notes in ("", seen) else f"{row.notes}\n{notes}".rstrip())
    if name != row.name:
        kept.rename(row.id, name)


def _show_duplicate(row: "RunRow") -> None:
    """The same data, to be fitted with other settings; the run itself stays as it is."""
    if not st.button(
        "Duplicate",
        key=f"duplicate-{row.id}",
        width="stretch",
        icon=":material/content_copy:",
        help="Fit with other settings.",
    ):
        return
    from anomaly.ui.lasting.keeping import open_copy

    with st.spinner("Opening …"):
        open_copy(row.id)
    st.switch_page(st.session_state["pages"]["detect"])


def _show_rescoring(row: "RunRow") -> None:
    """Next month's file, without learning again."""
    uploaded = st.file_uploader(
        "A file with the same columns; nothing is learnt from it.", key=f"rescore-{row.id}", accept_multiple_files=True
    )
    if not uploaded or not st.button("Score it", key=f"score-{row.id}"):
        return
    from anomaly.ui.runs.rescoring import score_files

    with st.spinner("Scoring …"):
        score_files(row.id, [(file.getvalue(), file.name) for file in uploaded])
    st.switch_page(st.session_state["pages"]["detect"])


def _show_delete(kept: "RunStore", rows: "list[RunRow]") -> None:
    label = "Delete" if len(rows) == 1 else f"Delete these {len(rows):,}"
    if st.button(label, key=f"delete-{'-'.join(row.id for row in rows)}", width="stretch", icon=":material/delete:"):
        for row in rows:
            kept.delete(row.id)
        opened = session.current()
        if opened is not None and opened.run is not None and opened.run.id in {row.id for row in rows}:
            session.close()
        st.session_state[DELETED] = True
        st.rerun()


def _show_deleted(kept: "RunStore") -> None:
    """What can still be taken back."""
    from anomaly.runs import UNDO_HOURS

    deleted = kept.deleted()
    if not deleted:
        return
    with st.expander(
        f"Deleted in the last {UNDO_HOURS} hours: {len(deleted):,}",
        icon=":material/undo:",
        expanded=DELETED in st.session_state,
    ):
        for one in deleted:
            row = st.container(horizontal=True, vertical_alignment="center")
            row.markdown(f"**{plain(one.name)}** ({one.cell}), {one.created:%Y-%m-%d %H:%M} UTC", width="content")
            if row.button("Undo", key=f"undo-{one.id}", icon=":material/undo:", type="tertiary"):
                kept.restore(one.id)
                st.rerun()
