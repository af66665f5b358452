// Pages with a photo stage: large pictures, overlays, outlines of findings.

import "@annotorious/openseadragon/annotorious-openseadragon.css";

import { openBoxes } from "./boxes.js";
import { openStage } from "./stage.js";

const open = new Map();

function openAll() {
  for (const stage of document.querySelectorAll("[data-stage]:not([data-open])")) {
    stage.dataset.open = "";
    const viewer = openStage(stage);
    open.set(stage, { viewer, boxes: stage.dataset.boxes ? openBoxes(stage, viewer) : undefined });
  }
}

// A page that exchanges its stage for another photograph's leaves the old one to be closed: each holds a drawing
// context of the graphics card, and a browser has only a few.
async function closeGone() {
  for (const [stage, { viewer, boxes }] of open) {
    if (stage.isConnected) continue;
    open.delete(stage);
    (await boxes)?.close();
    viewer.destroy();
  }
}

openAll();
document.addEventListener("htmx:load", () => {
  closeGone();
  openAll();
});
