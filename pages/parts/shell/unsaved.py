"""What is typed and not saved, when one leaves: tables keep it and are named beside the menu, with the way back; a form,
whose cells only the browser knows, asks before it is left, for a page, a tab or another campaign, in a popover that was
closed too; and so does the window before it is closed."""

from __future__ import annotations

import streamlit as st

from core.access import Actor
from pages.parts.components import drafts
from pages.parts.components.text import plain, t
from pages.parts.shell.links import link

_JS = """
const values = form => JSON.stringify([...form.querySelectorAll("input, textarea, [data-baseweb=select]")].map(
  one => one.matches("input[type=checkbox], input[type=radio]") ? one.checked : one.matches("input, textarea") ? one.value : one.innerText))
const begun = new Map()    // form -> what stood in it when it was first touched
let cells = null           // the form whose table is being typed into
const state = window.bigsaleUnsaved ??= { tables: false, ask: "" }

const tucked = new Set()   // forms in a popover: closed, they are out of sight and still typed into
let at = location.pathname

const arrived = () => { if (at !== location.pathname) { begun.clear(); tucked.clear(); at = location.pathname } }
const unsaved = () => {
  arrived()
  return [...begun].some(([form, before]) => (form.isConnected || tucked.has(form)) && (before === null || values(form) !== before))
}
const form = event => event.target.closest?.("[data-testid=stForm]")
const touch = event => {
  arrived()
  const own = form(event)
  if (own && !begun.has(own)) begun.set(own, values(own))
  if (own?.closest("[data-testid=stPopoverBody]")) tucked.add(own)
  if (own) cells = event.target.closest("[data-testid=stDataFrame]") ? own : null
}
const typed = event => { if (cells?.isConnected && event.target.closest?.("#portal")) begun.set(cells, null) }
const LEAVING = "[role=tab], [data-testid=stPageLink] a, [data-testid=stSidebar] [data-testid=stButton] button, [data-testid=stSidebar] [data-testid=stSelectbox]"
let going = null           // where the reader was asked about: the rest of that press is over

function leave(event) {
  const own = form(event)
  if (own && event.type === "click" && event.target.closest("[data-testid=stFormSubmitButton]")) {
    tucked.forEach(one => one.isConnected || begun.delete(one))
    return begun.delete(own)
  }
  const way = event.target.closest?.(LEAVING)
  if (!way || way.getAttribute("aria-selected") === "true" || !(going === way || unsaved())) return
  event.preventDefault()
  event.stopImmediatePropagation()
  if (going === way) return
  going = way
  const sure = window.confirm(state.ask)
  setTimeout(() => {
    going = null
    if (sure) { begun.clear(); way.click() }
  }, 300)
}

if (!state.watching) {
  state.watching = true
  document.addEventListener("focusin", touch, true)
  document.addEventListener("pointerdown", touch, true)
  document.addEventListener("input", typed, true)
  for (const kind of ["pointerdown", "mousedown", "click"]) document.addEventListener(kind, leave, true)
  window.addEventListener("beforeunload", event => { if (state.tables || unsaved()) event.preventDefault() })
}

export default function ({ data }) { Object.assign(state, { tables: data.tables, ask: data.ask }) }
"""

_watch = st.components.v2.component("unsaved", html="<span hidden></span>", js=_JS)


def begin(actor: Actor, page: str) -> None:
    """The start of a run, before anything is drawn."""
    drafts.begin(actor.name, page)


def name_them(holder: st.delta_generator.DeltaGenerator) -> None:
    """The end of a run: the tables that wait elsewhere, each a way back; said aloud once, when they are left."""
    waiting = drafts.left()
    with holder:
        for draft in waiting:
            words = t("common.unsaved_there", page=plain(f"menu.{draft.page}"), n=draft.changes)
            link(draft.page, words, draft.address, icon="edit_note")
        _watch(
            key="unsaved", data={"tables": drafts.any_unsaved(), "ask": plain("common.unsaved_ask")}, height=1
        )
    for draft in waiting:
        if drafts.just_left(draft):
            st.toast(
                t("common.unsaved_kept", page=plain(f"menu.{draft.page}"), n=draft.changes),
                icon=":material/edit_note:",
            )
