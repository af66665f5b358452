// <details class="menu"> works without this; here it also closes on Escape, on a click elsewhere and on a choice.
// On a phone the main menu scrolls sideways; it opens at the place where one is.

const here = document.querySelector(".mainnav [aria-current]");
if (here) {
  const menu = here.closest(".mainnav").getBoundingClientRect();
  const entry = here.getBoundingClientRect();
  here.closest(".mainnav").scrollLeft += entry.left + entry.width / 2 - menu.left - menu.width / 2;
}

function openMenus() {
  return document.querySelectorAll("details.menu[open]");
}

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
