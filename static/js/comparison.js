// Two photographs of one view, moved and enlarged together: side by side, under a slider, or blinking.
// Markup: templates/reviews/_compare.html, templates/_components/comparison.html.

import OpenSeadragon from "openseadragon";

import { keepPlace, moveTo, placeOf } from "./place.js";
import { tileSource } from "./stage.js";

const BLINK_MS = 700;

function viewerIn(figure) {
  const host = document.createElement("div");
  host.className = "comparison__canvas";
  figure.append(host);
  const viewer = OpenSeadragon({
    element: host,
    tileSources: tileSource(figure),
    drawer: "canvas",
    showNavigationControl: false,
    visibilityRatio: 0.5,
    minZoomImageRatio: 0.8,
    maxZoomPixelRatio: 4,
    animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.3,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsTouch: { clickToZoom: false },
  });
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", figure.dataset.label);
  keepPlace(viewer);
  return viewer;
}

/** Opens one comparison; returns what closes it. */
export function openComparison(element) {
  const frame = element.querySelector(".comparison__pictures");
  if (!frame) return { close() {} };
  const figures = ["then", "now"].map((side) => frame.querySelector(`[data-comparison-side=${side}]`));
  const viewers = figures.map(viewerIn);
  const range = element.querySelector("[data-comparison-range]");
  const rangeLabel = element.querySelector("[data-comparison-range-label]");
  const shown = element.querySelector("[data-comparison-shown]");
  const mapSwitch = element.querySelector("[data-comparison-map]");
  let following = false;
  let blinking;

  viewers.forEach((viewer, index) => {
    const other = viewers[1 - index];
    viewer.addHandler("viewport-change", () => {
      if (following || !viewer.isOpen() || !other.isOpen()) return;
      following = true;
      moveTo(other, placeOf(viewer));
      other.forceRedraw();
      following = false;
    });
  });

  function split() {
    const part = frame.dataset.mode === "slider" ? 100 - Number(range.value) : 0;
    figures[1].style.clipPath = frame.dataset.mode === "slider" ? `inset(0 0 0 ${part}%)` : "";
  }

  function show(side) {
    figures[1].style.visibility = side === "then" ? "hidden" : "";
    shown.textContent = shown.dataset[side];
  }

  function setMode(mode) {
    clearInterval(blinking);
    frame.dataset.mode = mode;
    rangeLabel.hidden = mode !== "slider";
    shown.hidden = mode !== "blink";
    show("now");
    split();
    for (const button of element.querySelectorAll("[data-comparison-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.comparisonMode === mode));
    }
    if (mode === "blink") {
      let side = "now";
      blinking = setInterval(() => {
        side = side === "now" ? "then" : "now";
        show(side);
      }, BLINK_MS);
    }
  }

  const actions = {
    "zoom-in": (viewport) => viewport.zoomBy(1.5),
    "zoom-out": (viewport) => viewport.zoomBy(1 / 1.5),
    fit: (viewport) => viewport.goHome(),
  };
  element.addEventListener("click", (event) => {
    const mode = event.target.closest("[data-comparison-mode]")?.dataset.comparisonMode;
    const action = actions[event.target.closest("[data-comparison-action]")?.dataset.comparisonAction];
    if (mode) setMode(mode);
    if (!action || !viewers[1].isOpen()) return;
    action(viewers[1].viewport);
    viewers[1].viewport.applyConstraints();
  });
  range.addEventListener("input", split);

  // The map of change lies on the earlier photograph, and the later one is laid onto that: it fits over both.
  let maps;
  function showMap() {
    if (!viewers.every((viewer) => viewer.isOpen())) return; // it comes as soon as both photographs are there
    maps ??= viewers.map((viewer) => {
      const picture = document.createElement("img");
      picture.alt = "";
      picture.className = "comparison__overlay";
      picture.src = mapSwitch.dataset.comparisonMap;
      const { x, y } = viewer.world.getItemAt(0).getContentSize();
      viewer.addOverlay({ element: picture, location: new OpenSeadragon.Rect(0, 0, 1, y / x) });
      return picture;
    });
    for (const picture of maps) picture.hidden = !mapSwitch.checked;
  }
  mapSwitch?.addEventListener("change", showMap);
  for (const viewer of viewers) {
    viewer.addHandler("open", () => {
      if (mapSwitch?.checked) showMap();
    });
  }

  setMode(frame.dataset.mode || "side");

  return {
    close() {
      clearInterval(blinking);
      for (const viewer of viewers) viewer.destroy();
    },
  };
}
