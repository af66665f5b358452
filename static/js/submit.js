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

// Coming back through the browser's history shows the page as it was left: ready to send again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});
