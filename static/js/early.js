// What was typed before the scripts were there is heard as if it were typed now: a slow network loses no draft.
// A page that comes back (reload, back button) is left alone: the browser put the old words in, not the person.

const [visit] = performance.getEntriesByType("navigation");

function typed(field) {
  if (field.type === "hidden" || field.type === "file" || field.disabled) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected && !option.defaultSelected) && field.selectedIndex > 0;
  return field.value !== field.defaultValue;
}

function hear() {
  for (const form of document.forms) {
    const field = [...form.elements].find((element) => "value" in element && element.name && typed(element));
    field?.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

if (visit?.type === "navigate") document.addEventListener("htmx:load", hear, { once: true });
