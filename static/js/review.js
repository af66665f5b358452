// Pages with a photo stage: large pictures, overlays, outlines of findings, a scale, an earlier session beside.

import "@annotorious/openseadragon/annotorious-openseadragon.css";

import { openBoxes, reloadBoxes } from "./boxes.js";
import { openComparison } from "./comparison.js";
import { openRuler } from "./ruler.js";
import { openStage } from "./stage.js";

const LOOK_AGAIN_MS = 60;
const open = new Map();
const comparisons = new Map();

function openAll() {
  for (const stage of document.querySelectorAll("[data-stage]:not([data-open])")) {
    stage.dataset.open = "";
    const viewer = openStage(stage);
    openRuler(stage, viewer);
    open.set(stage, { viewer, boxes: stage.dataset.boxes ? openBoxes(stage, viewer) : undefined });
  }
  for (const element of document.querySelectorAll("[data-comparison]:not([data-open])")) {
    element.dataset.open = "";
    comparisons.set(element, openComparison(element));
  }
}

// A page that exchanges its stage for another photograph's leaves the old one to be closed: each holds a drawing
// context of the graphics card, and a browser has only a few.
async function closeGone() {
  for (const [element, comparison] of comparisons) {
    if (element.isConnected) continue;
    comparisons.delete(element);
    comparison.close();
  }
  for (const [stage, { viewer, boxes }] of open) {
    if (stage.isConnected) continue;
    open.delete(stage);
    (await boxes)?.close();
    viewer.destroy();
  }
}

let shapes;

/** Where the page brought new shapes for a stage that stays, its outlines follow. */
async function followShapes() {
  const holder = document.getElementById("stage-shapes");
  if (!holder || holder === shapes) return;
  shapes = holder;
  for (const [stage, { boxes }] of open) {
    if (!stage.isConnected || stage.dataset.boxes !== holder.id) continue;
    const drawn = await boxes;
    if (drawn) reloadBoxes(drawn);
  }
}

openAll();
shapes = document.getElementById("stage-shapes");
for (const name of ["htmx:load", "htmx:oobAfterSwap"]) {
  document.addEventListener(name, () => {
    closeGone();
    openAll();
    followShapes();
  });
}

// Answers may come in another order than they were asked for: one of the findings, asked for while another photograph
// was shown, would mark that one among the tiles. Whenever the two differ, what the tiles say is asked for once more.
let asked;

// What a person pressed in the list is under way: what the page asks for by itself waits for the answer.
let pressed;

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (detail.target?.id === "findings" && detail.requestConfig.verb !== "get") pressed = detail.xhr;
});

function refreshFindings(address) {
  const waiting = pressed && pressed.readyState !== XMLHttpRequest.DONE && pressed.readyState !== XMLHttpRequest.UNSENT;
  if (waiting) setTimeout(() => refreshFindings(address), LOOK_AGAIN_MS);
  else window.htmx.ajax("GET", address, { target: "#findings", swap: "innerHTML" });
}

function tilesFollowStage() {
  const list = document.querySelector("[data-findings-url]");
  const shown = document.getElementById("stage-photo")?.value;
  const marked = document.querySelector("#tiles [aria-current]");
  if (!list || !shown || !marked) return;
  if (marked.id === `tile-${shown}`) asked = undefined;
  else if (asked !== shown) {
    asked = shown;
    // Asked by the page, not by the list: there a later question takes the place of what a person has just pressed.
    const how = { source: document.body, target: "#findings", swap: "none" };
    window.htmx.ajax("GET", `${list.dataset.findingsUrl}?quiet=1&photo=${shown}`, how);
  }
}
document.addEventListener("htmx:afterSettle", tilesFollowStage);

// Whoever opens a finding sees its beginning, also where the button that was pressed keeps the focus it had.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "findings") return;
  const opened = target.querySelector("[data-finding] [aria-expanded=true][autofocus]");
  if (opened) requestAnimationFrame(() => opened.scrollIntoView({ block: "nearest" }));
});

// An outline that was kept: the list shows what it measures, with that finding open. Whoever works on the stage stays
// there, except after drawing a new region, whose reason is asked for.
document.addEventListener("trichora:boxes-saved", ({ detail: { change, answer } }) => {
  const list = document.querySelector("[data-findings-url]");
  if (!list) return;
  const url = new URL(list.dataset.findingsUrl, location.href);
  if (change.action !== "delete" && answer.id) url.searchParams.set("open", answer.id);
  url.searchParams.set(change.action === "create" ? "new" : "quiet", "1");
  url.searchParams.set("photo", document.getElementById("stage-photo")?.value ?? "");
  refreshFindings(url.pathname + url.search);
});

document.addEventListener("trichora:boxes-refused", ({ detail }) => {
  if (detail.text) document.dispatchEvent(new CustomEvent("trichora:message", { detail }));
  const list = document.querySelector("[data-findings-url]");
  if (!list) return;
  shapes = undefined;
  const photo = document.getElementById("stage-photo")?.value ?? "";
  refreshFindings(`${list.dataset.findingsUrl}?quiet=1&photo=${photo}`);
});
