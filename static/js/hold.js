// Part of the blocking script: what is pressed before the other scripts are there waits for them. A slow network
// neither skips a question (data-confirm) nor swallows a press on a button that only scripts answer.

const ANSWERED_BY_SCRIPTS = "button[type=button]:not([data-theme-switch])";
const SENT_BY_SCRIPTS = "[data-confirm], [hx-post], [hx-put], [hx-delete]";

let held = null;

function hold(event) {
  if (event.type === "submit") {
    const form = event.target;
    const { submitter } = event;
    if (!form.matches(SENT_BY_SCRIPTS) && !submitter?.matches(SENT_BY_SCRIPTS)) return;
    held = () => form.requestSubmit(submitter);
  } else {
    const button = event.target.closest?.(ANSWERED_BY_SCRIPTS);
    if (!button) return;
    held = () => button.click();
  }
  event.preventDefault();
}

document.addEventListener("submit", hold, true);
document.addEventListener("click", hold, true);
// Modules have run when the document says that it is there, and what listens for the same word has heard it a task later.
document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
  document.removeEventListener("submit", hold, true);
  document.removeEventListener("click", hold, true);
  held?.();
}));
