// Words typed a moment before a button is pressed: forms that save themselves are saved first, then the press goes on.

const unsaved = new Set();
const savesItself = "form[hx-post][hx-trigger*='delay']";

document.addEventListener("input", (event) => {
  const form = event.target.closest?.(savesItself);
  if (form) unsaved.add(form);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.(savesItself);
  if (form && event.detail.successful) unsaved.delete(form);
});

async function saveAll() {
  const waiting = [...unsaved].filter((form) => form.isConnected);
  unsaved.clear();
  await Promise.allSettled(
    waiting.map((form) =>
      fetch(form.getAttribute("hx-post"), { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } }),
    ),
  );
}

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!unsaved.size || unsaved.has(form) || form.method !== "post" || form.matches("[hx-post]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const pressed = event.submitter;
    await saveAll();
    form.requestSubmit(pressed);
  },
  { capture: true },
);

document.addEventListener(
  "click",
  async (event) => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !unsaved.size || !plain || link.target || link.matches("[hx-get], [download]")) return;
    if (new URL(link.href, location.href).origin !== location.origin) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await saveAll();
    location.assign(link.href);
  },
  { capture: true },
);
