// Dialogs. Any form or button with data-confirm asks first, in the page's own <dialog>:
//   data-confirm          the question              data-confirm-title   heading
//   data-confirm-unless-empty   a field: without anything in it there is nothing to ask
//   data-confirm-label    the label of the button   data-confirm-tone    "danger" for what cannot be undone
// data-dialog-open="id" opens a <dialog>, data-dialog-close closes the one around it.

const dialog = document.getElementById("confirm-dialog");
const confirmed = new WeakSet();
let asking = false;

// One question at a time: a second tap on the button goes through to what lies below, and must not ask about that.
function ask(source) {
  if (asking) return Promise.resolve(false);
  asking = true;
  const { confirm, confirmTitle, confirmLabel, confirmTone } = source.dataset;
  const button = dialog.querySelector("[data-confirm-accept]");
  dialog.querySelector("[data-confirm-heading]").textContent = confirmTitle || dialog.dataset.title;
  dialog.querySelector("[data-confirm-text]").textContent = confirm;
  button.textContent = confirmLabel || dialog.dataset.label;
  button.classList.toggle("btn-danger", confirmTone === "danger");
  button.classList.toggle("btn-primary", confirmTone !== "danger");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      asking = false;
      resolve(dialog.returnValue === "accept");
    }, { once: true });
  });
}

function nothingToLose({ dataset }) {
  return dataset.confirmUnlessEmpty && !document.querySelector(dataset.confirmUnlessEmpty)?.value.trim();
}

if (dialog) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const source = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!source.dataset.confirm || confirmed.has(form) || form.matches("[hx-post], [hx-put], [hx-delete]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    if (!form.dataset.sent && await ask(source)) {
      confirmed.add(form);
      form.requestSubmit(submitter);
      confirmed.delete(form);
    }
  }, true);

  document.addEventListener("htmx:confirm", async (event) => {
    const source = event.detail.elt;
    if (!source.dataset.confirm || nothingToLose(source)) return;
    event.preventDefault();
    if (await ask(source)) event.detail.issueRequest(true);
  });
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) document.getElementById(opener.dataset.dialogOpen)?.showModal();
  event.target.closest("[data-dialog-close]")?.closest("dialog")?.close();
});
