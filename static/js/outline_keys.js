// Outlines without a pointer. With the picture in focus and an outline selected: arrows move it, with Shift they resize
// it; Enter takes hold of its next point (with Shift, the one before), which the arrows then move, i or Insert sets
// another after it, Delete takes it out, Escape lets it go; Ctrl+Z undoes where the stage has an undo of its own.
//   data-outline-point     on the stage: the element that says which point is held, in the words of data-words with
//                          %at% and %all%

import OpenSeadragon from "openseadragon";

import { nudged, polygon, rectangle, withPoint, withoutPoint } from "./shapes.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SAVE_MS = 600;

export class OutlineKeys {
  constructor(boxes) {
    this.boxes = boxes;
    this.mark = Object.assign(document.createElement("span"), { className: "stage__point" });
    this.mark.setAttribute("aria-hidden", "true");
    this.marked = false;
  }

  keyed(event) {
    const { boxes } = this;
    if (!boxes.editable) return;
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && boxes.stage.querySelector('[data-boxes-action="undo"]')) {
      this.taken(event);
      boxes.undo();
      return;
    }
    const selected = boxes.selected();
    if (!selected || selected.properties?.editable === false) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.move(selected, arrow, event.shiftKey);
    else if (event.target.matches("button") || !this.points(selected)) return;
    else if (event.key === "Enter") this.hold(selected, this.next(selected, event.shiftKey ? -1 : 1));
    else if (!this.held(selected)) return;
    else if (event.key === "Escape") this.letGo();
    else if (event.key === "Insert" || event.key === "i") this.add(selected);
    else if (event.key === "Delete") this.remove(selected);
    else return;
    this.taken(event);
  }

  taken(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  /** The points of a polygon; a box has none of its own. */
  points(annotation) {
    const { type, geometry } = annotation.target.selector;
    return type === "POLYGON" ? geometry.points : undefined;
  }

  /** Which point of this outline is held, if one is. */
  held(annotation) {
    return annotation && annotation.id === this.of && this.at < (this.points(annotation)?.length ?? 0);
  }

  next(annotation, step) {
    const { length } = this.points(annotation);
    return this.held(annotation) ? (this.at + step + length) % length : 0;
  }

  move(annotation, [x, y], resize) {
    const step = Math.max(1, this.boxes.size.x / 250);
    const [dx, dy] = [x * step, y * step];
    const { selector } = annotation.target;
    if (!this.held(annotation)) this.change(annotation, nudged(selector, resize ? { dw: dx, dh: dy } : { dx, dy }));
    else {
      const moved = this.points(annotation).map((point, at) => (at === this.at ? [point[0] + dx, point[1] + dy] : point));
      this.change(annotation, polygon(moved));
    }
  }

  hold(annotation, at) {
    this.of = annotation.id;
    this.at = at;
    this.show(annotation);
  }

  letGo() {
    this.of = undefined;
    this.show(undefined);
  }

  add(annotation) {
    this.change(annotation, withPoint(annotation.target.selector, this.at));
    this.hold(this.boxes.selected(), this.at + 1);
  }

  /** An outline keeps at least three points. */
  remove(annotation) {
    if (this.points(annotation).length <= 3) return;
    this.change(annotation, withoutPoint(annotation.target.selector, this.at));
    this.hold(this.boxes.selected(), this.at % this.points(this.boxes.selected()).length);
  }

  /** What was selected has changed: another outline, or the same one as the server has it now. */
  follow(annotation) {
    if (annotation && annotation.id === this.of) this.show(annotation);
    else if (this.of) this.letGo();
  }

  /** Draws the change at once; it is saved when the keys rest, as one step that can be undone. */
  change(annotation, selector) {
    const { boxes } = this;
    boxes.apply({ ...annotation, target: { ...annotation.target, selector } });
    if (this.changing !== annotation.id) this.save();
    clearTimeout(this.saving);
    this.changing = annotation.id;
    this.saving = setTimeout(() => this.save(), SAVE_MS);
    if (this.of) this.show(boxes.selected());
  }

  /** Saves what the keys have changed so far. */
  save() {
    clearTimeout(this.saving);
    if (this.changing) this.boxes.changed(this.boxes.annotator.getAnnotationById(this.changing));
    this.changing = undefined;
  }

  /** Puts a ring around the held point, says which it is, and brings it into view. */
  show(annotation) {
    const { viewer, stage } = this.boxes;
    const held = this.held(annotation);
    if (this.marked) viewer.removeOverlay(this.mark);
    this.marked = Boolean(held);
    const said = stage.querySelector("[data-outline-point]");
    if (said) said.hidden = !held;
    if (!held) return;
    const points = this.points(annotation);
    const location = viewer.viewport.imageToViewportCoordinates(...points[this.at]);
    viewer.addOverlay({ element: this.mark, location, placement: OpenSeadragon.Placement.CENTER });
    if (!viewer.viewport.getBounds().containsPoint(location)) viewer.viewport.panTo(location);
    if (said) said.textContent = said.dataset.words.replace("%at%", this.at + 1).replace("%all%", points.length);
  }

  /** A box in the middle of what is in view: the way in for people who do not use a pointer. */
  insertBox() {
    const { annotator, viewer } = this.boxes;
    const view = viewer.viewport.viewportToImageRectangle(viewer.viewport.getBounds(true));
    const [w, h] = [view.width / 5, view.height / 5];
    const id = crypto.randomUUID();
    const selector = rectangle(view.x + (view.width - w) / 2, view.y + (view.height - h) / 2, w, h);
    annotator.addAnnotation({ id, bodies: [], properties: { state: "corrected", editable: true }, target: { annotation: id, selector } });
    this.boxes.changed(annotator.getAnnotationById(id));
    annotator.setSelected(id, true);
    viewer.canvas.focus();
  }
}
