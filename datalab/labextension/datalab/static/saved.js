// What of the notebook in front is safe: on the server's disk, on its way, or in this page only.
//
// After what somebody typed, the page asks on the very websocket that carried it; the server
// answers once everything before the question is on disk (datalab/live/notes.py). Nothing is asked
// while nobody types.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const RAW = 2;
  const PAUSE = 400; // ms from a change to the question
  const BLINK = 1500; // ms that a connection may be away before it is worth a word
  const PATIENCE = 8000; // ms that an answer may take
  const TURNED_AWAY = 1003;

  const sent = (note) => {
    const text = new TextEncoder().encode(JSON.stringify(note)); // below 128 bytes: its length is one
    return new Uint8Array([RAW, text.length, ...text]);
  };
  const read = (bytes) => {
    let start = 0;
    while (bytes[start] > 127) start += 1;
    try {
      return JSON.parse(new TextDecoder().decode(bytes.subarray(start + 1)));
    } catch {
      return {};
    }
  };

  // One open notebook. `changed` is called whenever there is something else to say.
  const watch = (find, doc, changed) => {
    const seen = { edits: 0, safe: -1, online: false, late: false, away: false, ended: false, trouble: "" };
    let provider = null;
    let timers = {};
    const later = (name, work, delay) => {
      if (timers[name]) return;
      timers[name] = setTimeout(() => {
        timers[name] = null;
        work();
      }, delay);
    };
    const never = (name) => {
      clearTimeout(timers[name]);
      timers[name] = null;
    };
    const ask = () => {
      follow();
      if (!provider || !provider.wsconnected || !provider.synced) return;
      provider.ws.send(sent({ type: "stored", number: seen.edits }));
      later("late", () => mark({ late: true }), PATIENCE);
    };
    const mark = (facts) => {
      Object.assign(seen, facts);
      changed();
    };
    const heard = (note) => {
      if (note.type === "trouble") mark({ trouble: String(note.trouble) });
      if (note.type !== "stored") return;
      never("late");
      mark({ safe: Math.max(seen.safe, note.number), late: false, trouble: String(note.trouble) });
      if (seen.safe < seen.edits) later("ask", ask, PAUSE);
    };
    const met = (online) => {
      if (online) {
        never("away");
        mark({ online, away: false });
        ask();
      } else {
        never("late");
        mark({ online });
        later("away", () => mark({ away: !seen.online }), BLINK);
      }
    };
    const closed = (event) => event && event.code === TURNED_AWAY && mark({ ended: true });
    // JupyterLab makes another connection of its own where the first one could not load.
    const follow = () => {
      const found = find();
      if (!found || found === provider) return;
      provider = found;
      const before = provider.messageHandlers[RAW];
      provider.messageHandlers[RAW] = (encoder, decoder, ...rest) => {
        heard(read(decoder.arr.subarray(decoder.pos)));
        before(encoder, decoder, ...rest);
      };
      provider.on("sync", met);
      provider.on("status", ({ status }) => status === "disconnected" && met(false));
      provider.on("connection-close", closed);
      met(provider.wsconnected && provider.synced);
    };
    doc.on("update", (update, origin, same, transaction) => {
      if (!transaction.local) return;
      seen.edits += 1;
      later("ask", ask, PAUSE);
      changed();
    });
    follow();
    return {
      seen,
      ask,
      end: () => {
        Object.keys(timers).forEach(never);
        timers = {};
      },
    };
  };

  const words = (seen, say) => {
    const open = seen.safe < seen.edits;
    if (seen.ended) return ["lost", say("This page is no longer joined to the notebook: copy what is missing, then reload it.")];
    if (seen.away) return ["lost", say("Offline: what you type is kept in this page and leaves when the connection is back. Leave it open.")];
    if (open && seen.late) return ["lost", say("Not saved yet: what you type is kept in this page. Leave it open.")];
    if (seen.trouble) return ["lost", seen.trouble];
    return open || !seen.online ? ["busy", say("Saving…")] : ["safe", say("Saved")];
  };

  parts.saved = (app, tracker, say, top) => {
    // jupyter-collaboration's, asked for late: it may begin after this part.
    const providers = () => {
      const live = app.serviceManager.contents.defaultDrive.contentProviderRegistry.getProvider("rtc");
      return [...live.providers.values()].map((one) => one.wsProvider);
    };
    const line = parts.make("span", { class: "datalab-saved" });
    // Every pause in typing is no news for who listens; trouble and its end are.
    const spoken = parts.make("span", { class: "datalab-spoken", role: "status", "aria-live": "polite" });
    top.append(line);
    document.body.append(spoken); // whole sentences are shown over the page, the bar is too narrow
    const watches = new Map();
    let trouble = false;

    const draw = () => {
      const watched = watches.get(tracker.currentWidget);
      const [kind, text] = watched ? words(watched.seen, say) : ["", ""];
      const short = kind === "lost" ? "" : text;
      if (line.textContent !== short) line.textContent = short;
      line.dataset.kind = spoken.dataset.kind = kind;
      if (kind === "lost" || (trouble && kind === "safe")) {
        if (spoken.textContent !== text) spoken.textContent = text;
      }
      trouble = kind === "lost" || (trouble && kind === "busy");
    };
    const add = async (widget) => {
      await widget.context.ready;
      const doc = widget.context.model.sharedModel.ydoc;
      if (widget.isDisposed || watches.has(widget) || !doc) return;
      const find = () => providers().find((one) => one && one.doc === doc);
      const watched = watch(find, doc, draw);
      watches.set(widget, watched);
      widget.disposed.connect(() => {
        watched.end();
        watches.delete(widget);
        draw();
      });
      draw();
    };
    const begin = (widget) => add(widget).catch((error) => console.error("datalab: saved", error));
    tracker.forEach(begin);
    tracker.widgetAdded.connect((_, widget) => begin(widget));
    tracker.currentChanged.connect(draw);
    window.addEventListener("beforeunload", (event) => {
      // Only where leaving would lose something: the browser then asks.
      const held = [...watches.values()].some(({ seen }) => seen.safe < seen.edits && (!seen.online || seen.late));
      if (held) event.preventDefault();
    });
  };
})();
