// Nothing that was typed is lost: a form that saves itself keeps what the server does not have yet in this browser tab.
//   data-draft="reading:…"       names the draft; data-draft-owner is whose it is, and nobody else's is ever shown
//   data-draft-status="id"       the element that says how it stands, in the words of data-saving, data-failed,
//                                data-refused, data-signed-out and data-restored of the form
//   data-draft-kept="id"         an element, hidden at first, that shows what was typed when the form is closed by now
// The draft goes when the server has it. It lives in sessionStorage: closing the tab forgets it.

const PREFIX = "trichora.draft.";
const AGAIN_MS = 5000;
const sent = new WeakMap();
let leaving = false; // the page that comes next may have been drawn before the last answer: it looks at the draft itself

addEventListener("beforeunload", () => {
  leaving = true;
});

function keyOf(form) {
  return `${PREFIX}${form.dataset.draftOwner ?? ""}.${form.dataset.draft}`;
}

function valuesOf(form) {
  return JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));
}

function storage(act) {
  try {
    return act(sessionStorage);
  } catch {
    return undefined; // a browser that keeps nothing: the form still saves itself
  }
}

function say(form, word) {
  const place = document.getElementById(form.dataset.draftStatus ?? "");
  if (!place) return;
  place.textContent = form.dataset[word] ?? "";
  place.classList.toggle("is-unsaved", word !== "saving" && word !== "restored");
}

function isClosed(form) {
  return Boolean(form.querySelector("fieldset:disabled")) || !form.elements.length;
}

function again(form) {
  if (!form.isConnected || isClosed(form)) return;
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-draft]") ?? (event.target.matches?.("form[data-draft]") ? event.target : null);
  if (form) storage((store) => store.setItem(keyOf(form), JSON.stringify({ at: Date.now(), values: valuesOf(form) })));
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-draft]")) return;
  sent.set(form, valuesOf(form));
  say(form, "saving");
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (form?.matches?.("form[data-draft]") && event.detail.xhr.responseURL.includes("/accounts/login/")) {
    event.detail.shouldSwap = false;
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-draft]")) return;
  const { xhr, successful } = event.detail;
  if (xhr.responseURL.includes("/accounts/login/")) say(form, "signedOut");
  else if (successful) {
    const kept = storage((store) => JSON.parse(store.getItem(keyOf(form)) ?? "null"));
    if (!leaving && (!kept || kept.values === sent.get(form))) storage((store) => store.removeItem(keyOf(form)));
    document.getElementById(form.dataset.draftStatus ?? "")?.classList.remove("is-unsaved");
  } else if (xhr.status >= 400 && xhr.status < 500) say(form, "refused");
  else {
    say(form, "failed");
    setTimeout(() => again(form), AGAIN_MS);
  }
});

addEventListener("online", () => {
  for (const form of document.querySelectorAll("form[data-draft]")) {
    if (storage((store) => store.getItem(keyOf(form)))) again(form);
  }
});

function fill(form, values) {
  for (const field of form.elements) {
    if (!field.name || field.name === "csrfmiddlewaretoken" || field.type === "hidden") continue;
    const mine = values.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "checkbox" || field.type === "radio") field.checked = mine.includes(field.value);
    else if (field.multiple && field.options) for (const option of field.options) option.selected = mine.includes(option.value);
    else field.value = mine[0] ?? "";
  }
}

function labelOf(form, name) {
  const field = form.elements[name]?.[0] ?? form.elements[name];
  return field?.labels?.[0]?.textContent.trim() || name;
}

/** Whether a form that is closed by now shows what was typed: it was saved on the way to the page that came next. */
function standsThere(form, values) {
  const plain = (text) => text.replaceAll("\r\n", "\n").trim();
  return values.every(([name, value]) =>
    [...form.elements].some((field) => {
      if (field.name !== name) return false;
      if (field.type === "checkbox" || field.type === "radio") return field.checked && field.value === value;
      if (field.multiple && field.options) return [...field.selectedOptions].some((option) => option.value === value);
      return plain(field.value) === plain(value);
    }),
  );
}

function showKept(form, values) {
  const place = document.getElementById(form.dataset.draftKept ?? "");
  const list = place?.querySelector("[data-draft-list]");
  if (!list) return;
  for (const [name, value] of values) {
    if (!value.trim()) continue;
    const row = document.createElement("div");
    const term = Object.assign(document.createElement("dt"), { textContent: labelOf(form, name) });
    row.append(term, Object.assign(document.createElement("dd"), { textContent: value }));
    list.append(row);
  }
  place.hidden = !list.childElementCount;
  place.querySelector("[data-draft-forget]")?.addEventListener("click", () => {
    storage((store) => store.removeItem(keyOf(form)));
    place.hidden = true;
  });
}

function restore(form) {
  if (form.dataset.draftOpen !== undefined) return;
  form.dataset.draftOpen = "";
  storage((store) => {
    for (const key of Object.keys(store)) {
      if (key.startsWith(PREFIX) && !key.startsWith(`${PREFIX}${form.dataset.draftOwner ?? ""}.`)) store.removeItem(key);
    }
  });
  const kept = storage((store) => JSON.parse(store.getItem(keyOf(form)) ?? "null"));
  if (!kept) return;
  const values = JSON.parse(kept.values);
  if (isClosed(form)) {
    if (standsThere(form, values)) storage((store) => store.removeItem(keyOf(form)));
    else showKept(form, values);
    return;
  }
  if (kept.values === valuesOf(form)) {
    storage((store) => store.removeItem(keyOf(form)));
    return;
  }
  fill(form, values);
  say(form, "restored");
  setTimeout(() => again(form), 0);
}

function restoreAll() {
  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
}

document.addEventListener("htmx:load", restoreAll);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", restoreAll);
else restoreAll();
