// The server does not answer: said beside what somebody types, never in a dialog that takes the keys
// from them. JupyterLab's own does that, and its notices are loaded from the server that is gone.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const EVERY = 5000; // ms

  // What JupyterLab calls each time that it misses its server.
  parts.connection = (place, words) => {
    const box = parts.make("div", { class: "datalab-gone", role: "status" });
    document.body.append(box); // there before its words: readers of a screen hear what changes
    let missing = false;

    const look = async () => {
      try {
        await parts.ask(place, "memory");
        missing = false;
        box.replaceChildren();
      } catch {
        setTimeout(look, EVERY);
      }
    };
    return async () => {
      if (missing) return;
      missing = true;
      setTimeout(look, EVERY);
      const say = await words;
      const text = say(
        "The server does not answer: it was stopped, or the network is away. What you type stays in this page.",
      );
      const again = { href: place.again, target: "_blank", rel: "noopener" };
      if (missing) box.replaceChildren(parts.make("span", {}, text), parts.make("a", again, say("Start it again")));
    };
  };
})();
