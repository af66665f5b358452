// What part of a picture is in view, told so that it holds for pictures and frames of any size.

import OpenSeadragon from "openseadragon";

/** What is in view, relative to the whole picture in its frame: the same for pictures of any size. */
export function placeOf(viewer) {
  const home = viewer.viewport.getHomeBounds();
  const now = viewer.viewport.getBounds();
  const middle = now.getCenter();
  return {
    zoom: home.width / now.width,
    x: (middle.x - home.getCenter().x) / home.width,
    y: (middle.y - home.getCenter().y) / home.height,
  };
}

/** Brings such a place into view, at once. */
export function moveTo(viewer, { zoom, x, y }) {
  const home = viewer.viewport.getHomeBounds();
  const [width, height] = [home.width / zoom, home.height / zoom];
  const centre = new OpenSeadragon.Point(home.getCenter().x + x * home.width, home.getCenter().y + y * home.height);
  viewer.viewport.fitBounds(new OpenSeadragon.Rect(centre.x - width / 2, centre.y - height / 2, width, height), true);
}

/** A frame of another size shows the same part: what was seen whole stays whole when a phone is turned. */
export function keepPlace(viewer) {
  let place = { zoom: 1, x: 0, y: 0 };
  let resizing = false;
  viewer.addHandler("viewport-change", () => {
    if (!resizing && viewer.isOpen()) place = placeOf(viewer);
  });
  viewer.addHandler("resize", () => {
    if (resizing || !viewer.isOpen()) return;
    resizing = true;
    requestAnimationFrame(() => {
      if (viewer.isOpen()) moveTo(viewer, place);
      resizing = false;
    });
  });
}
