// The frame in the browser: what is shown with which values, the sentence and the notes, the dimmed picture while new
// work runs, the guided path, the address, the line in the charts, and the lit parts of the diagram.
// Page.sign in page.py says what a value of the board is.

const glimpse = (() => {
  const pages = {}; // by tab: {settings, props, value, asked, heard, step}; and of live work: {lives, again}
  const LONGEST_WAIT = 20000; // ms
  let asks = 0;

  const within = (tab, selector) => document.querySelector("#" + tab + "-page " + selector);
  const byId = (id) => document.getElementById(id);
  const open = () => new URLSearchParams(location.search).get("tab") || "home";

  // -------------------------------------------------------------- what is shown

  const isShown = (conditions, name, values) =>
    [conditions[name] ?? {}].flat().some((all) =>
      Object.entries(all).every(([key, wanted]) => wanted.includes(values[key]) && isShown(conditions, key, values)),
    );

  // By a rule in a style sheet: Gradio may build an element later, or anew.
  function reveal(tab, values) {
    const { conditions, elements } = pages[tab].settings;
    const hidden = Object.keys(conditions).filter((name) => !isShown(conditions, name, values));
    let sheet = byId(tab + "-hidden");
    if (!sheet) {
      sheet = document.createElement("style");
      sheet.id = tab + "-hidden";
      document.head.append(sheet);
    }
    const rule = hidden.length ? hidden.map((name) => "#" + elements[name]).join(",") + "{display:none!important}" : "";
    if (sheet.textContent === rule) return;
    sheet.textContent = rule;
    window.dispatchEvent(new Event("resize")); // a chart that was hidden has no width yet
  }

  // -------------------------------------------------------------- before and after a result

  // Runs in the browser before a request: the old picture says of what it is, and the answer can be told from older ones.
  function before(tab, keys, given, extra = 0, live = null) {
    const page = pages[tab];
    const values = Object.fromEntries(keys.map((key, i) => [key, given[1 + extra + i]]));
    reveal(tab, values);
    page.asked = ++asks;
    page.again = null;
    if (live !== null) runs(tab, live);
    busy(tab, true);
    if (page.stepping) page.stepping = false;
    else leavePath(tab);
    const button = page.button ?? null;
    page.button = null;
    const goesOn = page.props?.value?.live ?? false; // what is on the stage was made live
    return [{ ask: page.asked, button, live: goesOn, opens: page.mode !== values.mode }, ...given.slice(1)];
  }

  // A pressed button is kept here until the event is sent: Gradio does not say who was clicked where a click had to wait.
  document.addEventListener(
    "click",
    (event) => {
      const id = event.target.closest?.("button")?.id;
      for (const [tab, page] of Object.entries(pages)) {
        if (page.settings?.presses.includes(id)) page.button = id;
        if (page.settings?.starts.includes(id) && stopping.underWay()) keep(event, tab, id);
      }
    },
    true,
  );

  // -------------------------------------------------------------- live work

  // Live work begins, for what was asked last.
  function runs(tab, live) {
    pages[tab].lives[live] = pages[tab].asked;
  }

  // It was stopped: what stands on the stage is no longer waiting for anything.
  function rest(tab) {
    pages[tab].again = null;
    busy(tab, false);
  }

  // It has no more to say. Where it was stopped, or something else asked for since, nobody waits for it.
  function ended(tab, live) {
    const page = pages[tab];
    if (!page.busySince || page.again || page.asked !== page.lives[live]) return;
    if (open() === tab) failed(tab);
    else rest(tab);
  }

  // A click on Run or New while work is still being stopped is kept, and made afterwards; see stopping.js.
  function keep(event, tab, id) {
    event.stopImmediatePropagation();
    pages[tab].again = id;
    busy(tab, true);
    stopping.afterwards(() => {
      if (pages[tab].again !== id) return;
      pages[tab].again = null;
      byId(id).click();
    });
  }

  // -------------------------------------------------------------- while it works

  // While it works, the line above the picture says of what the old one is, one's place in the queue, and how long it takes.
  function busy(tab, working) {
    const page = pages[tab];
    page.busySince = working ? (page.busySince ?? performance.now()) : null;
    const stage = byId(tab + "-stage");
    stage?.classList.toggle("busy", working);
    stage?.setAttribute("aria-busy", working);
    tell(tab);
  }

  function tell(tab) {
    const page = pages[tab];
    const stale = page.busySince || page.failed;
    const words = page.caption ? [(stale ? "Still shown: " : "") + page.caption] : [];
    if (page.busySince && performance.now() - page.busySince > 800) words.push(waiting(page.element));
    page.element.querySelector(".now").textContent = words.join(" – ");
  }

  // Gradio writes "queue: 2/3 | 1.4/6.0s" or "processing | 1.4s" into the board's own status, which is not shown.
  function waiting(element) {
    const text = element.closest(".board").querySelector(".progress-text")?.textContent ?? "";
    const [place] = text.match(/\d+(?=\/\d+ *\|)/) ?? [];
    const [, spent, whole] = text.match(/([\d.]+)\/([\d.]+)s/) ?? [];
    const left = whole ? Math.max(1, Math.round(whole - spent)) : 0;
    const about = left ? ", about " + left + (left === 1 ? " second" : " seconds") + " left" : "";
    return (place ? "waiting, number " + place + " in the queue" : "working") + about + " …";
  }

  setInterval(() => {
    for (const tab of Object.keys(pages)) if (pages[tab].busySince) tell(tab);
  }, 400);

  function note(tab, said) {
    document.querySelectorAll("#" + tab + "-page .at-control").forEach((old) => old.remove());
    const page = pages[tab];
    const own = page.element.querySelector(".note");
    own.hidden = true;
    if (!said) return;
    const place = said.at && byId(page.settings.elements[said.at]);
    if (!place?.offsetParent) {
      own.textContent = said.text;
      own.hidden = false;
      return;
    }
    const words = document.createElement("p");
    words.className = "note at-control";
    words.setAttribute("role", "status");
    if (place.offsetHeight > 200) place.prepend(words); // below a tall pad nobody would see it
    else place.append(words);
    words.textContent = said.text; // after it is in the page, so that it is read aloud
  }

  function hear(tab) {
    const page = pages[tab];
    const value = page.props.value;
    if (!value) return;
    if (value.ask && value.ask < page.asked) return; // something newer was asked for since
    reveal(tab, value.values);
    for (const [id, tip] of Object.entries(page.settings.tips)) byId(id)?.setAttribute("title", tip);
    const failed = value.said === undefined;
    if (!failed) {
      [page.caption, page.query, page.step, page.mode] = [value.caption, value.query, null, value.values.mode];
      say(page, value);
    }
    note(tab, value.note ?? (value.long ? { text: value.long } : null));
    settle(tab, failed);
    const stage = byId(tab + "-stage");
    if (stage) Object.assign(stage.dataset, { caption: page.caption ?? "", key: page.query ?? "" });
    if (!failed) follow(tab);
    document.querySelectorAll("#" + tab + "-page .chart").forEach((box) => widths.observe(box));
    // A table that is wider than a phone scrolls; so a keyboard must reach it. So do equations.
    document.querySelectorAll("#" + tab + "-page .wide-table").forEach((table) => (table.tabIndex = 0));
    reach("#" + tab + "-page");
    next(tab);
  }

  function reach(part) {
    document.querySelectorAll(part + " .katex-display").forEach((each) => {
      if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
      else each.removeAttribute("tabindex");
    });
  }
  window.addEventListener("resize", () => reach(".page"));

  // Live work has a sentence for every frame: only the one with which it rests is read aloud.
  function say(page, value) {
    const said = page.element.querySelector(".said");
    clearTimeout(page.aloud);
    said.setAttribute("aria-live", value.live ? "off" : "polite");
    said.textContent = value.said;
    if (value.live) page.aloud = setTimeout(() => say(page, { said: value.said }), 1500);
  }

  // The step of the path that was pressed meanwhile, once Gradio has taken this answer in.
  function next(tab) {
    setTimeout(() => {
      const { pressed, guide } = pages[tab];
      if (Number.isInteger(pressed)) guide.go(pressed);
    }, 50);
  }

  // A chart is drawn for the width of its box. When a second one comes beside it, the first has to be drawn anew.
  const widths = new ResizeObserver((boxes) => {
    const wide = (box, part) => box.querySelector(part)?.getBoundingClientRect().width ?? 0;
    const off = ({ target }) => Math.abs(wide(target, ".main-svg") - wide(target, ".js-plotly-plot")) > 1;
    if (boxes.some(off)) requestAnimationFrame(() => window.dispatchEvent(new Event("resize")));
  });

  // The work is over. Where it failed, the stage still shows what was there before.
  function settle(tab, failed) {
    const page = pages[tab];
    page.failed = failed;
    busy(tab, false);
    byId(tab + "-stage")?.classList.toggle("stale", failed && Boolean(page.caption));
  }

  // No answer came, as where the queue is full. What was asked for before may still come, and is shown then.
  function failed(tab) {
    Object.assign(pages[tab], { asked: 0, button: null });
    note(tab, { text: "No answer came, perhaps because too many people are waiting. Please try again." });
    settle(tab, true);
    next(tab);
  }

  function board({ element, props, watch }, settings) {
    const tab = settings.tab;
    pages[tab] = { ...pages[tab], element, props, settings, asked: 0, lives: {}, again: null };
    watch("value", () => hear(tab));
    hear(tab);
    requestAnimationFrame(() => hear(tab)); // the stage may be built after the board
  }

  // -------------------------------------------------------------- the guided path

  function path({ element, trigger }, { tab, steps }) {
    const find = (selector) => element.querySelector(selector);
    const [back, next, look] = [".back", ".next", ".look"].map(find);
    const buttons = [...element.querySelectorAll("[data-step]")];
    let current = -1;
    function at(step) {
      current = step;
      buttons.forEach((button, k) => {
        if (k === step) button.setAttribute("aria-current", "step");
        else button.removeAttribute("aria-current");
      });
      buttons.forEach((button, k) => button.parentElement.classList.toggle("narrow", k === Math.max(step, 0)));
      const [first, last] = [step <= 0, step >= steps.length - 1];
      if ((first && document.activeElement === back) || (last && document.activeElement === next)) {
        (buttons[step] ?? buttons[0]).focus(); // a button that is disabled would drop the keyboard's focus
      }
      [back.disabled, next.disabled] = [first, last];
      look.hidden = step < 0;
      look.textContent = step < 0 ? "" : steps[step].look;
    }
    // Steps are two events of Gradio's, whose answers may come in any order: the next one waits for the answer that is
    // under way, and of several that were pressed meanwhile the last one counts. An answer that never comes holds nobody.
    function go(step) {
      at(step);
      const page = pages[tab];
      if (page?.busySince && performance.now() - page.busySince < LONGEST_WAIT) return (page.pressed = step);
      if (page) page.pressed = null;
      page?.settings.stops.forEach((id) => byId(id)?.click()); // what the step before it started
      setTimeout(() => stopping.afterwards(() => step === current && begin(step)));
    }
    function begin(step) {
      const page = pages[tab];
      if (page) {
        page.stepping = true;
        busy(tab, true); // at once: `before` runs only when Gradio sends the event
      }
      trigger(steps[step].live ? "submit" : "select", { index: step });
    }
    at(-1);
    buttons.forEach((button, k) => button.addEventListener("click", () => go(k)));
    back.addEventListener("click", () => go(current - 1));
    next.addEventListener("click", () => go(current + 1));
    pages[tab] = { ...pages[tab], guide: { at, go } };
  }

  // Other controls than the step's: its sentence would be about something else.
  function leavePath(tab) {
    pages[tab].pressed = null;
    pages[tab].guide?.at(-1);
  }

  // -------------------------------------------------------------- the address

  function address(tab) {
    const page = pages[tab];
    const query = page?.query ?? "tab=" + tab;
    return location.pathname + "?" + query + (page?.step ? "&step=" + page.step : "");
  }

  let following = 0; // timer: a slider gives ten results a second, and Safari takes a hundred addresses in thirty
  function follow(tab) {
    if (open() !== tab) return;
    clearTimeout(following);
    following = setTimeout(() => {
      if (open() === tab) history.replaceState(null, "", address(tab));
    }, 200);
  }

  // While a link is being restored the first tab opens for a moment: the address must not follow it.
  const link = location.search.slice(1);
  let restoring = link !== "";
  let arrive = null; // asks the server for what the link says, where its tab can show it
  const restore = () => (restoring ? arrive() : undefined);
  function restored() {
    restoring = false;
    requestAnimationFrame(centre);
  }

  // Where the bar of tabs is wider than the screen, the open one stands in its middle, with neighbours in view.
  function centre() {
    const bar = document.querySelector("#tabs [role=tablist]");
    const button = bar.querySelector("[aria-selected=true]");
    bar.scrollLeft = button.offsetLeft - (bar.clientWidth - button.offsetWidth) / 2;
  }

  function opened(tab) {
    requestAnimationFrame(centre);
    for (const other of Object.keys(pages)) if (other !== tab) pages[other].again = null;
    if (restoring) return;
    if (open() !== tab) history.pushState(null, "", tab === "home" ? location.pathname : address(tab));
  }

  function header({ trigger }, tabs) {
    const tab = new URLSearchParams(link).get("tab");
    arrive = () => (tabs.includes(tab) ? trigger(tab, { query: link }) : restored());
    window.addEventListener("popstate", () => trigger("select", { tab: open() }));
  }

  async function copyLink(button) {
    const tab = button.dataset.link;
    const [field, said] = [button.parentElement.querySelector("input"), button.parentElement.querySelector("[role=status]")];
    const link = location.origin + address(tab);
    field.hidden = true;
    try {
      await navigator.clipboard.writeText(link); // undefined over plain HTTP, refused in a frame
      said.textContent = pages[tab]?.props.value?.long ? "Copied, without the drawing: it is too long" : "Copied";
    } catch {
      field.hidden = false;
      field.value = link;
      field.focus();
      field.select();
      said.textContent = "Copy the link from this field";
    }
  }

  // -------------------------------------------------------------- charts that follow the film

  const chartsOf = (page) => [...page.querySelectorAll(".chart .js-plotly-plot")];

  function mark(plot, index) {
    const steps = plot.layout?.meta?.steps;
    const axis = plot._fullLayout?.xaxis;
    let line = plot.querySelector(":scope > .film-line");
    if (!steps || !axis || steps[index] === undefined) return line?.remove();
    if (!line) {
      line = document.createElement("div");
      line.className = "film-line";
      plot.append(line);
      plot.style.position = "relative";
    }
    const { _offset, l2p } = { _offset: axis._offset, l2p: (x) => axis.l2p(axis.d2l ? axis.d2l(x) : x) };
    const y = plot._fullLayout.yaxis;
    Object.assign(line.style, { left: _offset + l2p(steps[index]) + "px", top: y._offset + "px", height: y._length + "px" });
  }

  function go(plot, event) {
    const steps = plot.layout?.meta?.steps;
    const axis = plot._fullLayout?.xaxis;
    if (!steps || !axis) return;
    const x = event.clientX - plot.getBoundingClientRect().left - axis._offset;
    if (x < -6 || x > axis._length + 6) return;
    const distance = (value) => Math.abs(axis.l2p(axis.d2l ? axis.d2l(value) : value) - x);
    const nearest = steps.reduce((best, value, k) => (distance(value) < distance(steps[best]) ? k : best), 0);
    const tab = plot.closest(".page").id.replace(/-page$/, "");
    within(tab, ".stage .strip")?.dispatchEvent(new CustomEvent("glimpse-go", { detail: { index: nearest } }));
  }

  function light(page, index, lit) {
    page.querySelectorAll(".diagram [data-part]").forEach((part) => {
      const strength = lit?.[part.dataset.part]?.[index] ?? 0;
      part.style.setProperty("--lit", strength);
      part.classList.toggle("lit", strength > 0.05);
    });
  }

  document.addEventListener("glimpse-frame", (event) => {
    const page = event.target.closest(".page");
    if (!page || !event.target.closest(".stage")) return;
    const { index, lit } = event.detail;
    chartsOf(page).forEach((plot) => mark(plot, index));
    light(page, index, lit);
    page.dataset.frame = index;
  });

  // A chart is drawn after its film began, and anew with another result: then it gets its line again.
  const drawn = new MutationObserver((changes) => {
    const plots = new Set(changes.map(({ target }) => target.closest?.(".chart .js-plotly-plot")).filter(Boolean));
    for (const plot of plots) requestAnimationFrame(() => mark(plot, Number(plot.closest(".page")?.dataset.frame ?? 0)));
  });
  drawn.observe(document.documentElement, { childList: true, subtree: true });

  // A slider that is put back, or whose number is brought within bounds, says so to nobody but itself.
  const asIfMoved = (from) =>
    setTimeout(() => {
      const slider = from.closest(".block")?.querySelector("input[type=range]");
      slider?.dispatchEvent(new Event("input", { bubbles: true }));
    }, 50);
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.(".side .reset-button");
    if (button) asIfMoved(button);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target.matches?.(".side input[type=number]") && (target.value === "" || !target.validity.valid)) asIfMoved(target);
  });

  // The film rests: a link may hold this step.
  document.addEventListener("glimpse-rest", (event) => {
    const page = event.target.closest(".page");
    if (!page || !event.target.closest(".stage")) return;
    const tab = page.id.replace(/-page$/, "");
    if (!pages[tab]) return;
    pages[tab].step = event.detail.index + 1;
    follow(tab);
  });

  // -------------------------------------------------------------- pictures that move when their tab is opened, once

  const BEAT = 110; // ms a frame
  async function play(canvas) {
    const { frames, width, height, columns, film } = canvas.dataset;
    const image = new Image();
    image.src = film;
    await image.decode();
    [canvas.width, canvas.height, canvas.hidden] = [width, height, false];
    const began = performance.now();
    (function paint(now) {
      const k = Math.min(Math.max(0, Math.floor((now - began) / BEAT)), frames - 1);
      const [x, y] = [(k % columns) * width, Math.floor(k / columns) * height];
      canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
      canvas.dataset.frame = k;
      if (k < frames - 1 && canvas.isConnected && canvas.offsetParent) requestAnimationFrame(paint);
    })(began);
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) play(target);
  });
  const found = new WeakSet();
  new MutationObserver(() => {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const canvas of document.querySelectorAll(".home-moving")) {
      if (found.has(canvas)) continue;
      found.add(canvas);
      canvas.hidden = false; // it has a place to be seen in
      seen.observe(canvas);
      canvas.parentElement.addEventListener("pointerenter", () => play(canvas));
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("click", (event) => {
    const { target } = event;
    const button = target.closest?.("[data-link], [data-chart]");
    if (button?.dataset.link) copyLink(button);
    else if (button?.dataset.chart) saveChart(button.dataset, pages);
    const plot = target.closest?.(".chart .js-plotly-plot");
    if (plot) go(plot, event);
  });

  return { before, board, ended, failed, rest, runs, path, header, opened, restore, restored };
})();
window.glimpse = glimpse;
