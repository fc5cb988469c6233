// What readers of the guided view say about the cells, beside the notebook, live.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const { make } = parts;
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-7l-5 5v-5H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm3 5v2h10V8zm0 4v2h7v-2z"/></svg>';

  // The portal gives a pass for the comments of one project in the address; it is kept by this tab.
  parts.pass = (project) => {
    const key = `datalab-pass-${project}`;
    const found = location.hash.match(/datalab-pass=([0-9a-f]{64})/);
    if (found) {
      sessionStorage.setItem(key, found[1]);
      history.replaceState(history.state, "", location.pathname + location.search);
    }
    return sessionStorage.getItem(key);
  };

  parts.comments = (lab, app, tracker, place, say, pass, title) => {
    const { Notification } = lab.apputils;
    const body = make("div", { class: "datalab-comments" });
    const panel = new lab.widgets.Widget({ node: make("div", {}, body) });
    panel.id = "datalab-comments";
    panel.title.caption = say("Comments");
    panel.title.icon = new lab.icons.LabIcon({ name: "datalab:comments", svgstr: ICON });
    panel.node.setAttribute("role", "region");
    panel.node.setAttribute("aria-label", say("Comments"));
    app.shell.add(panel, "right", { rank: 650 });

    let notebook = null;
    let told = null;
    let source = null;
    let refused = !pass;

    const path = (widget) => widget && app.serviceManager.contents.localPath(widget.context.path);
    const ask = async (address, options = {}) => {
      const headers = { "X-Datalab-Token": pass, ...options.headers };
      const answer = await fetch(address, { ...options, headers });
      if (answer.status === 401 || answer.status === 403) {
        refused = true;
        draw();
      }
      const document = await answer.json().catch(() => null);
      if (!answer.ok) throw new Error((document && document.error && document.error.message) || "");
      return document;
    };
    const load = async () => {
      if (!notebook || refused) return;
      const asked = notebook;
      const found = await ask(`${place.about}/comments.json?notebook=${encodeURIComponent(asked)}`);
      if (asked !== notebook) return;
      announce(told, found);
      told = found;
      if (found.project) title(found.project);
      draw();
    };
    const announce = (before, after) => {
      if (!before) return;
      const known = new Set(before.notes.map((note) => note.id));
      for (const note of after.notes) {
        if (known.has(note.id) || note.mine || note.deleted) continue;
        const text = note.text.length > 80 ? `${note.text.slice(0, 80)}…` : note.text;
        Notification.info(say("{author}: {text}", { author: note.author, text }), {
          autoClose: 10000,
          actions: [{ label: say("See"), callback: () => show(note) }],
        });
      }
    };
    const send = async (fields) => {
      told = await ask(`${place.about}/comments.json`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ notebook, ...fields }),
      });
      draw();
    };
    const listen = () => {
      if (source) source.close();
      source = null;
      if (!notebook || refused) return;
      const about = `notebook=${encodeURIComponent(notebook)}&_token=${pass}`;
      source = new EventSource(`${place.about}/comments/stream?${about}`);
      const mine = source;
      source.addEventListener("changed", () => load().catch(() => null));
      source.addEventListener("gone", () => {
        refused = true;
        mine.close();
        draw();
      });
      source.onopen = () => load().catch(() => null); // what was said while it was cut
      source.onerror = () => {
        if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && listen(), 15000);
      };
    };

    // -- cells ------------------------------------------------------------------------------

    const cells = () => {
      const current = tracker.currentWidget;
      // While a notebook is being filled, some of its cells have no content yet.
      return current && current.content.widgets ? current.content.widgets.filter((cell) => cell.model) : [];
    };
    const order = () => {
      const model = tracker.currentWidget && tracker.currentWidget.content.model;
      return new Map(Array.from(model ? model.cells : [], (cell, index) => [cell.id, index + 1]));
    };
    // A shared notebook arrives after its comments: which cell one is about is known only then.
    let drawn = "";
    const renumber = () => {
      const now = [...order().keys()].join();
      if (now === drawn) return;
      drawn = now;
      draw();
    };
    const show = (note) => {
      app.shell.activateById(panel.id);
      const current = tracker.currentWidget;
      const index = cells().findIndex((cell) => cell.model.id === note.cell);
      if (index < 0) return; // the cell is gone
      current.content.activeCellIndex = index;
      current.content.scrollToItem(index, "smart").catch(() => null);
      const node = cells()[index].node;
      node.classList.add("datalab-pointed");
      setTimeout(() => node.classList.remove("datalab-pointed"), 2500);
    };
    const mark = () => {
      const open = new Set((told ? told.notes : []).filter((n) => !n.parent && n.state === "open").map((n) => n.cell));
      for (const cell of cells()) cell.node.classList.toggle("datalab-asked", open.has(cell.model.id));
    };

    // -- the panel --------------------------------------------------------------------------

    const form = (words, button, fields) => {
      const area = make("textarea", { class: "jp-mod-styled", rows: 3, maxlength: 2000, "aria-label": words, placeholder: words });
      const wrong = make("p", { class: "datalab-wrong", role: "alert" });
      const sending = async (event) => {
        event.preventDefault();
        if (!area.value.trim()) return area.focus();
        try {
          const extra = typeof fields === "function" ? fields() : fields;
          const text = area.value;
          area.value = "";
          await send({ action: "add", text, ...extra }).catch((error) => {
            area.value = text;
            throw error;
          });
        } catch (error) {
          wrong.textContent = error.message || say("The portal did not answer. Try again in a moment.");
        }
        return undefined;
      };
      // JupyterLab's shortcuts end at the panel: letters typed here are letters.
      return make("form", { onsubmit: sending, onkeydown: (event) => event.stopPropagation() }, area, wrong,
        make("button", { class: "jp-Button jp-mod-styled jp-mod-accept" }, button));
    };
    const noteOf = (note) =>
      make("div", { class: note.parent ? "datalab-note datalab-answer" : "datalab-note" },
        make("p", { class: "datalab-who" }, make("b", {}, note.author), " ",
          make("time", { datetime: note.at }, new Date(note.at).toLocaleString(say.language, { dateStyle: "short", timeStyle: "short", timeZone: "Europe/Paris" }))),
        make("p", { class: "datalab-words" }, note.deleted ? say("This comment was deleted.") : note.text));
    const threadOf = (note, answers, number) => {
      const where = number ? say("Cell {number}", { number }) : say("A cell that is gone");
      const states = { open: "waiting for an answer", answered: "answered", resolved: "resolved" };
      const next = note.state === "resolved" ? "open" : "resolved";
      return make("li", { class: `datalab-thread datalab-${note.state}` },
        make("p", { class: "datalab-where" },
          number ? make("button", { class: "jp-Button jp-mod-styled jp-mod-minimal", onclick: () => show(note) }, where) : where,
          make("span", { class: "datalab-state" }, say(states[note.state]))),
        noteOf(note), ...answers.map(noteOf),
        form(say("Your answer"), say("Answer"), { parent: note.id, cell: note.cell }),
        told.may_mark && make("button", { class: "jp-Button jp-mod-styled jp-mod-minimal", onclick: () => send({ action: "mark", comment: note.id, state: next }).catch(() => null) },
          next === "open" ? say("Reopen") : say("Mark as resolved")));
    };
    const draw = () => {
      const many = told && notebook && !refused ? told.notes.filter((n) => !n.parent && n.state === "open" && !n.deleted).length : 0;
      panel.title.label = many ? String(many) : "";
      panel.title.className = many ? "datalab-badge" : "";
      panel.title.caption = many ? say("Comments waiting for an answer: {count}", { count: many }) : say("Comments");
      mark();
      // What somebody is writing right now is not taken from under their hands.
      const writing = [...body.querySelectorAll("textarea")].find((area) => area.value);
      if (writing && !refused) return void (body.dataset.late = "1");
      delete body.dataset.late;
      body.replaceChildren(...content());
      return undefined;
    };
    const content = () => {
      const heading = make("h2", {}, say("Comments"));
      if (refused) {
        const address = `${place.about}/comments/enter${notebook ? `?notebook=${encodeURIComponent(notebook)}` : ""}`;
        return [heading, make("p", {}, say("Sign in to the portal to read and answer comments.")), make("p", {}, make("a", { href: address }, say("Show the comments")))];
      }
      if (!notebook || !told) return [heading, make("p", {}, say("Open a notebook to see what its readers say."))];
      const places = order();
      const firsts = told.notes.filter((note) => !note.parent);
      firsts.sort((a, b) => (places.get(a.cell) || 1e6) - (places.get(b.cell) || 1e6) || a.at.localeCompare(b.at));
      const list = firsts.map((note) => threadOf(note, told.notes.filter((n) => n.parent === note.id && !n.deleted), places.get(note.cell)));
      const active = () => {
        const cell = tracker.activeCell;
        return { cell: cell ? cell.model.id : "" };
      };
      return [heading,
        list.length ? make("ol", { class: "datalab-threads" }, ...list) : make("p", {}, say("Nobody has said anything about this notebook yet.")),
        make("h3", {}, say("About the selected cell")), form(say("Your comment"), say("Send the comment"), active)];
    };
    body.addEventListener("focusout", () => setTimeout(() => body.dataset.late && draw(), 200));

    // -- the notebook in front --------------------------------------------------------------

    const follow = () => {
      const found = path(tracker.currentWidget) || null;
      if (found === notebook) return;
      notebook = found;
      told = null;
      if (notebook) tracker.currentWidget.content.modelContentChanged.connect(renumber);
      draw();
      listen();
    };
    tracker.currentChanged.connect(follow);
    tracker.activeCellChanged.connect(mark);
    follow();
    draw();
  };
})();
