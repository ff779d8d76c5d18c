// The race view. Gradio calls this with element, props, trigger and watch; race_view.py says what its value is, and
// writes the settings above.

const REACH = 2; // of the plane, both ways
const PLAY_MS = 125; // between two frames of a recording, or of a race that is shown again
const TURN_MS = 700; // of the diagram, in which the critic and the generator learn in turn
const MOST = 3000; // frames kept; of a longer race every second one is dropped

const find = (selector) => element.querySelector(selector);
const [race, players, charts, slider, counter, said, note] = [
  ".race",
  ".players",
  ".charts",
  ".moment",
  ".counter",
  ".words",
  ".hint",
].map(find);
const { colours } = settings;

let name = null; // of the race that is shown
let frames = [];
let real = [];
let cells = []; // {plane, losses, facts} of each player
let index = 0;
let [saved, of] = ["glimpse-gans-race", ""]; // the name of saved files, and what the race is of
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

// To ask for an element's width lays out the whole page anew, so it is asked once, and again after a change of size.
const fitted = new WeakSet();

function sized(canvas) {
  if (!fitted.has(canvas)) {
    const scale = window.devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (width) {
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      fitted.add(canvas);
    }
  }
  return canvas.getContext("2d");
}

function fitAgain() {
  for (const { plane, losses } of cells) [plane, losses].forEach((canvas) => fitted.delete(canvas));
  show(index);
}

function paintSurface(context, encoded, side) {
  const bytes = decoded(encoded);
  const n = Math.round(Math.sqrt(bytes.length));
  const small = document.createElement("canvas");
  small.width = small.height = n;
  const picture = new ImageData(n, n);
  bytes.forEach((value, i) => picture.data.set([...ramp[value], 255], 4 * i));
  small.getContext("2d").putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, side, side);
}

const decoded = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

// Numbers of two bytes in thousandths, x and y in turn.
const points = (text) => new Int16Array(decoded(text).buffer);

function paintPoints(context, places, side, mark) {
  for (let i = 0; i < places.length; i += 2) {
    const [x, y] = [places[i] / 1000, places[i + 1] / 1000];
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
  paintPoints(context, points(player.made), side, (x, y) => {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x + size, y - size);
    context.lineTo(x - size, y + size);
  });
  context.stroke();
}

const rounded = (value) => value.toFixed(1).replace("-", "−");

// Losses of critic (solid) and generator (dashed) over the whole race, with a line at the step that is shown.
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
  const across = (step) => (step / Math.max(frames.at(-1).step, 1)) * width;
  const up = (value) => (1 - (Math.min(Math.max(value, bottom), top) - bottom) / (top - bottom)) * (height - 4 * scale);
  const words = getComputedStyle(element).getPropertyValue("--body-text-color").trim() || "#57534e";
  series.forEach((values, k) => {
    context.beginPath();
    context.setLineDash(k ? [5 * scale, 3 * scale] : []);
    context.strokeStyle = k ? colours.generated : words;
    context.lineWidth = 1.5 * scale;
    values.forEach((value, i) => {
      if (value !== null && Number.isFinite(value)) context.lineTo(across(frames[i].step), 2 * scale + up(value));
    });
    context.stroke();
  });
  context.setLineDash([]);
  context.fillStyle = words;
  context.fillRect(Math.min(across(frames[index].step), width - 2 * scale), 0, 2 * scale, height);
  cells[which].range.textContent = cells[which].title + ": loss of critic (line) and generator (dashes), " + rounded(bottom) + " to " + rounded(top);
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
      make("dt", entry, "", label);
      make("dd", entry, "", text);
    }
    plane.setAttribute("aria-label", cells[i].title + ", step " + frame.step);
  });
  slider.max = frames.length;
  slider.value = index + 1;
  slider.style.setProperty("--done", (100 * index) / Math.max(frames.length - 1, 1) + "%");
  counter.textContent = "step " + frame.step.toLocaleString("en");
  slider.setAttribute("aria-valuetext", counter.textContent);
  said.textContent = index < frames.length - 1 ? frame.said : ""; // of the newest step it stands above the picture
  race.dataset.step = frame.step;
  const turn = Math.floor(performance.now() / TURN_MS) % 2;
  element.dispatchEvent(new CustomEvent("glimpse-frame", { bubbles: true, detail: { index: turn, lit: settings.lit } }));
  race.dataset.frames = frames.length;
}

// ---------------------------------------------------------------- values from Python

const make = (tag, parent, style = "", text = "") => {
  const node = parent.appendChild(document.createElement(tag));
  node.className = style;
  node.textContent = text;
  return node;
};

function start(value) {
  name = value.race;
  frames = [];
  real = points(value.real);
  following = true;
  clearInterval(playing);
  players.replaceChildren();
  charts.replaceChildren();
  cells = value.players.map((title) => {
    const figure = make("figure", players);
    make("figcaption", figure, "", title);
    const [plane, facts] = [make("canvas", figure, "plane"), make("dl", figure, "facts")];
    const chart = make("figure", charts);
    const [range, losses] = [make("figcaption", chart, "range"), make("canvas", chart, "losses")];
    plane.setAttribute("role", "img");
    losses.setAttribute("aria-hidden", "true");
    losses.addEventListener("click", (event) => goToStep((event.offsetX / losses.clientWidth) * frames.at(-1).step));
    return { title, plane, losses, facts, range };
  });
}

// A frame of a race, all frames of a recording, or only a note.
function receive() {
  const value = props.value;
  if (!value) return;
  note.textContent = value.note ?? "";
  [saved, of] = [value.of?.name ?? saved, value.of?.caption ?? of];
  const news = value.frames ?? (value.frame ? [value.frame] : []);
  if (!news.length) return;
  if (value.race !== name || value.frames) start(value);
  for (const frame of news) if (frame.step !== frames.at(-1)?.step) frames.push(frame);
  if (frames.length > MOST) {
    const at = frames[index]?.step ?? 0;
    frames = frames.filter((_, i) => i % 2 === 0 || i === frames.length - 1);
    index = Math.max(0, frames.findLastIndex(({ step }) => step <= at));
  }
  race.dataset.race = name;
  race.dataset.frames = frames.length;
  if (news.length > 1 && !window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    index = frames.length - 1;
    playAgain();
  } else if (following) {
    show(frames.length - 1);
  } else {
    slider.max = frames.length;
  }
  if (value.frame) requestAnimationFrame(() => trigger("tick", { step: value.frame.step })); // not before it is drawn
}

// ---------------------------------------------------------------- looking back

function goTo(moment) {
  clearInterval(playing);
  following = moment >= frames.length - 1;
  show(moment);
}

function goToStep(step) {
  const far = frames.map((frame) => Math.abs(frame.step - step));
  goTo(far.indexOf(Math.min(...far)));
}

// From the step that is shown, or from the start where that is the last one.
function playAgain() {
  clearInterval(playing);
  show(index >= frames.length - 1 ? 0 : index);
  following = false;
  playing = setInterval(() => {
    if (!element.isConnected || index >= frames.length - 1) {
      following = true;
      clearInterval(playing);
    } else if (players.clientWidth) {
      show(index + 1); // while it is hidden it waits
    }
  }, PLAY_MS);
}

// What is seen, with its names and the sentence, as a picture.
function savePng() {
  const [side, gap, words] = [560, 24, 44];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [cells.length * (side + gap) - gap, side + 3 * words];
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#1c1917";
  const font = getComputedStyle(element).fontFamily;
  cells.forEach(({ title, plane }, i) => {
    context.font = "26px " + font;
    context.fillText(title, i * (side + gap) + 4, 30, side);
    context.drawImage(plane, i * (side + gap), words, side, side);
  });
  context.font = "22px " + font;
  context.fillText(frames[index].said, 4, side + words + 30, canvas.width - 8);
  context.fillText(of + " · step " + frames[index].step, 4, side + 2 * words + 30, canvas.width - 8);
  canvas.toBlob((blob) => save(blob, "png"));
}

// The losses and facts of every frame that was kept.
function saveCsv() {
  const labels = frames.at(-1).players[0].facts.map(([label]) => label);
  const twins = cells[0].title === cells[1]?.title;
  const rows = [["step", "player", "critic loss", "generator loss", ...labels]];
  for (const { step, players: both } of frames) {
    both.forEach(({ losses, facts }, i) => {
      rows.push([step, twins ? cells[i].title + (i ? " (right)" : " (left)") : cells[i].title, losses.critic, losses.generator, ...facts.map(([, text]) => text)]);
    });
  }
  save(new Blob([rows.map((row) => row.map((v) => v ?? "").join(",") + "\n").join("")], { type: "text/csv" }), "csv");
}

function save(blob, kind) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  const named = saved + "-step-" + frames[index].step;
  link.download = named + "." + kind;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

race.setAttribute("aria-label", settings.label);
for (const [variable, colour] of Object.entries({ real: "real", made: "generated", low: "low", high: "high" })) {
  race.style.setProperty("--race-" + variable, colours[colour]);
}
race.addEventListener("keydown", (event) => {
  if (!frames.length || event.target.closest("button") || event.ctrlKey || event.metaKey || event.altKey) return;
  const moments = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: frames.length - 1 };
  if (!(event.key in moments)) return;
  goTo(moments[event.key]);
  event.preventDefault();
});
slider.addEventListener("input", () => goTo(Number(slider.value) - 1));
find(".play").addEventListener("click", playAgain);
find(".png").addEventListener("click", savePng);
find(".csv").addEventListener("click", saveCsv);
new ResizeObserver(fitAgain).observe(players);
watch("value", receive);
receive();
