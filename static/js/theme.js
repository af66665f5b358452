// Runs before the first paint, as its own blocking file because inline scripts are forbidden: sets the theme that
// this browser chose, or the system's.

import "./hold.js";

const KEY = "trichora.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function apply() {
  const choice = stored();
  const theme = choice === "light" || choice === "dark" ? choice : dark.matches ? "dark" : "light";
  document.documentElement.dataset.bsTheme = theme;
}

apply();
dark.addEventListener("change", apply);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-theme-switch]");
  if (!button) return;
  const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing still switches this page.
  }
  document.documentElement.dataset.bsTheme = next;
  document.dispatchEvent(new CustomEvent("trichora:theme", { detail: { theme: next } }));
});
