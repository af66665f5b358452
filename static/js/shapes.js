// The shapes of findings, in two languages: the page's JSON and Annotorious' annotations. Pure functions.
//
// Page:  {id, type: "box", box: [x, y, width, height]} or {id, type: "polygon", polygon: [[x, y], …]}, with
//        state, label, number, editable and own beside them, in pixels of a picture of `width` × `height`.

/** How the outline of a finding looks in each state; the list beside the stage says the same in words. */
const STYLES = {
  proposed: { stroke: "#f6c445", fill: "#f6c445", fillOpacity: 0.08, strokeWidth: 2 },
  accepted: { stroke: "#62c3b8", fill: "#62c3b8", fillOpacity: 0.12, strokeWidth: 2 },
  corrected: { stroke: "#8db9e6", fill: "#8db9e6", fillOpacity: 0.12, strokeWidth: 2 },
  own: { stroke: "#e59ad0", fill: "#e59ad0", fillOpacity: 0.12, strokeWidth: 2 },
  rejected: { stroke: "#e0e0e0", fill: "#e0e0e0", fillOpacity: 0, strokeOpacity: 0.9, strokeWidth: 1.5 },
};

export function styleOf(annotation, state) {
  const style = STYLES[annotation.properties?.state ?? "corrected"] ?? STYLES.proposed;
  if (state?.selected) return { ...style, stroke: "#ffffff", strokeWidth: 3 };
  return state?.hovered ? { ...style, strokeWidth: style.strokeWidth + 1 } : style;
}

function boundsOf(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return { minX: Math.min(...xs), minY: Math.min(...ys), maxX: Math.max(...xs), maxY: Math.max(...ys) };
}

export function rectangle(x, y, w, h) {
  return { type: "RECTANGLE", geometry: { x, y, w, h, bounds: { minX: x, minY: y, maxX: x + w, maxY: y + h } } };
}

export function polygon(points) {
  return { type: "POLYGON", geometry: { points, bounds: boundsOf(points) } };
}

/** Annotation of a finding; `scale` is pixels of the picture on the stage per pixel of the finding's picture. */
export function toAnnotation(item, scale) {
  const selector =
    item.type === "polygon"
      ? polygon(item.polygon.map(([x, y]) => [x * scale, y * scale]))
      : rectangle(...item.box.map((value) => value * scale));
  return {
    id: item.id,
    bodies: [],
    properties: { state: item.state, label: item.label, number: item.number, editable: item.editable !== false, own: item.own === true },
    target: { annotation: item.id, selector },
  };
}

function rounded(value) {
  return Math.round(value * 10) / 10;
}

/** The geometry of an annotation in the page's language, to a tenth of a pixel. */
export function geometryOf(annotation, scale) {
  const { type, geometry } = annotation.target.selector;
  if (type === "RECTANGLE") {
    return { type: "box", box: [geometry.x, geometry.y, geometry.w, geometry.h].map((value) => rounded(value / scale)) };
  }
  return { type: "polygon", polygon: geometry.points.map((point) => point.map((value) => rounded(value / scale))) };
}

/** The annotation with each point of its outline once: a tap of a finger reaches the drawing tool twice. */
export function withoutRepeats(annotation) {
  const { type, geometry } = annotation.target.selector;
  if (type !== "POLYGON") return annotation;
  const points = geometry.points.filter(([x, y], at, all) => {
    const [px, py] = all[(at + all.length - 1) % all.length];
    return Math.hypot(x - px, y - py) > 0.5;
  });
  if (points.length === geometry.points.length || points.length < 3) return annotation;
  return { ...annotation, target: { ...annotation.target, selector: polygon(points) } };
}

/** The same shape moved by (dx, dy) and grown by (dw, dh) to the right and below, kept at least 4 pixels wide and high. */
export function nudged(selector, { dx = 0, dy = 0, dw = 0, dh = 0 }) {
  const { type, geometry } = selector;
  if (type === "RECTANGLE") {
    return rectangle(geometry.x + dx, geometry.y + dy, Math.max(4, geometry.w + dw), Math.max(4, geometry.h + dh));
  }
  const { minX, minY, maxX, maxY } = geometry.bounds;
  const wider = Math.max(4, maxX - minX + dw) / Math.max(1, maxX - minX);
  const higher = Math.max(4, maxY - minY + dh) / Math.max(1, maxY - minY);
  return polygon(geometry.points.map(([x, y]) => [minX + dx + (x - minX) * wider, minY + dy + (y - minY) * higher]));
}

/** The outline with one more point, halfway from point `at` to the one after it. */
export function withPoint({ geometry: { points } }, at) {
  const [x, y] = points[at];
  const [nx, ny] = points[(at + 1) % points.length];
  return polygon([...points.slice(0, at + 1), [(x + nx) / 2, (y + ny) / 2], ...points.slice(at + 1)]);
}

/** The outline without its point `at`. */
export function withoutPoint({ geometry: { points } }, at) {
  return polygon(points.filter((_point, other) => other !== at));
}
