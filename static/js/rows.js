// Rows that scroll sideways on a narrow screen, the main menu and strips of views, show the place where one is: when the
// page opens, and whenever another place becomes the current one. In between they stay where they were scrolled to.

const shown = new WeakMap();

function follow() {
  for (const here of document.querySelectorAll(".mainnav [aria-current], .filmstrip [aria-current]")) {
    const row = here.closest(".mainnav, .filmstrip");
    if (shown.get(row) === here.href) continue;
    shown.set(row, here.href);
    const frame = row.getBoundingClientRect();
    const entry = here.getBoundingClientRect();
    row.scrollLeft += entry.left + entry.width / 2 - frame.left - frame.width / 2;
  }
}

follow();
document.addEventListener("htmx:afterSettle", follow);
document.addEventListener("htmx:oobAfterSwap", follow);
