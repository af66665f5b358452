// Part of the blocking script: what is pressed before the other scripts are there waits for them. A slow network
// neither skips a question (data-confirm) nor swallows a press on what opens a dialog.

let held = null;

function hold(event) {
  if (event.type === "submit") {
    const form = event.target;
    const { submitter } = event;
    if (!form.dataset.confirm && !submitter?.dataset.confirm) return;
    held = () => form.requestSubmit(submitter);
  } else {
    const opener = event.target.closest?.("[data-dialog-open]");
    if (!opener) return;
    held = () => opener.click();
  }
  event.preventDefault();
}

document.addEventListener("submit", hold, true);
document.addEventListener("click", hold, true);
// Modules have run when the document says that it is there.
document.addEventListener("DOMContentLoaded", () => {
  document.removeEventListener("submit", hold, true);
  document.removeEventListener("click", hold, true);
  held?.();
});
