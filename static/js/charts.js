// Charts specified in Python (Vega-Lite as JSON in the page): <figure data-chart="id of the JSON script">.
// The interpreter evaluates expressions as data, so the page needs no 'unsafe-eval'; styles come from app.css.

import embed from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function house() {
  const ink = token("--ink");
  const muted = token("--ink-muted");
  const line = token("--line");
  return {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    axis: {
      domainColor: line, gridColor: line, tickColor: line, labelColor: muted, titleColor: muted,
      labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    },
    legend: { labelColor: ink, titleColor: muted, labelFontSize: 12, titleFontSize: 12 },
    title: { color: ink, fontSize: 14, anchor: "start" },
    text: { color: ink },
    view: { stroke: null },
    line: { color: token("--accent"), strokeWidth: 2 },
    point: { color: token("--accent"), filled: true, size: 60 },
    area: { color: token("--accent") },
    bar: { color: token("--accent") },
    rule: { color: muted },
    range: { category: [token("--accent"), token("--warning"), token("--info"), token("--danger"), muted] },
  };
}

async function draw(figure) {
  const script = document.getElementById(figure.dataset.chart);
  if (!script) return;
  await embed(figure, JSON.parse(script.textContent), {
    actions: false,
    ast: true,
    config: house(),
    defaultStyle: false,
    expr: expressionInterpreter,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
}

function drawAll(root) {
  for (const figure of root.querySelectorAll("[data-chart]")) draw(figure);
}

drawAll(document);
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) drawAll(event.detail.elt.parentElement ?? document);
});
document.addEventListener("trichora:theme", () => drawAll(document));
