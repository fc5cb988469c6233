// The container of a JupyterLab extension, written by hand: JupyterLab's loader asks for
// `window._JUPYTERLAB[name]` with `init(shared scope)` and `get(module)`. What the extension needs of
// JupyterLab comes from that scope, so that there is nothing to build and nothing twice in a page.
"use strict";
(() => {
  const here = document.currentScript.src;
  const version = new URL(here).search;
  const needed = {
    application: "@jupyterlab/application",
    apputils: "@jupyterlab/apputils",
    coreutils: "@jupyterlab/coreutils",
    notebook: "@jupyterlab/notebook",
    rendermime: "@jupyterlab/rendermime",
    statusbar: "@jupyterlab/statusbar",
    translation: "@jupyterlab/translation",
    icons: "@jupyterlab/ui-components",
    widgets: "@lumino/widgets",
  };
  let scope = {};

  const shared = async (name) => {
    const versions = Object.values(scope[name] || {});
    const chosen = versions.find((one) => one.loaded) || versions[0];
    if (!chosen) throw new Error(`JupyterLab shares no ${name}`);
    return (await chosen.get())();
  };
  const part = (name) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(`${name}.js${version}`, here).href;
      script.async = false; // in the order asked for: parts use what those before them define
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${name}.js was not found`));
      document.head.append(script);
    });
  const sheet = () => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`datalab.css${version}`, here).href;
    document.head.append(link);
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.datalab = {
    init: (given) => {
      scope = given;
    },
    get: async () => {
      const lab = { parts: {} };
      window._DATALAB = lab;
      const [modules] = await Promise.all([
        Promise.all(Object.values(needed).map(shared)),
        ...["words", "comments", "connection", "idle", "memory", "saved", "drawings", "workers", "plugin"].map(part),
      ]);
      delete window._DATALAB;
      Object.keys(needed).forEach((name, place) => {
        lab[name] = modules[place];
      });
      sheet();
      return () => ({ __esModule: true, default: lab.parts.plugins(lab) });
    },
  };
})();
