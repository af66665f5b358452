// A form that is on its way says so and cannot be sent twice.

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.dataset.sent && !form.matches("[data-repeatable]")) {
    event.preventDefault();
    return;
  }
  if (form.method !== "post" || form.matches("[data-repeatable], [hx-post], [method=dialog]")) return;
  form.dataset.sent = "true";
  event.submitter?.setAttribute("aria-busy", "true");
});

// A form that was refused comes back with what is wrong, into the place that is marked for it (data-refused).
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status !== 422 || !detail.xhr.responseText || !detail.target.matches("[data-refused]")) return;
  detail.shouldSwap = true;
  detail.isError = false;
});

// After a refusal, back to the form as it was filled in; a new tab without a past follows the link instead.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-back]") || history.length < 2) return;
  event.preventDefault();
  history.back();
});

// Coming back through the browser's history shows the page as it was left: ready to send again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});
