// <select data-insert-into="id"> puts the chosen option's data-text into a text field, where the cursor is.

document.addEventListener("change", (event) => {
  const list = event.target;
  if (!list.matches?.("[data-insert-into]")) return;
  const text = list.selectedOptions[0]?.dataset.text;
  const field = document.getElementById(list.dataset.insertInto);
  if (!text || !field) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  list.value = "";
});
