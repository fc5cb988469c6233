// What the workers of this server's notebooks do: a panel at the right, as their beacons tell.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const { make } = parts;
  const SEEN = 3000; // ms between two looks while the panel is open
  const HIDDEN = 20000;
  const EXAMPLE = [
    "with lab.cluster() as cluster:",
    "    jobs = cluster.client.map(model, households)",
    "    results = cluster.client.gather(jobs)",
  ].join("\n");
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M4 4h7v7H4zm9 0h7v7h-7zM4 13h7v7H4zm9 0h7v7h-7z"/></svg>';

  parts.workers = (lab, app, place, say) => {
    const body = make("div", { class: "datalab-workers" });
    const panel = new lab.widgets.Widget({ node: make("div", {}, body) });
    panel.id = "datalab-workers";
    panel.title.caption = say("Workers");
    panel.title.icon = new lab.icons.LabIcon({ name: "datalab:workers", svgstr: ICON });
    panel.node.setAttribute("role", "region");
    panel.node.setAttribute("aria-label", say("Workers"));
    app.shell.add(panel, "right", { rank: 660 });
    let drawn = "";
    let waiting = null;

    const count = (number, digits = 0) =>
      number.toLocaleString(say.language, { maximumFractionDigits: digits });
    const row = (name, ...value) => [make("dt", {}, name), make("dd", {}, ...value)];

    const card = (told) => {
      const { waiting: left, running, done, failed } = told.tasks;
      const all = left + running + done + failed;
      const name = told.notebook.split("/").pop() || say("A notebook that was closed");
      const where =
        told.where === "gateway" ? say("on the lab's compute service") : say("within this notebook's limits");
      const coming = told.workers < told.asked ? "Workers: {count} of {asked}, more are coming" : "Workers: {count}";
      const progress = make("progress", { max: Math.max(all, 1), value: done, "aria-label": say("Tasks done") });
      return make(
        "section",
        { class: "datalab-cluster" },
        make("h3", {}, name),
        make("p", {}, `${say(coming, { count: count(told.workers), asked: count(told.asked) })} · ${where}`),
        all ? progress : make("p", {}, say("No task waits.")),
        make(
          "dl",
          {},
          ...(all
            ? [
                ...row(say("Tasks done"), say("{done} of {all}", { done: count(done), all: count(all) })),
                ...row(say("Tasks under way"), count(running)),
              ]
            : []),
          ...(failed ? row(say("Tasks that failed"), make("span", { class: "datalab-tight" }, count(failed))) : []),
          ...row(
            say("Memory of the workers"),
            say("{used} of {limit}", { used: parts.amount(told.used, say), limit: parts.amount(told.limit, say) }),
          ),
          ...row(say("Used until now"), say("{hours} processor-hours", { hours: count(told.hours, 3) })),
        ),
      );
    };
    const draw = (clusters) => {
      const now = JSON.stringify(clusters);
      if (now === drawn) return;
      drawn = now;
      body.replaceChildren(
        make("h2", {}, say("Workers")),
        ...(clusters.length
          ? clusters.map(card)
          : [
              make("p", {}, say("No notebook of this server has workers.")),
              make("p", {}, say("Python that is repeated, per household or per scenario, goes quicker with some:")),
              make("pre", { tabindex: "0" }, make("code", {}, EXAMPLE)),
            ]),
      );
      panel.title.label = clusters.length ? count(clusters.reduce((sum, one) => sum + one.workers, 0)) : "";
      panel.title.className = clusters.length ? "datalab-count" : "";
    };
    const look = async () => {
      clearTimeout(waiting);
      if (!document.hidden) {
        const told = await parts.ask(place, "workers").catch(() => null);
        if (told) draw(told.clusters);
      }
      clearTimeout(waiting);
      waiting = setTimeout(look, panel.isVisible ? SEEN : HIDDEN);
    };
    panel.onAfterShow = () => look();
    look();
  };
})();
