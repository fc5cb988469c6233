// What kernels and server use of their memory, in the status bar.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const EVERY = 10000; // ms

  parts.amount = (bytes, say) => {
    const large = bytes >= 1e9;
    const digits = { maximumFractionDigits: large ? 1 : 0 };
    const number = (bytes / (large ? 1e9 : 1e6)).toLocaleString(say.language, digits);
    return `${number}\u00a0${large ? say("GB") : say("MB")}`;
  };

  parts.memory = (lab, place, say, status, tracker) => {
    const text = parts.make("span", { class: "jp-StatusBar-TextItem datalab-memory" });
    const item = new lab.widgets.Widget({ node: parts.make("div", {}, text) });
    item.addClass("jp-mod-highlighted");
    status.registerStatusItem("datalab:memory", { item, align: "left", rank: 99 });

    const amount = (bytes) => parts.amount(bytes, say);
    const look = async () => {
      if (!document.hidden) {
        try {
          const told = await parts.ask(place, "memory");
          const current = tracker.currentWidget;
          const kernel = current && current.sessionContext.session && current.sessionContext.session.kernel;
          const own = kernel && told.kernels[kernel.id];
          const used = told.limit
            ? say("Memory: {used} of {limit}", { used: amount(told.used), limit: amount(told.limit) })
            : say("Memory: {used}", { used: amount(told.used) });
          text.textContent = own ? `${used} · ${say("this kernel: {used}", { used: amount(own) })}` : used;
          text.title = say("Kernels: {count}. Closing a notebook's kernel gives its memory back.", {
            count: Object.keys(told.kernels).length,
          });
          text.classList.toggle("datalab-tight", Boolean(told.limit) && told.used > 0.8 * told.limit);
        } catch {
          text.textContent = "";
        }
      }
      setTimeout(look, EVERY);
    };
    look();
  };
})();
