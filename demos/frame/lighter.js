// What Gradio's page does more often than it has to, for each of hundreds of parts. The files are Gradio's own, see look.py:
// where it names or does things in another way, nothing is changed, and the page is only slower.
const use = (file, change = () => {}) => file && import(file).then(change).catch(() => {});
const having = (module, method) => Object.values(module).find((each) => each?.prototype?.[method]).prototype;

// An event's status goes to those parts that show it. Gradio sends it to whatever has ever been the input of an event: at
// each frame of a race it looked up dozens of controls and copied what they hold, more of them with every opened tab.
use("STATUSES", (module) => {
  const statuses = having(module, "resolve_args");
  const all = statuses.resolve_args;
  statuses.resolve_args = function (status) {
    return all.call(this, status).filter(({ type }) => type === "output");
  };
});

// Which events a part has to report. Gradio goes through all targets of all events for each part, twice.
use("TREE", (module) => {
  const known = new WeakMap(); // from the page's events to those of each part
  having(module, "find_attached_events").find_attached_events = function (part, events) {
    if (!known.has(events)) {
      const of = {};
      for (const { targets } of events)
        for (const [id, name] of new Map([...targets].reverse())) (of[id] ??= []).push(name); // of two the first
      known.set(events, of);
    }
    part.props.shared_props.attached_events = (known.get(events)[part.id] ?? []).filter(Boolean);
    return part;
  };
});

// Plotly has 4.6 MB, and would hold up a tab's film while the first chart is drawn: it is loaded when nothing else is to do.
setTimeout(() => (window.requestIdleCallback ?? setTimeout)(() => use("PLOTLY")), 1500);
