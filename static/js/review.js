// Pages with a photo stage: large pictures, overlays, outlines of findings.

import "@annotorious/openseadragon/annotorious-openseadragon.css";

import { openBoxes } from "./boxes.js";
import { openStage } from "./stage.js";

function openAll(root) {
  for (const stage of root.querySelectorAll("[data-stage]:not([data-open])")) {
    stage.dataset.open = "";
    const viewer = openStage(stage);
    if (stage.dataset.boxes) openBoxes(stage, viewer);
  }
}

openAll(document);
document.addEventListener("htmx:load", () => openAll(document));
