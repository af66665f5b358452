// Two photographs under one slider: <figure data-compare> with an <img-comparison-slider> and a range input, which is
// what the keyboard and screen readers use.

import "img-comparison-slider";

for (const figure of document.querySelectorAll("[data-compare]")) {
  const slider = figure.querySelector("img-comparison-slider");
  const range = figure.querySelector("[data-compare-range]");
  slider.removeAttribute("tabindex");
  slider.setAttribute("keyboard", "disabled");
  range.addEventListener("input", () => {
    slider.value = Number(range.value);
  });
  slider.addEventListener("slide", () => {
    range.value = String(Math.round(slider.value ?? slider.exposure));
  });
}
