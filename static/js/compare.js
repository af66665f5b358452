// Pages that lay two photographs of one view over each other: a patient's progress. The desk's stage has it in review.js.

import { openComparison } from "./comparison.js";

const comparisons = new Map();

function follow() {
  for (const [element, comparison] of comparisons) {
    if (element.isConnected) continue;
    comparisons.delete(element);
    comparison.close();
  }
  for (const element of document.querySelectorAll("[data-comparison]:not([data-open])")) {
    element.dataset.open = "";
    comparisons.set(element, openComparison(element));
  }
}

follow();
document.addEventListener("htmx:load", follow);
