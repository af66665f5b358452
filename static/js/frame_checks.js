// What a frame of the camera says about light and sharpness, by the definitions of vision/quality.py: the same middle,
// the same limits, on a copy of at most 320 px. Hints while one holds the camera; the gate itself looks at the photograph
// after the upload. Pure: takes numbers, gives numbers.

/** Grey (0..255) of RGBA pixels, as OpenCV weighs them. */
export function greyOf(rgba, width, height) {
  const grey = new Float32Array(width * height);
  for (let at = 0; at < grey.length; at += 1) {
    grey[at] = 0.299 * rgba[4 * at] + 0.587 * rgba[4 * at + 1] + 0.114 * rgba[4 * at + 2];
  }
  return { data: grey, width, height };
}

/** The middle of a picture: `share` of each side. */
export function middleOf(grey, share) {
  const top = Math.floor((grey.height * (1 - share)) / 2);
  const left = Math.floor((grey.width * (1 - share)) / 2);
  const width = grey.width - 2 * left;
  const height = grey.height - 2 * top;
  const data = new Float32Array(width * height);
  for (let row = 0; row < height; row += 1) {
    data.set(grey.data.subarray((row + top) * grey.width + left, (row + top) * grey.width + left + width), row * width);
  }
  return { data, width, height };
}

/** 95th percentile of grey in the middle, and the share of it at 250 or more. */
export function lightOf(grey) {
  const values = middleOf(grey, 0.7).data.slice().sort();
  let burnt = 0;
  while (burnt < values.length && values[values.length - 1 - burnt] >= 250) burnt += 1;
  return { bright: quantile(values, 0.95), burntShare: burnt / values.length };
}

/** Edge energy over what a second blur of 2 px leaves of it, upper quartile of 36 tiles (vision.quality.sharpness). */
export function sharpnessOf(grey) {
  const calm = blurred(middleOf(grey, 0.8), 0.7);
  const own = edgeEnergy(calm);
  const left = edgeEnergy(blurred(calm, 2.0));
  const ratios = [];
  for (let row = 0; row < 6; row += 1) {
    for (let column = 0; column < 6; column += 1) {
      const first = meanOfTile(own, row, column);
      ratios.push(first > 1 ? first / (meanOfTile(left, row, column) + 0.3) : 0);
    }
  }
  return quantile(ratios.sort((one, other) => one - other), 0.75);
}

/** Mean absolute change of grey between two frames of one size: how much the camera or the head moved. */
export function motionBetween(grey, previous) {
  if (!previous || previous.data.length !== grey.data.length) return Infinity;
  let sum = 0;
  for (let at = 0; at < grey.data.length; at += 1) sum += Math.abs(grey.data[at] - previous.data[at]);
  return sum / grey.data.length;
}

/**
 * Degrees between how the phone is held and how it should be, from the angles of a deviceorientation event.
 * "down": the lens looks straight down; "upright": the lens looks to the horizon and an edge of the phone is level.
 */
export function tiltFrom(beta, gamma, pose) {
  const [b, g] = [(beta * Math.PI) / 180, (gamma * Math.PI) / 180];
  const up = { x: -Math.cos(b) * Math.sin(g), y: Math.sin(b), z: Math.cos(b) * Math.cos(g) };
  const degrees = (radians) => (radians * 180) / Math.PI;
  if (pose === "down") return degrees(Math.acos(Math.min(1, Math.abs(up.z))));
  const pitch = degrees(Math.asin(Math.min(1, Math.abs(up.z))));
  const turn = Math.abs(degrees(Math.atan2(up.x, up.y))) % 90;
  return Math.max(pitch, Math.min(turn, 90 - turn));
}

/** Quantile of sorted values, with a straight line between neighbours. */
function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

function blurred(grey, sigma) {
  const radius = Math.max(1, Math.round(sigma * 4));
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, at) => Math.exp(-((at - radius) ** 2) / (2 * sigma * sigma)));
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const weights = kernel.map((weight) => weight / total);
  return pass(pass(grey, weights, radius, 1), weights, radius, grey.width);
}

/** One direction of a separable filter; `step` is the distance to the next pixel of that direction. */
function pass({ data, width, height }, weights, radius, step) {
  const across = step === 1;
  const length = across ? width : height;
  const out = new Float32Array(data.length);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const place = across ? column : row;
      const base = row * width + column;
      let sum = 0;
      for (let offset = -radius; offset <= radius; offset += 1) {
        const inside = mirrored(place + offset, length);
        sum += weights[offset + radius] * data[base + (inside - place) * step];
      }
      out[base] = sum;
    }
  }
  return { data: out, width, height };
}

/** The index that stands for one outside: the picture is mirrored at its edge, the edge itself not repeated. */
function mirrored(index, length) {
  if (index < 0) return Math.min(-index, length - 1);
  return index >= length ? Math.max(0, 2 * length - 2 - index) : index;
}

function edgeEnergy({ data, width, height }) {
  const out = new Float32Array(data.length);
  for (let row = 0; row < height; row += 1) {
    const up = mirrored(row - 1, height) * width;
    const here = row * width;
    const down = mirrored(row + 1, height) * width;
    for (let column = 0; column < width; column += 1) {
      const left = mirrored(column - 1, width);
      const right = mirrored(column + 1, width);
      const across = data[up + right] + 2 * data[here + right] + data[down + right] - data[up + left] - 2 * data[here + left] - data[down + left];
      const along = data[down + left] + 2 * data[down + column] + data[down + right] - data[up + left] - 2 * data[up + column] - data[up + right];
      out[here + column] = (across * across + along * along) / 64;
    }
  }
  return { data: out, width, height };
}

function meanOfTile({ data, width, height }, row, column) {
  const [top, bottom] = [Math.floor((row * height) / 6), Math.floor(((row + 1) * height) / 6)];
  const [left, right] = [Math.floor((column * width) / 6), Math.floor(((column + 1) * width) / 6)];
  let sum = 0;
  for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) sum += data[y * width + x];
  return sum / Math.max(1, (bottom - top) * (right - left));
}
