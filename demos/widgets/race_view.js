// The race view. Gradio calls this with element, props, trigger and watch; race_view.py says what its value is, and
// writes the settings above.

const REACH = 2; // of the plane, both ways
const PLAY_MS = 80; // between two frames that are shown again
const MOST = 3000; // frames kept; of a longer race every second one is dropped

const find = (selector) => element.querySelector(selector);
const [race, quiet, course, players, slider, counter, said] = [
  ".race",
  ".quiet",
  ".course",
  ".players",
  ".moment",
  ".counter",
  ".said",
].map(find);
const { colours } = settings;

let name = null; // of the race that is shown
const ended = new Set(); // names of races that were cleared away; a last frame of one may still be on its way
let frames = [];
let real = [];
let cells = []; // {plane, losses, facts} of each player
let index = 0;
let following = true; // show each new frame; false while the user looks back
let playing = 0; // timer

const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const [low, high] = [channels(colours.low), channels(colours.high)];
const PAPER = [247, 244, 238];

// 256 colours from low over paper to high.
const ramp = Array.from({ length: 256 }, (_, i) => {
  const [end, share] = i < 128 ? [low, 1 - i / 128] : [high, (i - 128) / 127];
  return PAPER.map((value, c) => Math.round(value + 0.85 * share * (end[c] - value)));
});

// ---------------------------------------------------------------- painting

function sized(canvas) {
  const scale = window.devicePixelRatio;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (width && (canvas.width !== width || canvas.height !== height)) [canvas.width, canvas.height] = [width, height];
  return canvas.getContext("2d");
}

function paintSurface(context, encoded, side) {
  const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
  const n = Math.round(Math.sqrt(bytes.length));
  const small = document.createElement("canvas");
  small.width = small.height = n;
  const picture = new ImageData(n, n);
  bytes.forEach((value, i) => picture.data.set([...ramp[value], 255], 4 * i));
  small.getContext("2d").putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, side, side);
}

function paintPoints(context, points, side, mark) {
  for (const [x, y] of points) {
    if (Math.abs(x) > REACH || Math.abs(y) > REACH) continue;
    mark(((x + REACH) / (2 * REACH)) * side, ((REACH - y) / (2 * REACH)) * side);
  }
}

function paintPlane(canvas, player) {
  const context = sized(canvas);
  const side = canvas.width;
  if (!side) return;
  paintSurface(context, player.surface, side);
  const size = side / 110;
  context.lineWidth = Math.max(1, side / 300);
  context.strokeStyle = colours.real;
  paintPoints(context, real, side, (x, y) => {
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.stroke();
  });
  context.lineWidth = Math.max(1.2, side / 220);
  context.strokeStyle = colours.generated;
  context.beginPath();
  paintPoints(context, player.made, side, (x, y) => {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x + size, y - size);
    context.lineTo(x - size, y + size);
  });
  context.stroke();
}

// Losses of critic (solid) and generator (dashed) up to the frame that is shown, over the whole race.
function paintLosses(canvas, which) {
  const context = sized(canvas);
  const { width, height } = canvas;
  if (!width) return;
  context.clearRect(0, 0, width, height);
  const scale = window.devicePixelRatio;
  const series = ["critic", "generator"].map((term) => frames.map((f) => f.players[which].losses[term]));
  const known = series.flat().filter((v) => v !== null && Number.isFinite(v)).sort((a, b) => a - b);
  if (!known.length) return;
  // The wildest hundredth would flatten all the rest.
  const bottom = Math.min(0, known[Math.floor(known.length * 0.01)]);
  const top = Math.max(known[Math.floor((known.length - 1) * 0.99)], bottom + 1e-3);
  const last = Math.max(frames.at(-1).step, 1);
  const place = (step, value) => [
    (step / last) * width,
    18 * scale + (1 - (Math.min(Math.max(value, bottom), top) - bottom) / (top - bottom)) * (height - 22 * scale),
  ];
  const words = getComputedStyle(element).getPropertyValue("--body-text-color").trim() || "#57534e";
  series.forEach((values, k) => {
    context.beginPath();
    context.setLineDash(k ? [5 * scale, 3 * scale] : []);
    context.strokeStyle = k ? colours.generated : words;
    context.lineWidth = 1.5 * scale;
    values.slice(0, index + 1).forEach((value, i) => {
      if (value === null || !Number.isFinite(value)) return;
      context.lineTo(...place(frames[i].step, value));
    });
    context.stroke();
  });
  context.setLineDash([]);
  context.fillStyle = words;
  context.font = 11 * scale + "px " + getComputedStyle(element).fontFamily;
  context.fillText("loss of critic (line) and generator (dashes), " + bottom.toFixed(1) + " to " + top.toFixed(1), 2, 11 * scale);
}

function show(moment) {
  if (!frames.length) return;
  index = Math.min(Math.max(moment, 0), frames.length - 1);
  const frame = frames[index];
  frame.players.forEach((player, i) => {
    const { plane, losses, facts } = cells[i];
    paintPlane(plane, player);
    paintLosses(losses, i);
    facts.replaceChildren();
    for (const [label, text] of player.facts) {
      const entry = facts.appendChild(document.createElement("div"));
      entry.appendChild(document.createElement("dt")).textContent = label;
      entry.appendChild(document.createElement("dd")).textContent = text;
    }
    plane.setAttribute("aria-label", cells[i].title + ", step " + frame.step);
  });
  slider.max = frames.length;
  slider.value = index + 1;
  counter.textContent = "step " + frame.step.toLocaleString("en");
  race.dataset.step = frame.step;
  race.dataset.frames = frames.length;
}

// ---------------------------------------------------------------- values from Python

function start(value) {
  name = value.race;
  frames = [];
  real = value.real;
  following = true;
  players.replaceChildren();
  cells = value.players.map((title) => {
    const figure = players.appendChild(document.createElement("figure"));
    figure.appendChild(document.createElement("figcaption")).textContent = title;
    const [plane, losses] = ["plane", "losses"].map((kind) => {
      const canvas = figure.appendChild(document.createElement("canvas"));
      canvas.className = kind;
      return canvas;
    });
    plane.setAttribute("role", "img");
    losses.setAttribute("aria-hidden", "true");
    const facts = figure.appendChild(document.createElement("dl"));
    facts.className = "facts";
    return { title, plane, losses, facts };
  });
}

function receive() {
  const value = props.value;
  if (!value?.frame) {
    ended.add(name);
    name = null;
    frames = [];
    quiet.textContent = settings.placeholder;
    course.hidden = true;
    race.dataset.frames = 0;
    return;
  }
  if (ended.has(value.race)) return;
  quiet.textContent = "";
  course.hidden = false;
  if (value.race !== name) start(value);
  if (value.frame.step !== frames.at(-1)?.step) frames.push(value.frame);
  if (frames.length > MOST) frames = frames.filter((_, i) => i % 2 === 0 || i === frames.length - 1);
  said.textContent = value.said;
  if (following) show(frames.length - 1);
  else slider.max = frames.length;
}

// ---------------------------------------------------------------- looking back

function goTo(moment) {
  clearInterval(playing);
  following = moment >= frames.length - 1;
  show(moment);
}

function playAgain() {
  clearInterval(playing);
  if (index >= frames.length - 1) index = 0;
  following = false;
  playing = setInterval(() => {
    if (!element.isConnected || index >= frames.length - 1) {
      following = true;
      clearInterval(playing);
      return;
    }
    show(index + 1);
  }, PLAY_MS);
}

race.setAttribute("aria-label", settings.label);
for (const [variable, colour] of Object.entries({ real: "real", made: "generated", low: "low", high: "high" })) {
  race.style.setProperty("--race-" + variable, colours[colour]);
}
race.addEventListener("keydown", (event) => {
  if (event.target.closest("button") || event.ctrlKey || event.metaKey || event.altKey) return;
  const moments = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: frames.length - 1 };
  if (!(event.key in moments)) return;
  goTo(moments[event.key]);
  event.preventDefault();
});
slider.addEventListener("input", () => goTo(Number(slider.value) - 1));
find(".play").addEventListener("click", playAgain);
new ResizeObserver(() => show(index)).observe(players);
watch("value", receive);
receive();
