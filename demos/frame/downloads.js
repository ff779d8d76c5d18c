// A chart as a file: its picture as SVG, with what it is of below it, or its numbers as CSV.
const saveChart = (() => {
  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function svgOf(plot, of) {
    const [width, high] = [plot.clientWidth, plot.clientHeight];
    const lines = []; // what it is of, below it, in as many lines as it takes
    for (const part of of.split(" · ")) {
      const longer = lines.length ? lines.at(-1) + " · " + part : part;
      if (lines.length && longer.length * 6.5 < width - 16) lines[lines.length - 1] = longer;
      else lines.push(part);
    }
    const height = high + 10 + 16 * lines.length;
    const whole = document.createElementNS("http://www.w3.org/2000/svg", "svg"); // on white, with words that can be read there
    whole.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    whole.setAttribute("viewBox", "0 0 " + width + " " + height);
    whole.setAttribute("width", width);
    whole.setAttribute("height", height);
    const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    Object.entries({ width, height, fill: "#ffffff" }).forEach((pair) => ground.setAttribute(...pair));
    whole.append(ground);
    plot.querySelectorAll(".main-svg").forEach((layer) => {
      const copy = layer.cloneNode(true);
      copy.querySelectorAll(".hoverlayer, .dragcover").forEach((node) => node.remove());
      copy.querySelectorAll("text").forEach((text) => (text.style.fill = "#3b352d"));
      copy.removeAttribute("style");
      whole.append(copy);
    });
    lines.forEach((line, i) => {
      const words = document.createElementNS("http://www.w3.org/2000/svg", "text");
      const look = { x: 8, y: high + 16 * (i + 1), fill: "#3b352d", "font-size": 12, "font-family": "sans-serif" };
      Object.entries(look).forEach((pair) => words.setAttribute(...pair));
      words.textContent = line;
      whole.append(words);
    });
    return new XMLSerializer().serializeToString(whole);
  }

  const cell = (value) => (/[",\n]/.test(value ?? "") ? '"' + String(value).replaceAll('"', '""') + '"' : (value ?? ""));

  // Words in a chart are written as HTML; a file has them as they are read.
  const plain = (text) => (typeof text === "string" ? new DOMParser().parseFromString(text, "text/html").body.textContent : text);

  function csvOf(plot) {
    const [x, y] = ["xaxis", "yaxis"].map((axis) => plot.layout?.[axis]?.title?.text || axis[0]);
    const traces = plot._fullData ?? [];
    const sheet = traces.some(({ z }) => z); // a value for each pair of x and y
    const rows = [sheet ? ["series", x, y, "value"] : ["series", x, y]];
    const named = (axis, value) => {
      const { tickvals = [], ticktext = [] } = plot._fullLayout?.[axis] ?? {};
      return plain(ticktext[tickvals.indexOf(value)] ?? value);
    };
    const point = (trace, xValue, yValue) => [trace.name, named("xaxis", xValue), named("yaxis", yValue)];
    for (const trace of traces) {
      if (trace.z) trace.z.forEach((line, i) => line.forEach((value, k) => rows.push([...point(trace, trace.x?.[k] ?? k, trace.y?.[i] ?? i), value])));
      else trace.x?.forEach((value, k) => rows.push(point(trace, value, trace.y[k]).concat(sheet ? [""] : [])));
    }
    return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
  }

  function saveChart({ chart, as }, pages) {
    const plot = document.querySelector("#" + chart + " .js-plotly-plot");
    if (!plot) return;
    const tab = plot.closest(".page").id.replace(/-page$/, "");
    const { name: of = "glimpse-" + tab, caption = "" } = pages[tab]?.props.value ?? {};
    const name = of + "-" + chart.replace(tab + "-", "") + "." + as;
    if (as === "svg") save(new Blob([svgOf(plot, caption)], { type: "image/svg+xml" }), name);
    else save(new Blob([csvOf(plot)], { type: "text/csv" }), name);
  }

  return saveChart;
})();
