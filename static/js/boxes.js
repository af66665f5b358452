// Findings as outlines on the stage: select, move, resize, draw, remove, undo; every change is posted at once.
//   data-boxes="id"       element that holds the shapes, as a JSON script or in data-shapes: [finding, …] or
//                         {width, height, items: [finding, …]} (see shapes.js). When the page exchanges the element,
//                         the outlines follow it; zoom and selection stay.
//   data-boxes-kind       a <select> whose value goes with a new outline as its kind
//   data-boxes-url="…"    where changes go: {action: "create" | "update" | "delete" | "restore", id, type, box | polygon};
//                         the answer to "create" and "restore" may carry the {id} the server gave. Without the address
//                         the outlines are read-only.
//   data-finding="id"     an element elsewhere (the list of findings) that is selected together with its outline

import { createOSDAnnotator } from "@annotorious/openseadragon";
import OpenSeadragon from "openseadragon";

import { send } from "./csrf.js";
import { OutlineKeys } from "./outline_keys.js";
import { geometryOf, styleOf, toAnnotation, withoutRepeats } from "./shapes.js";

const AGAIN_MS = 4000;

class Boxes {
  constructor(stage, viewer, document_) {
    this.stage = stage;
    this.viewer = viewer;
    this.url = stage.dataset.boxesUrl;
    this.editable = Boolean(this.url);
    this.saved = new Map();
    this.serverIds = new Map();
    this.undoable = [];
    this.pending = 0;
    this.drawn = new Set();
    this.tags = new Map();
    this.queue = Promise.resolve();
    this.listening = new AbortController();

    const size = viewer.world.getItemAt(0).getContentSize();
    this.scale = document_.width ? size.x / document_.width : 1;
    this.size = size;
    this.annotator = createOSDAnnotator(viewer, {
      autoSave: true,
      drawingEnabled: false,
      style: styleOf,
      userSelectAction: (annotation) => {
        if (stage.classList.contains("stage--ruling")) return "NONE";
        return this.editable && annotation.properties?.editable !== false ? "EDIT" : "SELECT";
      },
    });
    this.annotator.setAnnotations((document_.items ?? document_).map((item) => toAnnotation(item, this.scale)));
    for (const annotation of this.annotator.getAnnotations()) {
      this.saved.set(annotation.id, annotation);
      this.tag(annotation);
    }
    this.keys = new OutlineKeys(this);
    this.nameHandles();
    this.listen();
    for (const tool of stage.querySelectorAll("[data-boxes-tool]")) tool.disabled = false; // there is something to draw on
    const opened = document.activeElement?.closest("[data-finding]");
    if (opened) this.select(opened.dataset.finding);
  }

  /** The library draws the points that a person drags as buttons without a name; each gets one as it appears. They are
   *  no stops of the Tab key: an outline may have forty, and keys take its points one by one (outline_keys.js). */
  nameHandles() {
    const label = this.stage.dataset.handle ?? "";
    const name = (root) => {
      for (const handle of root.querySelectorAll?.("[role=button]:not([aria-label])") ?? []) {
        handle.setAttribute("aria-label", label);
        handle.setAttribute("tabindex", "-1");
      }
    };
    this.handles = new MutationObserver((changes) => {
      for (const change of changes) name(change.target);
    });
    this.handles.observe(this.viewer.element, { childList: true, subtree: true });
    name(this.viewer.element);
  }

  /** A finger does not hover: the library learns where a point of an outline was tapped only from a move before it. */
  tapsAsMoves(signal) {
    this.viewer.element.addEventListener("pointerup", (event) => {
      if (event.pointerType !== "touch" || !this.outlining) return;
      const { clientX, clientY, pointerId } = event;
      const move = { clientX, clientY, pointerId, pointerType: "touch", isPrimary: true };
      // It stays on the drawing layer: further up it would be read as dragging the picture.
      this.viewer.element.querySelector(".a9s-osd-drawinglayer")?.dispatchEvent(new PointerEvent("pointermove", move));
    }, { capture: true, signal });
  }

  listen() {
    const { annotator, stage } = this;
    // The event may tell of a shape that an undo has meanwhile replaced: what counts is the one that stands now.
    const now = ({ id }) => this.changed(annotator.getAnnotationById(id));
    annotator.on("createAnnotation", now);
    annotator.on("updateAnnotation", now);
    annotator.on("deleteAnnotation", (annotation) => this.removed(annotation));
    annotator.on("selectionChanged", (selected) => this.selectionChanged(selected[0]));
    const { signal } = this.listening;
    this.tapsAsMoves(signal);
    stage.addEventListener("click", (event) => this.clicked(event), { signal });
    stage.addEventListener("keydown", (event) => this.keys.keyed(event), { capture: true, signal });
    stage.addEventListener("trichora:ruling", () => {
      this.setTool(null);
      annotator.setSelected();
    }, { signal });
    stage.querySelector("[data-boxes-visible]")?.addEventListener("change", (event) => this.show(event.target.checked));
    for (const name of ["trichora:current", "click", "focusin"]) {
      document.addEventListener(name, (event) => {
        const item = event.target.closest?.("[data-finding]") ?? event.target.querySelector?.("[data-finding]");
        if (item && (name === "trichora:current" || item.contains(event.target))) this.select(item.dataset.finding);
      }, { signal });
    }
  }

  /** Ends this stage's part: what is not yet posted is posted, and nothing listens any more. */
  close() {
    this.listening.abort();
    this.handles.disconnect();
    this.keys.save();
    this.annotator.destroy();
  }

  // --- what a person does ---

  clicked(event) {
    const tool = event.target.closest("[data-boxes-tool]");
    const action = event.target.closest("[data-boxes-action]")?.dataset.boxesAction;
    if (tool && event.detail === 0 && tool.dataset.boxesTool === "rectangle") this.keys.insertBox();
    else if (tool) this.setTool(tool.getAttribute("aria-pressed") === "true" ? null : tool.dataset.boxesTool);
    if (action === "delete") this.deleteSelected();
    if (action === "undo") this.undo();
  }

  setTool(name) {
    this.outlining = name === "polygon";
    if (name) {
      this.annotator.setSelected();
      this.annotator.setDrawingMode(name === "rectangle" ? "drag" : "click");
      this.annotator.setDrawingTool(name);
    }
    this.annotator.setDrawingEnabled(Boolean(name));
    for (const button of this.stage.querySelectorAll("[data-boxes-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.boxesTool === name));
    }
  }

  deleteSelected() {
    const selected = this.selected();
    if (!selected || selected.properties?.editable === false) return;
    this.annotator.removeAnnotation(selected.id);
    this.removed(selected);
  }

  select(id) {
    if (this.selected()?.id === id || !this.annotator.getAnnotationById(id)) return;
    const { editable } = this.annotator.getAnnotationById(id).properties ?? {};
    this.annotator.setSelected(id, this.editable && editable !== false);
  }

  selected() {
    return this.annotator.getSelected()[0];
  }

  selectionChanged(annotation) {
    const remove = this.stage.querySelector('[data-boxes-action="delete"]');
    if (remove) remove.disabled = !annotation || annotation.properties?.editable === false;
    this.keys.follow(annotation);
    if (!annotation) return;
    const id = this.serverIds.get(annotation.id) ?? annotation.id;
    for (const item of document.querySelectorAll("[data-finding]")) {
      const row = item.closest("[data-list-item]") ?? item;
      if (item.dataset.finding === id) {
        row.setAttribute("aria-current", "true");
        row.scrollIntoView({ block: "nearest" });
      } else row.removeAttribute("aria-current");
    }
    this.bringIntoView(annotation);
  }

  bringIntoView(annotation) {
    const { minX, minY, maxX, maxY } = annotation.target.selector.geometry.bounds;
    const view = this.viewer.viewport.viewportToImageRectangle(this.viewer.viewport.getBounds());
    const inside = minX >= view.x && minY >= view.y && maxX <= view.x + view.width && maxY <= view.y + view.height;
    if (!inside) this.annotator.fitBoundsWithConstraints(annotation.id, { padding: 60 });
  }

  show(visible) {
    this.annotator.setVisible(visible);
    for (const { element } of this.tags.values()) element.hidden = !visible;
  }

  // --- what becomes of it ---

  /** Remembers a change, so that it can be undone, and posts it; does nothing when the shape is the one last saved. */
  changed(given) {
    if (!given) return;
    const annotation = withoutRepeats(given);
    if (annotation !== given) this.annotator.updateAnnotation(annotation);
    const before = this.saved.get(annotation.id);
    if (before && sameShape(before, annotation)) return;
    this.undoable.push({ id: annotation.id, before });
    this.record(annotation, before ? "update" : "create");
    if (!before) this.setTool(null);
  }

  removed(annotation) {
    const before = this.saved.get(annotation.id);
    if (!before) return;
    this.undoable.push({ id: annotation.id, before });
    this.forget(before);
  }

  undo() {
    this.keys.save();
    const last = this.undoable.pop();
    if (!last) return;
    this.annotator.setSelected();
    if (!last.before) {
      const current = this.saved.get(last.id);
      this.forget(current);
      this.annotator.removeAnnotation(last.id);
    } else if (this.saved.has(last.id)) {
      this.record(last.before, "update");
      this.apply(last.before);
    } else {
      this.record(last.before, "restore");
      this.annotator.addAnnotation(last.before);
    }
  }

  apply(annotation) {
    this.annotator.updateAnnotation(annotation);
    this.tag(annotation);
  }

  record(annotation, action) {
    this.saved.set(annotation.id, annotation);
    this.tag(annotation);
    if (action === "create") this.drawn.add(annotation.id);
    const own = this.drawn.has(annotation.id) || annotation.properties?.own === true;
    const kind = action === "create" ? this.stage.querySelector("[data-boxes-kind]")?.value : undefined;
    this.post({ action, ...geometryOf(annotation, this.scale), ...(own && { own }), ...(kind && { kind }) }, annotation.id);
  }

  forget(annotation) {
    this.saved.delete(annotation.id);
    this.untag(annotation.id);
    this.post({ action: "delete", own: this.drawn.has(annotation.id) || annotation.properties?.own === true }, annotation.id);
  }

  /** Posts in order, one after another, so that the server sees the changes as they were made. Without a connection a
   *  change waits and is sent again; a change that is refused says why, and the outline goes back to what the server has. */
  post(change, id) {
    const undo = this.stage.querySelector('[data-boxes-action="undo"]');
    if (undo) undo.disabled = !this.undoable.length;
    this.pending += 1;
    this.say("saving");
    this.queue = this.queue.then(async () => {
      try {
        const answer = await this.sent(change, id);
        if (answer.id) this.serverIds.set(id, answer.id);
        this.say("saved");
        this.pending -= 1;
        this.stage.dispatchEvent(new CustomEvent("trichora:boxes-saved", { bubbles: true, detail: { change, answer } }));
      } catch (error) {
        this.pending -= 1;
        this.say("error");
        const detail = { text: error.message, tone: "danger", change };
        this.stage.dispatchEvent(new CustomEvent("trichora:boxes-refused", { bubbles: true, detail }));
      }
    });
  }

  async sent(change, id) {
    for (;;) {
      let response;
      try {
        response = await send(this.url, { json: { ...change, id: this.serverIds.get(id) ?? id } });
      } catch {
        response = undefined;
      }
      if (response?.ok) return response.json().catch(() => ({}));
      if (response && response.status < 500) {
        const answer = await response.json().catch(() => ({}));
        throw new Error(answer.error?.message ?? "");
      }
      if (!this.stage.isConnected && !response) throw new Error("");
      this.say("error");
      await new Promise((resolve) => {
        setTimeout(resolve, AGAIN_MS);
        addEventListener("online", resolve, { once: true });
      });
    }
  }

  /** Takes over what the server says now, without losing zoom or selection; waits while something is still unsent. */
  reload(document_) {
    if (this.pending) return;
    const items = new Map((document_.items ?? document_).map((item) => [item.id, toAnnotation(item, this.scale)]));
    const selected = this.selected();
    const chosen = selected && (this.serverIds.get(selected.id) ?? selected.id);
    const open = document.querySelector("[data-finding] [aria-expanded=true]")?.closest("[data-finding]").dataset.finding;
    const stays = chosen && items.has(chosen) && (!open || open === chosen);
    if (selected && !stays) this.annotator.setSelected(); // another finding was opened meanwhile: the list stays with it
    for (const annotation of this.annotator.getAnnotations()) {
      if (items.has(annotation.id)) continue;
      this.saved.delete(annotation.id);
      this.untag(annotation.id);
      this.annotator.removeAnnotation(annotation.id);
    }
    for (const annotation of items.values()) {
      const before = this.annotator.getAnnotationById(annotation.id);
      this.saved.set(annotation.id, annotation);
      if (!before) this.annotator.addAnnotation(annotation);
      else if (!sameShape(before, annotation) || before.properties?.state !== annotation.properties.state) {
        this.annotator.updateAnnotation(annotation);
      }
      this.tag(annotation);
    }
    this.serverIds.clear();
    if (stays && this.selected()?.id !== chosen) this.select(chosen);
    this.keys.follow(this.selected());
  }

  say(key) {
    const mark = this.stage.querySelector("[data-autosave]");
    if (mark) mark.textContent = mark.dataset[key];
  }

  /** The finding's number at the corner of its outline: the same number as in the list. */
  tag(annotation) {
    const number = annotation.properties?.number;
    if (!number) return;
    this.untag(annotation.id);
    const element = document.createElement("span");
    element.className = "stage__tag";
    element.textContent = number;
    element.setAttribute("aria-hidden", "true");
    const { minX, minY } = annotation.target.selector.geometry.bounds;
    const location = this.viewer.viewport.imageToViewportCoordinates(minX, minY);
    this.viewer.addOverlay({ element, location, placement: OpenSeadragon.Placement.BOTTOM_LEFT });
    this.tags.set(annotation.id, { element });
  }

  untag(id) {
    const tag = this.tags.get(id);
    if (!tag) return;
    this.viewer.removeOverlay(tag.element);
    this.tags.delete(id);
  }
}

function sameShape(one, other) {
  return JSON.stringify(geometryOf(one, 1)) === JSON.stringify(geometryOf(other, 1));
}

/** The shapes that an element holds: a JSON script, or any element with data-shapes. */
function shapesOf(stage) {
  const holder = document.getElementById(stage.dataset.boxes);
  const text = holder?.dataset.shapes ?? holder?.textContent;
  return text ? JSON.parse(text) : undefined;
}

/** Draws the findings of a stage once its photograph is there. */
export async function openBoxes(stage, viewer) {
  await viewer.whenReady;
  const shapes = shapesOf(stage);
  return shapes && stage.isConnected ? new Boxes(stage, viewer, shapes) : undefined;
}

/** Brings the outlines of an open stage up to what the page holds now. */
export function reloadBoxes(boxes) {
  const shapes = shapesOf(boxes.stage);
  if (shapes) boxes.reload(shapes);
}
