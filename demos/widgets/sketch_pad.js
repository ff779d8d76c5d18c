// The sketch pad. Gradio calls this with element, props, trigger and watch; sketch_pad.py says what its value is, and
// writes the settings above: props other than the value are lost where the pad is hidden at first.

const PALETTE_WIDTH = 420; // CSS pixels: four colours a row, where there is room
const TOLERANCE = 0.001; // of the side: how far a thinned stroke may stray from the one drawn; 0.3 pixels of 280
const UNDO_STEPS = 100;
const UNSTEADY = 0.01; // of the side: a rectangle smaller than this, both ways, is a click

const find = (selector) => element.querySelector(selector);
const [pad, canvas, hint, inks, modes, brush, undoButton, clearButton, saveButton] = [
  ".pad",
  "canvas",
  ".hint",
  ".inks",
  ".modes",
  ".brush",
  ".undo",
  ".clear",
  ".save",
].map(find);
const colours = new Map(settings.palette ?? []); // by the name of the ink

// What is on the paper: {points: [[x, y], ...], size, ink, box}, fractions of the side; never changed in place. Only
// strokes of a palette have an ink, and only rectangles a box: true.
let strokes = [];
let gesture = null; // the stroke under the pointer: {pointer, look: {size, ink, box}, pieces: [points, ...], outside}
const past = []; // earlier values of strokes

// ---------------------------------------------------------------- strokes

const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

// A curve through the middles of the raw points, whose corners the eye would see.
function smoothed(points) {
  if (points.length < 3) return points;
  const curve = [points[0]];
  for (let i = 1; i < points.length - 1; i += 1) {
    const [start, bend, end] = [curve.at(-1), points[i], middle(points[i], points[i + 1])];
    for (const t of [0.25, 0.5, 0.75, 1]) {
      const on = (axis) => (1 - t) ** 2 * start[axis] + 2 * t * (1 - t) * bend[axis] + t ** 2 * end[axis];
      curve.push([on(0), on(1)]);
    }
  }
  curve.push(points.at(-1));
  return curve;
}

function distanceToSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  const t = length2 ? Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / length2, 0), 1) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

// Ramer, Douglas and Peucker: leaves out the points that the lines between the others pass closely enough.
function thinned(points) {
  const keep = new Set([0, points.length - 1]);
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [from, to] = spans.pop();
    let [worst, furthest] = [TOLERANCE, -1];
    for (let i = from + 1; i < to; i += 1) {
      const distance = distanceToSegment(points[i], points[from], points[to]);
      if (distance > worst) [worst, furthest] = [distance, i];
    }
    if (furthest < 0) continue;
    keep.add(furthest);
    spans.push([from, furthest], [furthest, to]);
  }
  return points.filter((_, i) => keep.has(i));
}

const rounded = (value) => Math.round(value * 1000) / 1000;

const finished = (points, look) => ({
  points: (look.box ? points : thinned(smoothed(points))).map((point) => point.map(rounded)),
  ...look,
});

function visible({ points: [start, end], box }) {
  if (!box) return true;
  const sides = [0, 1].map((axis) => Math.abs(start[axis] - end[axis]));
  return Math.max(...sides) >= UNSTEADY && Math.min(...sides) > 0;
}

// ---------------------------------------------------------------- painting

function paintStroke(context, { points, size, ink, box }, side) {
  context.fillStyle = context.strokeStyle = colours.get(ink) ?? settings.ink;
  if (box) {
    const [[x, y], [toX, toY]] = [points[0], points.at(-1)];
    context.fillRect(x * side, y * side, (toX - x) * side, (toY - y) * side);
    return;
  }
  context.lineWidth = size * side;
  context.beginPath();
  if (points.length === 1) {
    context.arc(points[0][0] * side, points[0][1] * side, (size * side) / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  points.forEach(([x, y], i) => (i ? context.lineTo(x * side, y * side) : context.moveTo(x * side, y * side)));
  context.stroke();
}

function paint(context, side, marks) {
  context.fillStyle = settings.paper;
  context.fillRect(0, 0, side, side);
  context.lineCap = context.lineJoin = "round";
  for (const stroke of marks) paintStroke(context, stroke, side);
}

function show() {
  const side = Math.round(canvas.clientWidth * window.devicePixelRatio);
  if (side) {
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const live = gesture?.pieces.map((points) => ({ points: smoothed(points), ...gesture.look })) ?? [];
    paint(canvas.getContext("2d"), side, [...strokes, ...live]);
  }
  const empty = !strokes.length && !gesture;
  hint.hidden = !empty;
  const [nothing, pressed] = [!strokes.length && !past.length, document.activeElement];
  if ((nothing && pressed === undoButton) || (empty && pressed === clearButton)) canvas.focus();
  undoButton.disabled = nothing;
  clearButton.disabled = empty;

  saveButton.disabled = !strokes.length;
  pad.dataset.strokes = strokes.length;
  const count = strokes.length === 1 ? "1 stroke" : strokes.length + " strokes";
  canvas.setAttribute("aria-label", (settings.label) + ", " + (empty ? "empty" : count));
}

// The picture that Python gets is of one size on every screen.
function exported() {
  const page = document.createElement("canvas");
  page.width = page.height = settings.size;
  paint(page.getContext("2d"), settings.size, strokes);
  return page.toDataURL("image/png");
}

function savePng() {
  const words = settings.label.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const link = document.createElement("a");
  link.href = exported();
  link.download = ["glimpse", ...words].join("-") + ".png";
  link.click();
}

// Grey is easy on the eye on white paper; on any other, black or white has the better contrast (WCAG's luminance).
function colourHint() {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = settings.paper;
  context.fillRect(0, 0, 1, 1);
  const light = [...context.getImageData(0, 0, 1, 1).data].map((byte) =>
    byte > 10 ? ((byte / 255 + 0.055) / 1.055) ** 2.4 : byte / 255 / 12.92,
  );
  const luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
  if (luminance < 0.99) hint.style.color = luminance > 0.18 ? "#000000" : "#ffffff";
}

// ---------------------------------------------------------------- the palette

// Radios: the browser brings the arrow keys, and says aloud which one is chosen.
function offer(box, names, first) {
  for (const name of names) {
    const [label, radio, face, swatch] = ["label", "input", "span", "i"].map((tag) => document.createElement(tag));
    Object.assign(radio, { type: "radio", name: settings.id + "-" + box.className, value: name, checked: name === first });
    face.className = "face";
    swatch.className = "swatch";
    swatch.style.background = colours.get(name) ?? "";
    face.append(swatch, name);
    label.append(radio, face);
    box.append(label);
  }
}

const chosen = (box) => box.querySelector("input:checked").value;

function look() {
  const size = rounded(Number(brush.value));
  if (!settings.palette) return { size };
  const ink = chosen(inks);
  return chosen(modes) === "Rectangle" ? { size, ink, box: true } : { size, ink };
}

function layOutPalette() {
  const names = [...colours.keys()];
  offer(inks, names, names[2] ?? names[0]); // the first two are what the others stand on
  offer(modes, ["Rectangle", "Brush"], "Rectangle");
  find(".drawing").append(brush.parentElement);
  find(".brush-name").textContent = "Size";
  inks.hidden = find(".drawing").hidden = false;
  const enable = () => (brush.disabled = chosen(modes) !== "Brush");
  modes.addEventListener("change", enable);
  enable();
}

// ---------------------------------------------------------------- what is on the paper

function replace(next) {
  if (JSON.stringify(next) === JSON.stringify(strokes)) return;
  past.push(strokes);
  if (past.length > UNDO_STEPS) past.shift();
  strokes = next;
}

// Hands the drawing to Python. Setting the value fires `change` by itself and does not come back through `watch`;
// null would, for Gradio turns it into an empty string.
function publish() {
  show();
  props.value = strokes.length ? { png: exported(), strokes } : "";
}

// The same, and `input`, which tells the user's hand from a value that Python wrote.
function publishByHand() {
  publish();
  trigger("input");
}

function undo() {
  if (gesture || (!strokes.length && !past.length)) return;
  strokes = past.pop() ?? strokes.slice(0, -1);
  publishByHand();
}

function clear() {
  if (!strokes.length) return;
  replace([]);
  publishByHand();
}

const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
const isStroke = (stroke) =>
  Array.isArray(stroke?.points) && stroke.points.length && stroke.points.every(isPoint) && Number.isFinite(stroke.size);

// Python wrote a value: strokes, with or without their picture, or nothing. What is no stroke is left out.
function load() {
  const sent = [props.value?.strokes ?? []].flat().filter(isStroke);
  replace(
    sent.map(({ points, size, ink, box }) => ({
      points: points.map(([x, y]) => [x, y]),
      size,
      ...(ink !== undefined && { ink }),
      ...(box && { box }),
    })),
  );
  if (strokes.length && !props.value.png) publish();
  else show();
}

// ---------------------------------------------------------------- the pointer

function onPaper(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

const kept = (point) => point.map((value) => Math.min(Math.max(value, 0), 1));

// A line that leaves the paper ends at its edge; where it comes back, a new piece begins. A rectangle follows the
// pointer along the edge.
function extend(point) {
  const edge = kept(point);
  if (gesture.look.box) {
    gesture.pieces[0][1] = edge;
    return;
  }
  const outside = edge[0] !== point[0] || edge[1] !== point[1];
  if (!gesture.outside) gesture.pieces.at(-1).push(edge);
  else if (!outside) gesture.pieces.push([point]);
  gesture.outside = outside;
}

canvas.addEventListener("pointerdown", (event) => {
  if (gesture || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  const start = kept(onPaper(event)); // half a pixel beside the paper is still a touch
  gesture = { pointer: event.pointerId, look: look(), pieces: [[start]], outside: false };
  if (gesture.look.box) extend(start);
  show();
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== gesture?.pointer) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const each of events.length ? events : [event]) extend(onPaper(each));
  show();
});

function lift(event) {
  if (event.pointerId !== gesture?.pointer) return;
  const { pieces, look } = gesture;
  gesture = null;
  const made = pieces.map((points) => finished(points, look)).filter(visible);
  if (!made.length) return show();
  replace([...strokes, ...made]);
  publishByHand();
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);

pad.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  undo();
});
undoButton.addEventListener("click", undo);
clearButton.addEventListener("click", clear);
saveButton.addEventListener("click", savePng);

find(".paper").style.maxWidth = settings.size + "px";
const width = Math.max(settings.size, settings.palette ? PALETTE_WIDTH : 0);
pad.style.gridTemplateColumns = "minmax(0, " + width + "px)"; // a width would push a narrow page wide
pad.setAttribute("aria-label", settings.label);
find(".name").textContent = settings.label;
brush.value = settings.brush;
saveButton.hidden = !settings.save;
if (settings.palette) layOutPalette();
colourHint();
new ResizeObserver(show).observe(canvas);
watch("value", load);
load();
past.length = 0; // what the pad came with cannot be undone
