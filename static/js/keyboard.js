// Keys for people who work here all day.
//   data-key="a"            a button or link that the key presses; data-key-label names it in the help list
//   data-key-also="Control+z"  further keys of the same button, with Control (or the command key), Shift
//   data-keys-told          a hidden list, <dt> key <dd> what it does, of keys that work inside its parent: told by the help
//   data-key-less, data-key-more  the keys that move a range
//   data-list-nav           a list or table whose [data-list-item]s are walked with j and k, opened with Enter
//   ?                       opens the list of this page's keys, where single keys can be switched off (WCAG 2.1.4)

const STORE = "trichora.keys";
const help = document.getElementById("keys-dialog");
const toggle = help?.querySelector("[data-keys-toggle]");

function enabled() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

function isTyping(target) {
  return target.isContentEditable || target.matches?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select");
}

function visible(element) {
  return element.checkVisibility?.() ?? element.offsetParent !== null;
}

function press(key) {
  const target = [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === key && !element.disabled && visible(element),
  );
  if (!target) return false;
  if (target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [role=application]")) target.focus();
  else target.click();
  return true;
}

/** A range is moved a tenth of its way by its two keys. */
function slide(key) {
  for (const range of document.querySelectorAll("input[type=range][data-key-less]")) {
    const step = key === range.dataset.keyLess ? -1 : key === range.dataset.keyMore ? 1 : 0;
    if (!step || range.disabled || !visible(range)) continue;
    range.value = String(Number(range.value) + (step * (Number(range.max) - Number(range.min))) / 10);
    range.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }
  return false;
}

/** The button that a combination such as Control+z presses. */
function pressCombination(event) {
  const parts = [(event.ctrlKey || event.metaKey) && "Control", event.shiftKey && "Shift", event.key];
  const wanted = parts.filter(Boolean).join("+");
  const target = [...document.querySelectorAll("[data-key-also]")].find(
    (element) => element.dataset.keyAlso.split(" ").includes(wanted) && visible(element),
  );
  if (target && !target.disabled) target.click();
  return Boolean(target);
}

function currentItem() {
  return document.querySelector('[data-list-nav] [data-list-item][aria-current="true"]');
}

function mark(item) {
  currentItem()?.removeAttribute("aria-current");
  item.setAttribute("aria-current", "true");
  const target = item.matches("a, button, [tabindex]") ? item : item.querySelector("a, button, [tabindex]");
  target?.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
  item.dispatchEvent(new CustomEvent("trichora:current", { bubbles: true }));
}

function walk(step) {
  const items = [...document.querySelectorAll("[data-list-nav] [data-list-item]")].filter(visible);
  if (!items.length) return false;
  const at = items.indexOf(currentItem());
  mark(items[Math.min(Math.max(at + step, 0), items.length - 1)]);
  return true;
}

function openCurrent() {
  const item = currentItem();
  if (!item || document.activeElement?.matches("a, button, summary")) return false;
  const target = item.matches("a") ? item : item.querySelector("a[href], button");
  target?.click();
  return Boolean(target);
}

/** What a button does, in words: its text without the key that is drawn on it. */
function told(element) {
  const named = element.dataset.keyLabel || element.getAttribute("aria-label");
  if (named) return named;
  const copy = element.cloneNode(true);
  for (const key of copy.querySelectorAll("kbd")) key.remove();
  return copy.textContent.trim();
}

function showHelp() {
  const list = help.querySelector("[data-keys-list]");
  list.replaceChildren();
  const add = (key, label) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    text.textContent = label;
    row.append(term, text);
    list.append(row);
  };
  if (document.querySelector("[data-list-nav]")) {
    add("j", help.dataset.next);
    add("k", help.dataset.previous);
    add("Enter", help.dataset.open);
  }
  for (const element of document.querySelectorAll("[data-key]")) {
    if (visible(element)) {
      add([element.dataset.key, ...(element.dataset.keyAlso?.split(" ") ?? [])].join("  "), told(element));
    }
  }
  for (const range of document.querySelectorAll("[data-key-less]")) {
    if (visible(range)) add(`${range.dataset.keyLess}  ${range.dataset.keyMore}`, range.dataset.keyLabel);
  }
  for (const keys of document.querySelectorAll("[data-keys-told]")) {
    if (!visible(keys.parentElement)) continue;
    for (const term of keys.querySelectorAll("dt")) add(term.textContent.trim(), term.nextElementSibling.textContent.trim());
  }
  add("?", help.dataset.help);
  toggle.checked = enabled();
  help.showModal();
}

toggle?.addEventListener("change", () => {
  try {
    localStorage.setItem(STORE, toggle.checked ? "on" : "off");
  } catch {
    // Nothing is kept in this browser: the choice lasts until the page is left.
  }
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey) {
    if (pressCombination(event)) event.preventDefault();
    return;
  }
  if (event.key === "?" && help) {
    showHelp();
    event.preventDefault();
    return;
  }
  if (!enabled()) return;
  const done =
    press(event.key) ||
    slide(event.key) ||
    (event.key === "j" && walk(1)) ||
    (event.key === "k" && walk(-1)) ||
    (event.key === "Enter" && openCurrent());
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-help]") && help) showHelp();
});
