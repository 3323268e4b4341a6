"""The sign-in, change of password and sign-out as small forms that post to the account routes of the
same app.

The password never enters a Streamlit widget or the session state; the session's token lives in an HttpOnly
cookie that only the server reads.
"""

from __future__ import annotations

import streamlit as st

from pages.parts.components.text import plain, sentence, t
from pages.parts.entry import visitor

_HTML = """
<form novalidate>
  <div class="fields"></div>
  <button type="submit"></button>
  <p role="alert"></p>
</form>
"""

_CSS = """
form { display: grid; gap: 0.9rem; font: var(--st-base-font-weight) 1rem var(--st-font); color: var(--st-text-color); margin: 0; }
.fields { display: grid; gap: 0.9rem; }
.fields:empty { display: none; }
label { display: grid; gap: 0.3rem; font-size: 0.93rem; }
input { font: inherit; color: inherit; background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); padding: 0.6rem 0.75rem; min-height: 1.4rem; width: 100%; box-sizing: border-box; }
input:focus { outline: 2px solid var(--st-primary-color); outline-offset: -1px; border-color: transparent; }
button { font: inherit; font-weight: 600; color: #fff; background: var(--st-primary-color); border: 0;
  border-radius: var(--st-button-radius); padding: 0.65rem 1rem; cursor: pointer; min-height: 2.6rem; }
button:hover { filter: brightness(0.94); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
button[disabled] { opacity: 0.6; cursor: default; }
.quiet button { color: var(--st-text-color); background: transparent; border: 1px solid var(--st-border-color); font-weight: 400; }
p { margin: 0; min-height: 1.2rem; font-size: 0.93rem; color: var(--st-red-text-color, var(--st-primary-color)); }
p:empty { display: none; }
"""

_JS = """
export default function ({ parentElement, data }) {
  const form = parentElement.querySelector("form")
  const fields = parentElement.querySelector(".fields")
  const button = parentElement.querySelector("button")
  const alert = parentElement.querySelector("p")
  const shape = JSON.stringify(data.fields)
  if (fields.dataset.shape !== shape) {
    fields.dataset.shape = shape
    fields.replaceChildren(...data.fields.map(field => {
      const label = document.createElement("label")
      const input = document.createElement("input")
      Object.assign(input, { name: field.name, type: field.type, autocomplete: field.autocomplete, required: true, maxLength: 256 })
      if (field.type !== "password") Object.assign(input, { autocapitalize: "off", spellcheck: false })
      label.append(field.label, input)
      return label
    }))
  }
  form.className = data.quiet ? "quiet" : ""
  button.textContent = data.words.button
  form.onsubmit = async event => {
    event.preventDefault()
    const body = Object.fromEntries(new FormData(form))
    if ("again" in body) {
      if (body.again !== body.new) { alert.textContent = data.words.differ; return }
      delete body.again
    }
    const empty = [...form.elements].find(element => element.required && !element.value)
    if (empty) { empty.focus(); return }
    button.disabled = true
    alert.textContent = ""
    try {
      let answer, said
      for (let tries = 0; tries < 4; tries++) {
        answer = await fetch(data.address, { method: "POST", credentials: "same-origin",
          headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
        if (answer.ok) { window.location.reload(); return }
        said = await answer.json().catch(() => ({}))
        if (answer.status !== 429 || !(said.seconds <= 30)) break
        for (let left = said.seconds; left > 0; left--) {
          alert.textContent = data.words.waiting.replace("{seconds}", left)
          await new Promise(done => setTimeout(done, 1000))
        }
      }
      const sentence = data.words[said.code] || data.words.refused
      alert.textContent = sentence.replace(/\\{(\\w+)[^}]*\\}/g, (_, name) => said[name] ?? said.facts?.[name] ?? "…")
    } catch (error) {
      alert.textContent = data.words.unreachable
    }
    button.disabled = false
  }
}
"""

REFUSALS = (
    "access.wrong_password",
    "access.slow_down",
    "access.cross_origin",
    "access.signed_out",
    "access.password_short",
    "access.password_long",
    "access.password_weak",
    "access.password_same",
    "text.unstorable",
    "database.busy",
    "database.full",
    "database.unreachable",
)

_form = st.components.v2.component("account_form", html=_HTML, css=_CSS, js=_JS)


def _field(name: str, kind: str, autocomplete: str, word: str) -> dict[str, str]:
    return {"name": name, "type": kind, "autocomplete": autocomplete, "label": plain(f"sign_in.{word}")}


def _post(address: str, button: str, fields: list[dict[str, str]], *, quiet: bool = False) -> None:
    words = {name: plain(f"sign_in.{name}") for name in ("differ", "unreachable", "refused")}
    words["waiting"] = sentence("sign_in.waiting")
    words |= {"button": plain(f"sign_in.{button}")} | {code: sentence(f"errors.{code}") for code in REFUSALS}
    words |= {
        code: plain(f"errors.{code}", outcome="written") for code in REFUSALS if code.startswith("database.")
    }
    _form(key=f"door_{button}", data={"address": address, "fields": fields, "words": words, "quiet": quiet})


def sign_in() -> None:
    """The sign-in form; a good answer reloads the page, so that the address asked for opens."""
    _post(
        "/account/sign-in",
        "enter",
        [
            _field("name", "text", "username", "account"),
            _field("word", "password", "current-password", "word"),
        ],
    )


def change_word() -> None:
    """Old and new password; the server says whether the new one is good enough."""
    new = [
        _field("new", "password", "new-password", "new_word"),
        _field("again", "password", "new-password", "new_again"),
    ]
    _post("/account/password", "change", [_field("old", "password", "current-password", "old_word"), *new])


def sign_out() -> None:
    """Leaves on this device, or everywhere."""
    _post("/account/sign-out", "leave", [], quiet=True)
    _post("/account/sign-out-everywhere", "leave_everywhere", [], quiet=True)
    if visitor.company() and st.user.is_logged_in:
        st.button(t("sign_in.leave_company"), on_click=st.logout, width="stretch")


def company() -> None:
    """Sign-in by the company's identity provider, where one is configured; a stranger there is told to
    ask."""
    if not visitor.company():
        return
    if st.user.is_logged_in:
        st.warning(t("sign_in.stranger"), icon=":material/person_off:")
        st.button(t("sign_in.leave_company"), on_click=st.logout, width="stretch")
    elif st.button(t("sign_in.company"), icon=":material/domain:", width="stretch"):
        st.login()


@st.dialog("　")
def change_dialog() -> None:
    """The password form over the page."""
    st.subheader(t("sign_in.change_word"))
    change_word()
