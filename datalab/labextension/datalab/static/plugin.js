// The plugins: the way back, what is saved, comments, servers that end, memory.
"use strict";
(() => {
  const { parts } = window._DATALAB;

  parts.plugins = (lab) => {
    const { IConnectionLost } = lab.application;
    const { INotebookTracker } = lab.notebook;
    const { ITranslator } = lab.translation;
    const { IStatusBar } = lab.statusbar;
    const languageOf = (translator) =>
      (translator && translator.languageCode) || document.documentElement.lang || "fr";

    const link = (address, words) =>
      parts.make("a", { href: address, class: "datalab-link" }, words);

    return [
      {
        id: "datalab:drawings",
        description: "Maps and charts of the lab in notebooks that several people write.",
        autoStart: true,
        requires: [lab.rendermime.IRenderMimeRegistry],
        activate: (app, registry) => parts.drawings(lab, registry),
      },
      {
        id: "datalab:connection",
        description: "Says that the server does not answer, without a dialog.",
        autoStart: true,
        provides: IConnectionLost,
        optional: [ITranslator],
        activate: (app, translator) => {
          const place = parts.place(lab);
          return parts.connection(lab, place, parts.words(place, languageOf(translator)));
        },
      },
      {
        id: "datalab:lab",
        description: "The data lab in JupyterLab.",
        autoStart: true,
        requires: [INotebookTracker],
        optional: [ITranslator, IStatusBar],
        activate: async (app, tracker, translator, status) => {
          const place = parts.place(lab);
          const pass = place.project ? parts.pass(place.project) : null;
          const say = await parts.words(place, languageOf(translator));
          const apart = (name, begin) => {
            try {
              begin();
            } catch (error) {
              console.error(`datalab: ${name} could not begin`, error);
            }
          };
          // On a phone the list of files would leave no room for the notebook.
          app.restored.then(() => window.innerWidth < 700 && app.shell.collapseLeft && app.shell.collapseLeft());
          apart("idle", () => parts.idle(lab, place, say));
          if (status) apart("memory", () => parts.memory(lab, place, say, status, tracker));
          apart("workers", () => parts.workers(lab, app, place, say));
          const top = new lab.widgets.Widget({ node: parts.make("nav", { "aria-label": say("Data lab") }) });
          top.id = "datalab-top";
          app.shell.add(top, "top", { rank: 900 });
          if (place.project) {
            const back = link(`${place.about}/`, say("Project: {title}", { title: place.project }));
            const publish = link(`${place.about}/publications`, say("Publish…"));
            const follow = () => {
              const current = tracker.currentWidget;
              const path = current && app.serviceManager.contents.localPath(current.context.path);
              publish.href = `${place.about}/publications${path ? `?notebook=${encodeURIComponent(path)}` : ""}`;
            };
            tracker.currentChanged.connect(follow);
            follow();
            top.node.append(back, publish);
            apart("saved", () => parts.saved(app, tracker, say, top.node));
            const named = (title) => {
              back.textContent = say("Project: {title}", { title });
            };
            apart("comments", () => parts.comments(lab, app, tracker, place, say, pass, named));
          } else {
            top.node.append(link(`${place.portal}/`, say("Data lab")));
          }
        },
      },
    ];
  };
})();
