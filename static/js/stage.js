// A photograph on its stage: zoom and pan (OpenSeadragon), overlays that a person switches on, and their strength.
// Markup: templates/_components/photo_stage.html. The plain <img> inside shows until, or instead of, this.

import OpenSeadragon from "openseadragon";

import { keepPlace } from "./place.js";

const PAN_AND_ZOOM = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "+", "-", "=", "0"]);

/** Makes the viewer of one stage; returns it. The viewer's `whenReady` resolves once the photograph is drawn. */
export function openStage(stage) {
  const view = stage.querySelector("[data-stage-view]");
  const picture = view.querySelector("img");
  const host = document.createElement("div");
  host.className = "stage__canvas";
  view.append(host);

  const viewer = OpenSeadragon({
    element: host,
    tileSources: tileSource(stage),
    drawer: "canvas",
    showNavigationControl: false,
    visibilityRatio: 0.5,
    minZoomImageRatio: 0.8,
    maxZoomPixelRatio: 4,
    animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.4,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsTouch: { clickToZoom: false },
  });
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", `${stage.dataset.label}. ${stage.dataset.hint ?? ""}`);
  viewer.canvas.dataset.key = "i";
  viewer.canvas.dataset.keyLabel = stage.dataset.into ?? "";
  viewer.whenReady = new Promise((resolve) => viewer.addOnceHandler("open", resolve));
  viewer.addOnceHandler("open", () => picture?.remove());
  viewer.addOnceHandler("open-failed", () => host.remove());

  // OpenSeadragon turns and mirrors on r and f and pans on w a s d: single letters belong to the page here.
  viewer.addHandler("canvas-key", (event) => {
    if (!PAN_AND_ZOOM.has(event.originalEvent.key)) {
      event.preventDefaultAction = true;
      event.preventDefault = false;
    }
  });

  keepPlace(viewer);
  bindTools(stage, viewer);
  bindOverlays(stage, viewer);
  return viewer;
}

/** The picture in rising sizes (data-sources: [{url, width, height}, …]), so that only what is shown is loaded; or one. */
export function tileSource(element) {
  const levels = JSON.parse(element.dataset.sources || "[]");
  if (levels.length > 1) return { type: "legacy-image-pyramid", levels };
  return { type: "image", url: levels[0]?.url ?? element.dataset.src, buildPyramid: false };
}

function bindTools(stage, viewer) {
  const actions = {
    "zoom-in": () => viewer.viewport.zoomBy(1.5),
    "zoom-out": () => viewer.viewport.zoomBy(1 / 1.5),
    fit: () => viewer.viewport.goHome(),
  };
  stage.addEventListener("click", (event) => {
    const action = actions[event.target.closest("[data-stage-action]")?.dataset.stageAction];
    if (!action || !viewer.isOpen()) return;
    action();
    viewer.viewport.applyConstraints();
  });
}

function bindOverlays(stage, viewer) {
  const boxes = [...stage.querySelectorAll("[data-stage-overlay]")];
  const strength = stage.querySelector("[data-stage-opacity]");
  const legends = [...stage.querySelectorAll("[data-stage-legend]")];
  const drawn = new Map();

  const opacity = () => (strength ? Number(strength.value) / 100 : 0.6);

  // An overlay is an element over the photograph, not a second picture in the viewer's world: coordinates of boxes
  // then stay those of the photograph alone.
  function draw(box) {
    let element = drawn.get(box);
    if (!element) {
      element = document.createElement("img");
      element.alt = "";
      element.className = "stage__overlay";
      element.src = box.dataset.url;
      drawn.set(box, element);
      const { x, y } = viewer.world.getItemAt(0).getContentSize();
      viewer.addOverlay({ element, location: new OpenSeadragon.Rect(0, 0, 1, y / x) });
    }
    element.style.opacity = String(opacity());
    element.hidden = !box.checked;
  }

  function refresh() {
    for (const box of boxes) if (box.checked || drawn.has(box)) draw(box);
    for (const legend of legends) {
      legend.hidden = !boxes.some((box) => box.checked && box.dataset.legend === legend.dataset.stageLegend);
    }
  }

  for (const box of boxes) box.addEventListener("change", () => viewer.whenReady.then(refresh));
  strength?.addEventListener("input", () => viewer.whenReady.then(refresh));
  viewer.whenReady.then(refresh);
}
