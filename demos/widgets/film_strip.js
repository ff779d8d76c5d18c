// The film strip. Gradio calls this with element, props, trigger and watch; film_strip.py says what a film is.

const FRAMES_PER_SECOND = 10; // of a film that has no pace of its own
const REST_MS = 400; // so long after the last key or slider movement the user has stopped at a frame
const LEAST = 130; // a large pane's least side on the screen, in CSS pixels
const TITLE = 28; // the height of its title
const SMALL = 112;
const GAP = 20; // between panes, as in the style

const find = (selector) => element.querySelector(selector);
const [strip, quiet, body, slider, speed] = [".strip", ".quiet", ".film", ".frame", ".speed"].map(find);
const [panesBox, detailsBox, counter, caption] = [".panes", ".details", ".counter", ".caption"].map(find);

let film = null; // the value that is shown
let panes = []; // {spec, image, canvas} of each pane
let readouts = []; // {values, format, cell}
let index = 0;
let newest = 0; // counts values, so that a slow one cannot overtake the one after it

// ---------------------------------------------------------------- showing a frame

const limit = (value, low, high) => Math.min(Math.max(value, low), high);
const colour = (role) => {
  const name = { read: "--strip-reading", write: "--strip-writing" }[role] ?? "--body-text-color";
  return getComputedStyle(element).getPropertyValue(name).trim() || "#808080";
};

function cutOut(image, left, top, width, height) {
  const frame = document.createElement("canvas");
  Object.assign(frame, { width, height });
  frame.getContext("2d").drawImage(image, left, top, width, height, 0, 0, width, height);
  return frame;
}

// One pane at one step, `scale` device pixels to a pixel of the film.
function paint(context, { spec, image }, step, scale) {
  const { width, height, columns } = spec;
  const frame = spec.still ? 0 : step;
  const [left, top] = [(frame % columns) * width, Math.floor(frame / columns) * height];
  context.imageSmoothingEnabled = scale < 1 || Boolean(spec.smooth); // else enlarged pixels stay square
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, width * scale, height * scale);
  // Blended pixels would take in the edge of the frame beside this one: it is cut out first.
  const source = spec.smooth && !spec.still ? cutOut(image, left, top, width, height) : null;
  context.drawImage(source ?? image, source ? 0 : left, source ? 0 : top, width, height, 0, 0, width * scale, height * scale);
  for (const mark of spec.marks ?? []) {
    const place = mark.windows[step];
    if (place) paintWindow(context, mark, place, spec, scale);
  }
}

function paintWindow(context, { role, points }, [gx, gy, delta, sigma], { width, height }, scale) {
  const line = limit(Math.round(scale / 4), 2, 6);
  const half = ((points - 1) / 2) * delta + sigma;
  const onPane = (value, length) => limit((value + 0.5) * scale, line, length * scale - line);
  const [left, right] = [onPane(gx - half, width), onPane(gx + half, width)];
  const [top, bottom] = [onPane(gy - half, height), onPane(gy + half, height)];
  const ink = colour(role);
  const outline = (style, thickness, dashes) => {
    context.strokeStyle = style;
    context.lineWidth = thickness;
    context.setLineDash(dashes);
    context.strokeRect(left, top, right - left, bottom - top);
  };
  context.save();
  outline("rgba(255, 255, 255, 0.85)", line + 2, []); // visible on dark and light pictures alike
  outline(ink, line, { read: [line * 3, line * 2], write: [] }[role] ?? [line, line]);
  const spacing = delta * scale;
  if (spacing >= 6 && points > 1) {
    const radius = limit(spacing / 7, 1.5, line);
    for (let row = 0; row < points; row += 1) {
      for (let column = 0; column < points; column += 1) {
        context.beginPath();
        const x = (gx + (column - (points - 1) / 2) * delta + 0.5) * scale;
        const y = (gy + (row - (points - 1) / 2) * delta + 0.5) * scale;
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.setLineDash([]);
        context.lineWidth = 1.5;
        context.strokeStyle = "rgba(255, 255, 255, 0.85)";
        context.fillStyle = ink;
        context.stroke();
        context.fill();
      }
    }
  }
  context.restore();
}

function show(step) {
  if (!film) return;
  index = limit(step, 0, film.frames - 1);
  const where = "step " + (index + 1) + " of " + film.frames;
  for (const pane of panes) {
    if (pane.scale) paint(pane.canvas.getContext("2d"), pane, index, pane.scale);
    pane.canvas.setAttribute("aria-label", pane.spec.title + ", " + where);
  }
  for (const { values, format, cell } of readouts) cell.textContent = format(values[index]);
  caption.textContent = film.captions?.[index] ?? "";
  counter.textContent = where;
  slider.value = index + 1;
  slider.style.setProperty("--done", (100 * index) / Math.max(film.frames - 1, 1) + "%");
  slider.setAttribute("aria-valuetext", where);
  strip.dataset.index = index;
  disable(find(".previous"), index === 0);
  disable(find(".next"), index === film.frames - 1);
  element.dispatchEvent(new CustomEvent("glimpse-frame", { bubbles: true, detail: { index, lit: film.lit } }));
}

// A button that had the keyboard's focus hands it to the slider, or the arrow keys would go nowhere.
function disable(button, off) {
  if (off && button === document.activeElement) slider.focus();
  button.disabled = off;
}

// ---------------------------------------------------------------- laying out a film

// Device pixels to a film pixel. Large panes have one size, whatever they show; a patch has whole pixels.
function fit({ width, height, smooth, large }, side) {
  const scale = (side * window.devicePixelRatio) / Math.max(width, height);
  return scale >= 1 && !smooth && !large ? Math.floor(scale) : scale;
}

// The largest side with which all large panes and the play controls are in view together; patches stay small.
// A pane's side is its longer one: `wide` and `tall` are what the widest and the tallest pane take of it.
function sideOf(specs, room) {
  const large = Math.max(1, specs.length);
  const share = (length) => Math.max(0, ...specs.map((spec) => spec[length] / Math.max(spec.width, spec.height))) || 1;
  const [wide, tall] = [share("width"), share("height")];
  const top = panesBox.getBoundingClientRect().top + window.scrollY;
  const above = top < 0.7 * window.innerHeight ? top : 100; // further down the page nothing else has to be in view
  const height = window.innerHeight - above - find(".controls").offsetHeight - 3 * GAP;
  const sides = Array.from({ length: large }, (_, i) => {
    const [columns, rows] = [i + 1, Math.ceil(large / (i + 1))];
    return Math.min((room - GAP * (columns - 1)) / columns / wide, (height / rows - TITLE) / tall);
  });
  const best = Math.max(1, ...sides); // in a low window the controls may leave less than nothing
  const side = sides.findLast((each) => each >= 0.85 * best) ?? best; // rather side by side, where that costs little
  return Math.floor(limit(side, Math.min(LEAST, room), room));
}

function layOut() {
  const room = panesBox.clientWidth;
  if (!film || !room) return; // in a tab that is not shown; the observer calls again
  const side = sideOf(panes.map(({ spec }) => spec).filter(({ large }) => large), room);
  for (const pane of panes) {
    const { spec, canvas } = pane;
    pane.scale = fit(spec, spec.large ? side : Math.min(SMALL, room));
    canvas.width = Math.round(spec.width * pane.scale);
    canvas.height = Math.round(spec.height * pane.scale);
    canvas.style.width = canvas.width / window.devicePixelRatio + "px";
    canvas.parentElement.style.width = spec.large ? canvas.style.width : ""; // a long title is broken, not its row
  }
  show(index);
}

const make = (tag, parent, text, style = "") => {
  const node = document.createElement(tag);
  node.className = style;
  node.textContent = text;
  parent.append(node);
  return node;
};

// With a real minus, and no minus before nothing.
const written = (value, digits) => (Number(value.toFixed(digits)) + 0).toFixed(digits).replace("-", "−");

function numberFormat({ unit = "", values }) {
  const known = values.filter((value) => value !== null);
  const digits = known.every(Number.isInteger) ? 0 : Math.max(...known.map(Math.abs)) >= 100 ? 1 : 2;
  return (value) => value === null ? "–" : written(value, digits) + (unit && unit !== "%" ? " " : "") + unit;
}

// Builds the parts that depend on the film. `images` are the panes' decoded pictures.
function build(value, images) {
  film = value;
  panesBox.replaceChildren();
  detailsBox.replaceChildren();
  const alone = value.panes.every((spec) => !spec.large);
  panes = value.panes.map((spec, i) => {
    const figure = make("figure", spec.large || alone ? panesBox : detailsBox, "", spec.large ? "pane large" : "pane");
    make("figcaption", figure, spec.title);
    const canvas = make("canvas", figure, "");
    canvas.setAttribute("role", "img");
    if (spec.cells) {
      canvas.classList.add("sheet");
      canvas.addEventListener("click", (event) => pick(event, i, spec.cells));
    }
    return { spec, image: images[i], canvas };
  });
  const legend = find(".legend");
  legend.replaceChildren();
  const marks = value.panes.flatMap((spec) => spec.marks ?? []);
  const roles = new Map(marks.map((mark) => [mark.role + mark.label, mark]));
  for (const { role, label } of roles.values()) make("li", legend, label, role);
  const list = find(".readouts");
  list.replaceChildren();
  readouts = (value.readouts ?? []).map((readout) => {
    const entry = make("div", list, "");
    make("dt", entry, readout.label);
    return { values: readout.values, format: numberFormat(readout), cell: make("dd", entry, "") };
  });
  strip.dataset.key = value.of?.key ?? "";
  slider.max = value.frames;
  body.classList.toggle("single", value.frames === 1); // nothing to step through
  quiet.textContent = "";
  body.hidden = false;
}

const decoded = (url) =>
  new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = url;
  });

async function load() {
  const value = props.value;
  const mine = ++newest;
  pause();
  caption.setAttribute("aria-live", "off"); // the page's sentence is read aloud; a caption where somebody steps
  clearTimeout(resting);
  reported = null;
  if (!value?.panes?.length) {
    film = null;
    body.hidden = true;
    quiet.textContent = settings.placeholder;
    return;
  }
  try {
    const images = await Promise.all(value.panes.map(({ film }) => decoded(film)));
    if (mine !== newest) return;
    build(value, images);
  } catch {
    if (mine !== newest) return;
    film = null;
    body.hidden = true;
    quiet.textContent = "These pictures could not be shown: one of them is broken. Please run the model again.";
    return;
  }
  index = 0;
  touched = false;
  layOut();
  if (film.start !== undefined) [touched, index] = [true, limit(film.start, 0, film.frames - 1)];
  if (touched) show(index);
  else if (!settings.autoplay || still()) show(film.frames - 1);
  else play(false);
}

const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---------------------------------------------------------------- playing

let playing = false;
let touched = false; // the user has stepped through this film, so it does not begin again by itself
let byUser = false; // a film that plays because it is new tells Python nothing
let drawing = 0; // the animation frame that is asked for
let last = 0; // when the strip was last looked at, ms
let due = 0; // frames that should have been shown since, a fraction

function play(fromUser) {
  if (!film) return;
  if (index === film.frames - 1) show(0);
  [playing, byUser, due, last] = [true, fromUser, 0, performance.now()];
  clearTimeout(resting);
  caption.setAttribute("aria-live", "off");
  namePlayButton();
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(tick);
}

function pause() {
  playing = false;
  caption.setAttribute("aria-live", "polite");
  namePlayButton();
  cancelAnimationFrame(drawing);
}

function tick(now) {
  if (!playing || !element.isConnected) return;
  if (!panesBox.clientWidth) return; // hidden: the observer goes on from here
  due += (Math.min(now - last, 250) / 1000) * (film.pace ?? FRAMES_PER_SECOND) * Number(speed.value);
  last = now;
  if (due >= 1) {
    show(index + Math.floor(due));
    due %= 1;
  }
  if (index < film.frames - 1) {
    drawing = requestAnimationFrame(tick);
  } else {
    pause();
    if (byUser) settle();
  }
}

function namePlayButton() {
  const name = playing ? "Pause" : "Play";
  strip.classList.toggle("playing", playing);
  find(".play").setAttribute("aria-label", name);
  find(".play").title = name;
}

// ---------------------------------------------------------------- the user's hands

let resting = 0; // timer
let reported = null; // the step that Python heard of last

function settle() {
  clearTimeout(resting);
  if (!film || playing || index === reported) return;
  reported = index;
  trigger("select", { index });
  element.dispatchEvent(new CustomEvent("glimpse-rest", { bubbles: true, detail: { index } }));
}

function goTo(step) {
  touched = true;
  pause();
  show(step);
  clearTimeout(resting);
  resting = setTimeout(settle, REST_MS);
}

function toggle() {
  touched = true;
  if (!playing) {
    play(true);
  } else {
    pause();
    settle();
  }
}

// A cell of a sheet was clicked: Python hears of it.
function pick(event, pane, [columns, rows]) {
  const box = event.target.getBoundingClientRect();
  const at = (place, length, n) => limit(Math.floor((n * place) / length), 0, n - 1);
  const column = at(event.clientX - box.left, box.width, columns);
  trigger("click", { pane, column, row: at(event.clientY - box.top, box.height, rows) });
}

function onKey(event) {
  if (!film || event.ctrlKey || event.metaKey || event.altKey || event.target === speed) return;
  if (event.key === " " && event.target.closest("button")) return; // the button's own
  const steps = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: film.frames - 1 };
  if (event.key in steps) goTo(steps[event.key]);
  else if (event.key === " ") toggle();
  else return;
  event.preventDefault();
}

// The large panes with their marks and titles, up to four in a row, more on a sheet; below them what made them.
function savePng() {
  const chosen = panes.some(({ spec }) => spec.large) ? panes.filter(({ spec }) => spec.large) : panes;
  const columns = chosen.length > 4 ? Math.ceil(Math.sqrt(chosen.length)) : chosen.length;
  const sizes = chosen.map(({ spec }) => Math.max(1, Math.round(560 / Math.max(spec.width, spec.height))));
  const [cellWidth, cellHeight] = ["width", "height"].map((side) =>
    Math.max(...chosen.map(({ spec }, i) => spec[side] * sizes[i])),
  );
  const [title, words] = [44, 48]; // heights of a pane's title and of the caption
  const rows = Math.ceil(chosen.length / columns);
  const canvas = document.createElement("canvas");
  canvas.width = columns * (cellWidth + GAP) + GAP;
  canvas.height = rows * (cellHeight + title + GAP) + words;
  const context = canvas.getContext("2d");
  const write = (text, x, y, width, size) => {
    context.fillStyle = "#1c1917";
    context.font = size + "px " + getComputedStyle(element).fontFamily;
    context.fillText(text, x, y, width);
  };
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  chosen.forEach((pane, i) => {
    const left = GAP + (i % columns) * (cellWidth + GAP);
    const top = Math.floor(i / columns) * (cellHeight + title + GAP);
    write(pane.spec.title, left, top + 32, cellWidth, 26);
    context.save();
    context.translate(left, top + title);
    context.beginPath();
    context.rect(0, 0, pane.spec.width * sizes[i], pane.spec.height * sizes[i]); // a window may reach over the edge
    context.clip();
    paint(context, pane, index, sizes[i]);
    context.restore();
  });
  const step = film.frames > 1 ? " · step " + (index + 1) + " of " + film.frames : "";
  write((film.of?.caption ?? settings.label) + step, GAP, canvas.height - 18, canvas.width - 2 * GAP, 22);
  const name = film.of?.name ?? settings.label.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name + "-step-" + (index + 1) + ".png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}

strip.setAttribute("aria-label", settings.label);
strip.addEventListener("keydown", onKey);
slider.addEventListener("input", () => goTo(Number(slider.value) - 1));
slider.addEventListener("change", settle); // released
find(".previous").addEventListener("click", () => goTo(index - 1));
find(".next").addEventListener("click", () => goTo(index + 1));
find(".play").addEventListener("click", toggle);
find(".png").addEventListener("click", savePng);
strip.addEventListener("glimpse-go", (event) => goTo(event.detail.index)); // a click in a chart
// A slider is turned of whose values the film has frames: the nearest one is there before any answer.
document.addEventListener("input", ({ target }) => {
  const id = element.isConnected && Object.keys(film?.turns ?? {}).find((each) => target.closest("#" + each));
  if (!id || target.value === "" || !Number.isFinite(Number(target.value))) return;
  const { values, frame } = film.turns[id];
  const off = values.map((value) => Math.abs(value - Number(target.value)));
  touched = true;
  pause();
  show(frame + off.indexOf(Math.min(...off)));
});
let room = 0; // width that the panes were laid out for; 0 while the strip is hidden
new ResizeObserver(() => {
  if (panesBox.clientWidth === room) return;
  const shown = !room; // the tab was opened: a film that nobody has touched begins
  room = panesBox.clientWidth;
  layOut();
  if (film && room && shown && !touched && settings.autoplay && !still() && !playing) return play(false);
  if (!playing) return;
  last = performance.now();
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(tick);
}).observe(panesBox);
window.addEventListener("resize", layOut);
watch("value", load);
load();
