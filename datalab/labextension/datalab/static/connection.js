// The server does not answer: said beside what somebody types, never in a dialog that takes the keys
// from them. JupyterLab's own does that, and its notices are loaded from the server that is gone.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const EVERY = 5000; // ms
  // What JupyterLab's errors, and the browsers', say where no answer came; never translated.
  const AWAY = /Invalid response: 50[234]|Failed to fetch|NetworkError|Load failed/;

  // What JupyterLab calls each time that it misses its server.
  parts.connection = (lab, place, words) => {
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
    const missed = async () => {
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
    // An error dialog that says no more than that is told by the notice. It is made here and attached
    // some moments later: between the two it can be taken back, and no key ever goes to it.
    lab.apputils.Dialog.tracker.widgetAdded.connect((_, dialog) => {
      if (!AWAY.test(dialog.node.textContent)) return;
      queueMicrotask(() => dialog.reject());
      missed();
    });
    return missed;
  };
})();
