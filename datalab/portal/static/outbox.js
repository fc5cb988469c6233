/* The one queue of what people send: kept on the phone, sent once, with its state in plain sight.

   A page that uses it
   1. has in its block "scripts":  <script defer src="…/static/outbox.js?v=…"></script>
   2. has once in its content:     {% include "outbox.html" %}   (sentences, token, state of the network)
   3. marks its forms:             <form method="post" action="…" data-outbox="NAME" …>
        {{ open_token() }}  <input type="hidden" name="receipt" value="{{ receipt }}">  …fields…
        <div data-outbox-status></div>      what waits, was sent or refused; anywhere on the page for all forms
   NAME is that of the draft, the same at each visit. Without scripts it is a form like any other.

   The form is taken over when it is sent: fields, files and a new receipt go to IndexedDB, the form is
   emptied, and what was kept is posted in order, at once or when the network is back: as multipart
   where there are files, else urlencoded; with Accept: application/json, the field _token, the header
   X-Datalab-Token, and the same receipt however often it is tried. The server answers a receipt that
   it knows as it did the first time (datalab/portal/outbox.py):
     200 {"receipt", "said", "next"}   sent: "said" is shown; a form with data-outbox-follow goes to "next"
     400…499 {"error": {"message"}}    refused: kept, with the reason, to be changed or thrown away
     408, 425, 429, 500…599, silence   kept, and tried again
     403 form-expired                  kept; the page is loaded again for a new token
   Anything else (the page of a hotel's network, say) is no answer, and what was kept stays.

   What is typed is kept as a draft too, but for fields of type email and password and those inside
   [data-draft="off"]. Hidden fields are part of a draft only with data-draft. A picture is made smaller
   before it is kept; <img data-preview="NAME-OF-THE-FIELD"> shows it. Each change of state is told by the
   event "outbox" at the form, or else the document: detail {state: waiting|sent|refused, receipt, answer}. */
"use strict";

(() => {
  const HOLDER = "datalab-outbox", DAY = 86400000, PATIENCE = 45000, LARGEST_SIDE = 1600;
  const STEPS = [2, 5, 15, 30, 60];
  const words = document.querySelector("[data-outbox-words]");
  if (!words) return;
  const prefix = words.dataset.prefix;
  const say = (name, facts = {}) => words.dataset[name].replace(/\{(\w+)\}/g, (_, key) => facts[key]);
  const OURS = "form[data-outbox]"; // also those that come later
  const told = typeof BroadcastChannel === "function" ? new BroadcastChannel(HOLDER) : null;

  // Store: IndexedDB, or the memory of this page where a browser keeps nothing.
  const memory = { items: new Map(), drafts: new Map() };
  let opened = null;
  const database = () => opened ??= new Promise((done) => {
    try {
      const asked = indexedDB.open(HOLDER, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("items", { keyPath: "key" });
        asked.result.createObjectStore("drafts", { keyPath: "key" });
      };
      asked.onsuccess = () => done(asked.result);
      asked.onerror = asked.onblocked = () => done(null);
    } catch { done(null); }
  });
  const ask = async (store, mode, work) => {
    const base = await database();
    if (!base) return null;
    return new Promise((done, fail) => {
      const transaction = base.transaction(store, mode);
      const asked = work(transaction.objectStore(store));
      transaction.commit?.(); // or a page that is left takes it along
      transaction.oncomplete = () => done(asked.result);
      transaction.onabort = transaction.onerror = () => fail(transaction.error);
    });
  };
  const put = async (store, value) => {
    try {
      if (await database()) { await ask(store, "readwrite", (s) => s.put(value)); memory[store].delete(value.key); return; }
    } catch { /* it is full, or keeps no files */ }
    memory[store].set(value.key, value);
  };
  const drop = async (store, key) => {
    memory[store].delete(key);
    if (await database()) await ask(store, "readwrite", (s) => s.delete(key));
  };
  const all = async (store) => {
    const kept = await database() ? await ask(store, "readonly", (s) => s.getAll()) : [];
    return [...kept, ...memory[store].values()].sort((a, b) => a.at - b.at);
  };

  // The token is of this browser, and stays in the page: notebooks share this origin, and with it
  // what a tab or a database remembers. A copy of a page kept for offline use holds none; the page
  // that comes late hands it over (worker.js), or else the page is loaded again.
  const tab = (key, value) => {
    try { return value === undefined ? sessionStorage.getItem(`${HOLDER}-${key}`) : sessionStorage.setItem(`${HOLDER}-${key}`, value); } catch { return null; }
  };
  const given = words.querySelector("[name=_token]");
  const token = () => given.value;
  navigator.serviceWorker?.addEventListener("message", (event) => {
    if (!event.data?.token) return;
    given.value = event.data.token;
    stale = false;
    flush();
  });
  // Only to a form of ours goes what was kept: the script of a notebook could put something there.
  const FORMS = /^(cases\/new|join\/[^/]+|s\/[^/]+|sessions\/[^/]+\/take-part(\/[a-z]+)?)$/;
  const inside = (address) => {
    try {
      const { origin, pathname } = new URL(address, location.href);
      return origin === location.origin && pathname.startsWith(`${prefix}/`) && pathname.slice(prefix.length + 1);
    } catch { return false; }
  };
  const ours = (action) => FORMS.test(inside(action) || "");

  const uuid = () => {
    const b = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs https
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + n.toString(16).padStart(2, "0")).join("");
  };

  async function smaller(file) {
    if (!file.type.startsWith("image/") || typeof createImageBitmap !== "function") return file;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, LARGEST_SIDE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
      return made && made.size < file.size ? new File([made], "photo.jpg", { type: "image/jpeg" }) : file;
    } catch { return file; } // the server says what is wrong with it
  }

  // Taking a form over
  const nameOf = (form) => `${location.pathname} ${form.dataset.outbox}`;
  const formOf = (name) => [...document.querySelectorAll(OURS)].find((one) => nameOf(one) === name);
  const tell = (item, state, answer = null) => {
    const form = formOf(item.form);
    const detail = { state, receipt: item.key, answer };
    (form || document).dispatchEvent(new CustomEvent("outbox", { bubbles: true, detail }));
  };
  const filled = (form, button) => [...new FormData(form, button)].filter(([name]) => name !== "_token" && name !== "receipt");
  const looks = (form, button) => JSON.stringify([button?.formAction, filled(form, button).map(([name, value]) => [name, value.size ? [value.name, value.size, value.lastModified] : value])]);
  async function keep(form, button) {
    const fields = [], before = looks(form), given = filled(form, button), at = Date.now();
    const changing = form.dataset.changing;
    delete form.dataset.changing;
    for (const [name, value] of given) {
      if (!(value instanceof File)) fields.push([name, value]);
      else if (value.size) fields.push([name, await smaller(value)]);
    }
    const named = form.querySelector("[data-outbox-title]")?.name; // what it is called in the list
    const first = fields.find(([name, value]) => name === named && value.trim()) || fields.find(([name, value]) => typeof value === "string" && value.trim() && form.elements[name]?.matches?.("textarea, input[type=text]"));
    const item = {
      key: uuid(), form: nameOf(form), page: location.pathname, action: button?.getAttribute("formaction") || form.action, fields,
      title: form.dataset.outboxTitle || (first ? first[1].trim().slice(0, 80) : ""), follow: "outboxFollow" in form.dataset,
      at, state: "waiting", why: "", tries: 0,
    };
    await put("items", item);
    if (looks(form) === before) { // and not the next one, typed in the meantime
      form.reset();
      form.querySelectorAll("[data-preview]").forEach((img) => { img.hidden = true; });
      await drop("drafts", item.form);
    }
    if (changing) await drop("items", changing);
    tell(item, "waiting");
    told?.postMessage("changed");
    await draw();
    flush();
  }

  // Sending
  let sending = false, again = false, timer = 0, said = null;
  const busy = new Set();
  async function flush() {
    clearTimeout(timer);
    if (sending) { again = true; return; }
    if (!navigator.onLine) { await draw(); return; } // "true" promises nothing, "false" is sure
    sending = true;
    const work = async () => {
      do { again = false; if (await run()) break; } while (again);
    };
    try { await (navigator.locks ? navigator.locks.request(HOLDER, work) : work()); } finally { sending = false; }
    await draw();
  }
  async function run() {
    for (const item of await all("items")) {
      if (item.state !== "waiting" || !(await all("items")).some((one) => one.key === item.key)) continue;
      if (!token()) { fresh(); return true; }
      busy.add(item.key); await draw();
      const wait = await send(item);
      busy.delete(item.key);
      told?.postMessage("changed");
      if (wait !== 0) {
        if (wait > 0) timer = setTimeout(flush, wait * 1000);
        return true;
      }
    }
    return false;
  }
  // Forms have a trap for programs, which send sooner than anybody reads (participation/spam.py).
  const unhurried = () => {
    const shown = performance.getEntriesByType("navigation")[0]?.responseEnd || 0;
    return new Promise((done) => setTimeout(done, Math.max(0, shown + 2000 - performance.now())));
  };

  // 0: settled. A number: seconds until it is tried again. -1: not before the page is loaded again.
  async function send(item) {
    if (!ours(item.action)) { await drop("items", item.key); return 0; }
    const files = item.fields.some(([, value]) => typeof value !== "string");
    const body = files ? new FormData() : new URLSearchParams();
    for (const [name, value] of item.fields) typeof value === "string" ? body.append(name, value) : body.append(name, value, value.name || "photo.jpg");
    body.set("_token", token());
    body.set("receipt", item.key);
    const control = new AbortController(), limit = setTimeout(() => control.abort(), PATIENCE);
    const later = async (seconds) => {
      await put("items", { ...item, tries: item.tries + 1 });
      return seconds || STEPS[Math.min(item.tries, STEPS.length - 1)];
    };
    const headers = { Accept: "application/json", "X-Datalab-Token": token() };
    let answer, document_;
    try {
      await unhurried();
      answer = await fetch(item.action, { method: "POST", body, headers, credentials: "same-origin", signal: control.signal });
      document_ = await answer.json();
    } catch { return later(); } finally { clearTimeout(limit); }
    const error = document_?.error;
    if (answer.ok && document_.receipt === item.key) {
      await drop("items", item.key);
      said = { form: item.form, text: document_.said || say("sent") };
      tell(item, "sent", document_);
      if (item.follow && document_.next && item.page === location.pathname) location.assign(document_.next);
      return 0;
    }
    if (["form-expired", "sign-in-needed"].includes(error?.code)) {
      given.value = "";
      fresh();
      return -1;
    }
    if ([408, 425, 429].includes(answer.status)) return later(error?.details?.seconds);
    if (answer.status < 400 || answer.status >= 500 || !error) return later();
    await put("items", { ...item, state: "refused", why: error.message });
    tell(item, "refused", document_);
    return 0;
  }
  // Somebody who is on the way to another page is not held back by a reload of this one. What starts
  // a download says the same and stays: the way is believed for as long as a slow page takes.
  let left = -Infinity;
  addEventListener("beforeunload", () => { left = Date.now(); });
  // Only a page that a person opens is given a token.
  async function fresh() {
    if (!navigator.onLine) return;
    const later = (seconds) => { clearTimeout(timer); timer = setTimeout(flush, seconds * 1000); };
    const typing = document.activeElement?.matches?.("textarea, input[type=text]") && document.activeElement.value;
    if (typing || Date.now() - Number(tab("fresh") || 0) < 5000) { stale = true; draw(); later(5); return; }
    try { // a network that only says that it is there would show the copy once more
      if (!(await fetch(`${prefix}/health`, { cache: "no-store" })).ok) throw new Error();
    } catch { later(3); return; }
    if (Date.now() - left < 30000) { later(30); return; }
    tab("fresh", String(Date.now()));
    location.reload();
  }
  let stale = false;
  words.addEventListener("settled", () => { said = null; draw(); }); // what was said of it is no longer so
  words.addEventListener("fresh", fresh); // another script of the page was told that the token is old

  // What a person sees of it
  const button = (text, work) => {
    const made = document.createElement("button");
    made.type = "button"; made.className = "plain"; made.textContent = text;
    made.addEventListener("click", work);
    return made;
  };
  async function draw() {
    const items = await all("items");
    document.querySelectorAll("[data-outbox-network]").forEach((one) => { one.hidden = navigator.onLine; });
    for (const box of document.querySelectorAll("[data-outbox-status]")) {
      const form = box.closest(OURS);
      const mine = form ? items.filter((item) => item.form === nameOf(form)) : items;
      let [line, list] = box.children;
      if (!line) {
        line = document.createElement("p"); line.setAttribute("role", "status");
        list = document.createElement("ul"); list.className = "outbox";
        box.append(line, list);
      }
      const waiting = mine.filter((item) => item.state === "waiting");
      let text = said && (!form || said.form === nameOf(form)) ? said.text : "";
      if (waiting.length) text = stale ? say("reload") : busy.size ? say("sending") : say(navigator.onLine ? "waiting" : "offline", { count: waiting.length });
      if (line.textContent !== text) line.textContent = text;
      list.replaceChildren(...mine.filter((item) => item.state !== "held").map((item) => {
        const row = document.createElement("li"), state = document.createElement("b"), title = document.createElement("span");
        row.dataset.state = item.state;
        state.textContent = item.state === "refused" ? say("refused") : say(busy.has(item.key) ? "going" : "kept");
        title.textContent = item.title;
        row.append(state, " ", title);
        if (item.state === "refused") {
          const why = document.createElement("p");
          why.className = "wrong"; why.textContent = item.why;
          row.append(why);
        }
        if (!busy.has(item.key)) row.append(button(say("edit"), () => back(item)));
        if (!busy.has(item.key)) row.append(button(say("discard"), () => discard(item)));
        return row;
      }));
      if (stale && waiting.length) list.append(button(say("again"), () => location.reload()));
      list.hidden = !mine.length;
    }
  }
  async function discard(item) {
    if (!confirm(say("sure"))) return;
    await drop("items", item.key);
    told?.postMessage("changed");
    draw();
  }
  async function back(item) {
    const form = formOf(item.form);
    if (!form) { if (inside(item.page)) location.assign(`${item.page}#${item.key}`); return; }
    fill(form, item.fields);
    for (const [name, value] of item.fields) {
      if (typeof value === "string") continue;
      const files = new DataTransfer();
      files.items.add(value);
      form.elements[name].files = files.files;
      show(form.elements[name]);
    }
    // Held until the form is sent again: who leaves in the middle of changing it loses nothing.
    await put("items", { ...item, state: "held" });
    form.dataset.changing = item.key;
    draw();
    form.querySelector("textarea, input[type=text], select")?.focus();
  }

  // Drafts
  const own = (field) => field.name && field.name !== "_token" && field.name !== "receipt" && !field.closest('[data-draft="off"]') &&
    !["password", "email", "file", "submit"].includes(field.type) && (field.type !== "hidden" || "draft" in field.dataset);
  function fill(form, fields) {
    for (const field of form.elements) {
      if (!own(field)) continue;
      const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
      if (["checkbox", "radio"].includes(field.type)) field.checked = values.includes(field.value);
      else if (values.length && typeof values[0] === "string") field.value = values[0];
    }
    form.dataset.filled = "yes"; // for a script of the page that comes later than the draft
    form.dispatchEvent(new CustomEvent("filled", { bubbles: true }));
  }
  const soon = new Map();
  function draft(form) {
    clearTimeout(soon.get(form));
    soon.set(form, setTimeout(() => write(form), 250));
  }
  function write(form) {
    soon.delete(form);
    const fields = [...form.elements].filter((field) => own(field) && (!["checkbox", "radio"].includes(field.type) || field.checked)).map((field) => [field.name, field.value]);
    put("drafts", { key: nameOf(form), fields, at: Date.now() });
  }
  // Who leaves within that quarter of a second has typed it all the same.
  addEventListener("pagehide", () => {
    for (const [form, timer] of [...soon]) { clearTimeout(timer); write(form); }
  });
  const show = (input) => {
    const image = document.querySelector(`[data-preview="${CSS.escape(input.name)}"]`);
    if (!image) return;
    if (image.src) URL.revokeObjectURL(image.src);
    image.hidden = !input.files.length;
    if (input.files.length) image.src = URL.createObjectURL(input.files[0]); else image.removeAttribute("src");
  };

  const keeping = new Map(); // what is being kept of a form
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches(OURS) || event.submitter && "outboxNot" in event.submitter.dataset) return;
    event.preventDefault();
    const what = looks(form, event.submitter);
    if (keeping.get(form) === what) return; // pressed twice
    keeping.set(form, what);
    if (soon.has(form)) { clearTimeout(soon.get(form)); write(form); }
    try { await keep(form, event.submitter); } finally { if (keeping.get(form) === what) keeping.delete(form); }
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest(OURS);
    if (form && event.target.type === "file") show(event.target);
    if (form) draft(form);
  });
  addEventListener("online", () => { draw(); flush(); });
  addEventListener("offline", draw);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  told?.addEventListener("message", draw);
  (async () => {
    for (const kept of await all("drafts")) {
      const form = formOf(kept.key);
      if (Date.now() - kept.at > 7 * DAY) await drop("drafts", kept.key);
      else if (form && !form.querySelector("[aria-invalid=true]")) fill(form, kept.fields);
    }
    for (const held of await all("items")) {
      if (held.key === location.hash.slice(1) && formOf(held.form)) await back(held);
      else if (held.state === "held") await put("items", { ...held, state: "waiting" });
    }
    await draw();
    await flush();
  })();
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register(`${prefix}/worker.js`, { scope: `${prefix}/` }).catch(() => {});
    // Opened before any worker was there to keep it: who came by a code opens it once, then is offline.
    if (!navigator.serviceWorker.controller) {
      navigator.serviceWorker.ready.then(({ active }) => active?.postMessage({ warm: [inside(location.href)] }));
    }
  }
})();
