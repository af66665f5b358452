// <select data-insert-into="id"> puts the chosen option's data-text into a text field, where the cursor is.

function insert(list) {
  const text = list.selectedOptions[0]?.dataset.text;
  const field = document.getElementById(list.dataset.insertInto);
  if (!text || !field) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  list.value = "";
}

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-insert-into]")) insert(target);
});

// Chosen before this script was there. What a reload puts back was inserted then.
const [visit] = performance.getEntriesByType("navigation");
for (const list of document.querySelectorAll("[data-insert-into]")) {
  if (visit?.type === "navigate") insert(list);
  else list.value = "";
}
