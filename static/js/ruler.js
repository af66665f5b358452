// A scale from two points on the photograph: click them (or Enter for the middle of the view), type the millimetres.
//   data-ruler            the button that begins and ends it, on a stage
//   data-ruler-form       the form under the stage: [data-ruler-points] takes [[x, y], [x, y]] in picture fractions

import OpenSeadragon from "openseadragon";

const SVG = "http://www.w3.org/2000/svg";

/** Binds the ruler of one stage; returns what ends it. */
export function openRuler(stage, viewer) {
  const button = stage.querySelector("[data-ruler]");
  const form = stage.querySelector("[data-ruler-form]");
  if (!button || !form) return undefined;
  const hint = form.querySelector("[data-ruler-hint]");
  const field = form.querySelector("[data-ruler-points]");
  const length = form.querySelector("[data-ruler-length]");
  const save = form.querySelector("[data-ruler-save]");
  const drawing = document.createElementNS(SVG, "svg");
  drawing.classList.add("stage__overlay", "stage__ruler-line");
  let points = [];
  let on = false;
  let laid = false;

  function size() {
    return viewer.world.getItemAt(0).getContentSize();
  }

  function draw() {
    const { x: width, y: height } = size();
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.replaceChildren();
    const at = points.map(([x, y]) => [x * width, y * height]);
    if (at.length === 2) {
      const line = document.createElementNS(SVG, "line");
      for (const [name, value] of [["x1", at[0][0]], ["y1", at[0][1]], ["x2", at[1][0]], ["y2", at[1][1]]]) {
        line.setAttribute(name, value);
      }
      drawing.append(line);
    }
    for (const [x, y] of at) {
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
      dot.setAttribute("r", Math.max(width, height) / 140);
      drawing.append(dot);
    }
    if (!laid) viewer.addOverlay({ element: drawing, location: new OpenSeadragon.Rect(0, 0, 1, height / width) });
    laid = true;
    field.value = points.length === 2 ? JSON.stringify(points.map((point) => point.map((part) => Number(part.toFixed(5))))) : "";
    length.disabled = save.disabled = points.length !== 2;
    hint.textContent = hint.dataset[["first", "second", "length"][points.length]];
    if (points.length === 2) length.focus();
  }

  function take(viewportPoint) {
    const { x, y } = viewer.viewport.viewportToImageCoordinates(viewportPoint);
    const whole = size();
    const place = [x / whole.x, y / whole.y];
    if (place.some((part) => part < 0 || part > 1)) return;
    points = points.length >= 2 ? [place] : [...points, place];
    draw();
  }

  function turn(state) {
    on = state;
    if (on) stage.dispatchEvent(new CustomEvent("trichora:ruling"));
    button.setAttribute("aria-pressed", String(on));
    stage.classList.toggle("stage--ruling", on);
    form.hidden = !on;
    points = [];
    if (on) {
      draw();
      viewer.canvas.focus();
    } else if (laid) {
      viewer.removeOverlay(drawing);
      laid = false;
    }
  }

  button.addEventListener("click", () => viewer.whenReady.then(() => turn(!on)));
  form.querySelector("[data-ruler-cancel]").addEventListener("click", () => turn(false));
  viewer.addHandler("canvas-click", (event) => {
    if (on && event.quick) take(viewer.viewport.pointFromPixel(event.position));
  });
  stage.addEventListener("keydown", (event) => {
    if (!on || event.target.matches("input, select, button")) return;
    if (event.key === "Enter") take(viewer.viewport.getCenter(true));
    else if (event.key === "Escape") turn(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
  return { isOn: () => on };
}
