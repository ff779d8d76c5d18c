// What Gradio leaves open between a click on Stop and the server's answer to it. In that time it drops a click that
// starts the same work again, or loses track of what it started; and where the work has no id yet, for the server has
// not answered the click that began it, it asks the server to stop nothing.

const stopping = (() => {
  const ask = window.fetch;
  const joined = {}; // by Gradio's number of an event: the promise of the id of what it asked for last
  let open = 0; // requests to stop that wait for their answer
  let waiting = []; // what is to be done then

  window.fetch = (input, init) => {
    const [, call] = String(input?.url ?? input).match(/\/(queue\/join|cancel|reset)(?:\?|$)/) ?? [];
    if (call === "queue/join") return join(input, init);
    return call ? stop(call, input, init) : ask(input, init);
  };

  function join(input, init) {
    const answer = ask(input, init);
    const [, number] = String(init?.body).match(/"fn_index":(\d+)/) ?? []; // in what a visitor wrote, quotes are escaped
    joined[number] = answer.then((reply) => reply.clone().json()).then((found) => found.event_id, () => null);
    return answer;
  }

  async function stop(call, input, init) {
    open += 1;
    try {
      const asked = JSON.parse(init.body);
      asked.event_id ??= await joined[asked.fn_index];
      return await (asked.event_id ? ask(input, { ...init, body: JSON.stringify(asked) }) : new Response("{}"));
    } finally {
      setTimeout(answered, 50); // ms, in which Gradio takes it in
    }
  }

  function answered() {
    open -= 1;
    if (open) return;
    const now = waiting;
    waiting = [];
    now.forEach((act) => act());
  }

  const underWay = () => open > 0;
  const afterwards = (act) => (underWay() ? waiting.push(act) : act());
  return { underWay, afterwards };
})();
