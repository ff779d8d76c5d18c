// The sketch pad. Gradio calls this with element, props, trigger and watch; sketch_pad.py says what its value is, and
// writes the settings above: props other than the value are lost where the pad is hidden at first.

const TOLERANCE = 0.001; // of the side: how far a thinned stroke may stray from the one drawn; 0.3 pixels of 280
const UNDO_STEPS = 100;

const find = (selector) => element.querySelector(selector);
const [pad, canvas, hint, brush, undoButton, clearButton] = [
  ".pad",
  "canvas",
  ".hint",
  ".brush",
  ".undo",
  ".clear",
].map(find);

let strokes = []; // what is on the paper: {points: [[x, y], ...], size}, fractions of the side; never changed in place
let gesture = null; // the stroke under the pointer: {pointer, size, pieces: [points, ...], outside}
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

const finished = (points, size) => ({
  points: thinned(smoothed(points)).map((point) => point.map(rounded)),
  size: rounded(size),
});

// ---------------------------------------------------------------- painting

function paintStroke(context, { points, size }, side) {
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
  context.fillStyle = context.strokeStyle = settings.ink;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of marks) paintStroke(context, stroke, side);
}

function show() {
  const side = Math.round(canvas.clientWidth * window.devicePixelRatio);
  if (side) {
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const live = gesture?.pieces.map((points) => ({ points: smoothed(points), size: gesture.size })) ?? [];
    paint(canvas.getContext("2d"), side, [...strokes, ...live]);
  }
  const empty = !strokes.length && !gesture;
  hint.hidden = !empty;
  undoButton.disabled = !strokes.length && !past.length;
  clearButton.disabled = empty;
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

// Python wrote a value: strokes, with or without their picture, or nothing.
function load() {
  const sent = props.value?.strokes ?? [];
  replace(sent.map(({ points, size }) => ({ points: points.map(([x, y]) => [x, y]), size })));
  if (strokes.length && !props.value.png) publish();
  else show();
}

// ---------------------------------------------------------------- the pointer

function onPaper(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

// A line that leaves the paper ends at its edge; where it comes back, a new piece begins.
function extend(point) {
  const edge = point.map((value) => Math.min(Math.max(value, 0), 1));
  const outside = edge[0] !== point[0] || edge[1] !== point[1];
  if (!gesture.outside) gesture.pieces.at(-1).push(edge);
  else if (!outside) gesture.pieces.push([point]);
  gesture.outside = outside;
}

canvas.addEventListener("pointerdown", (event) => {
  if (gesture || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  gesture = { pointer: event.pointerId, size: Number(brush.value), pieces: [[onPaper(event)]], outside: false };
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
  const { pieces, size } = gesture;
  gesture = null;
  replace([...strokes, ...pieces.map((points) => finished(points, size))]);
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

pad.style.width = settings.size + "px";
pad.setAttribute("aria-label", settings.label);
find(".name").textContent = settings.label;
brush.value = settings.brush;
new ResizeObserver(show).observe(canvas);
watch("value", load);
load();
past.length = 0; // what the pad came with cannot be undone
