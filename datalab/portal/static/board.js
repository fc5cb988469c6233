// The live board: what others change appears, forms are sent without leaving the page, what is
// typed stays, clocks agree with the server's. board-moves.js drags and moves by keyboard.
"use strict";

window.datalabBoard = (() => {
  const board = document.getElementById("board");
  const { root, token } = board.dataset;
  const panel = document.getElementById("panel");
  const headers = { Accept: "text/html", "X-Datalab-Token": token };
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const lanes = board.querySelector("[data-lanes]");
  const self = { held: null };
  let number = Number(board.dataset.number);
  let offset = Number(board.dataset.now) * 1000 - Date.now();
  let opener = null;

  // -- saying ------------------------------------------------------------------
  const spoken = board.querySelector("[data-say]");
  const toast = board.querySelector("[data-toast]");
  const trouble = board.querySelector("[data-trouble]");
  let hiding;
  self.say = (text) => { spoken.textContent = ""; requestAnimationFrame(() => { spoken.textContent = text; }); };
  self.tell = (text) => {
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => { toast.hidden = true; }, 8000);
  };
  const inTrouble = (text) => {
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = !text;
  };

  // -- what changed -------------------------------------------------------------
  const keyOf = (one) => [one.tagName, one.name, one.value, one.dataset.hold, one.className, one.form && one.form.action].join("|");
  const swap = (old, made) => {
    const active = document.activeElement;
    const held = old.contains(active) ? keyOf(active) : null;
    const open = new Set(all("details[open][data-keep]", old).map((d) => d.dataset.keep));
    const typed = new Map(all("input:not([type=hidden])", old).map((i) => [i.name, i]));
    old.replaceWith(made);
    for (const details of all("details[data-keep]", made)) details.open = open.has(details.dataset.keep);
    for (const input of all("input:not([type=hidden])", made)) {
      const before = typed.get(input.name);
      if (before && (before.value !== before.defaultValue || before.checked !== before.defaultChecked)) {
        input.value = before.value;
        input.checked = before.checked;
      }
    }
    if (held) {
      // Whoever types goes on in the very same field: its caret and what is marked stay.
      const twin = active.matches("input, textarea") && all("input, textarea", made).find((one) => keyOf(one) === held);
      if (twin) twin.replaceWith(active);
      const again = all("a, button, input, summary, select", made).find((one) => keyOf(one) === held);
      if (again) again.focus({ preventScroll: true });
      else if (made.matches("[data-part]")) {
        const next = made.querySelector("button, a, summary");
        if (next) next.focus({ preventScroll: true });
      }
    }
  };
  const before = (one, other) => {
    const [a, b] = [Number(one.dataset.position), Number(other.dataset.position)];
    return a === b ? one.dataset.card < other.dataset.card : a < b;
  };
  const notesOf = (lane) => board.querySelector(`[data-lane-id="${CSS.escape(lane)}"] [data-notes]`);
  self.enliven = () => {};
  const place = (made) => {
    if (self.held && self.held.dataset.card === made.dataset.card) return;
    self.enliven(made);
    const old = document.getElementById(made.id);
    const notes = notesOf(made.dataset.lane);
    if (!notes) return;
    if (old && old.parentElement === notes && old.dataset.position === made.dataset.position) {
      if (old.outerHTML !== made.outerHTML) swap(old, made);
      return;
    }
    leave(old);
    const next = [...notes.children].find((other) => before(made, other));
    notes.insertBefore(made, next || null);
  };
  // Whoever was at a card that goes is at the next one.
  const leave = (card) => {
    if (!card) return;
    const focused = card.contains(document.activeElement);
    const near = card.nextElementSibling || card.previousElementSibling;
    const head = card.closest("[data-lane-id]").querySelector("h2");
    card.remove();
    if (!focused) return;
    const next = near && all("button:not([hidden]), a", near).find((one) => !one.matches(".grip"));
    if (!next) head.tabIndex = -1;
    (next || head).focus({ preventScroll: Boolean(next) });
  };
  const count = () => {
    for (const lane of all("[data-lane-id]", board)) {
      lane.querySelector("[data-count]").textContent = lane.querySelector("[data-notes]").children.length;
    }
    board.querySelector("[data-rejected-count]").textContent = notesOf("rejected").children.length;
  };
  const head = (heads) => {
    const known = new Set(["waiting", "rejected"]);
    let last = lanes.querySelector("[data-lane-id=waiting]");
    for (const made of heads) {
      const id = made.dataset.laneHead;
      known.add(id);
      let lane = board.querySelector(`[data-lane-id="${CSS.escape(id)}"]`);
      if (!lane) {
        lane = lanes.querySelector("[data-lane-id=none]").cloneNode(true);
        lane.className = "lane lane-group";
        lane.dataset.laneId = id;
        lane.setAttribute("aria-labelledby", `lane-${id}`);
        lane.querySelector("[data-notes]").replaceChildren();
        self.enlivenLane(lane);
      }
      const old = lane.querySelector("[data-lane-head]");
      made.querySelector("[data-count]").textContent = old.querySelector("[data-count]").textContent;
      if (old.outerHTML !== made.outerHTML) swap(old, made);
      if (last.nextElementSibling !== lane) last.after(lane);
      last = lane;
    }
    for (const lane of all("[data-lane-id]", lanes)) {
      if (known.has(lane.dataset.laneId)) continue;
      // What it held is told of as changed, too.
      notesOf("none").append(...lane.querySelector("[data-notes]").children);
      lane.remove();
    }
  };
  self.enlivenLane = () => {};
  // What is fetched holds no token, and would differ from what stands there.
  const known = (made) => {
    for (const field of all("[name=_token]", made)) field.setAttribute("value", token);
    for (const image of all("img", made)) if (image.src.endsWith("_token=")) image.src += token;
    return made;
  };
  const apply = (told) => {
    if ("whole" in told.dataset) { location.reload(); return; }
    for (const id of told.dataset.gone.split(" ")) if (id) leave(document.getElementById(`card-${id}`));
    head(all("[data-lane-head]", told));
    for (const card of all("[data-card]", told)) place(card);
    for (const made of all("[data-part]", told)) {
      const old = board.querySelector(`[data-part="${made.dataset.part}"]`);
      for (const details of all("details[data-keep]", made)) details.open = Boolean(old.querySelector(`[data-keep="${details.dataset.keep}"][open]`));
      if (old.outerHTML !== made.outerHTML) swap(old, made);
    }
    number = Math.max(number, Number(told.dataset.number));
    count();
    tick();
  };
  const extra = new Set();
  let asking = false, again = false;
  self.refresh = async (card) => {
    if (card) extra.add(card);
    if (asking) { again = true; return; }
    asking = true;
    do {
      again = false;
      const began = Date.now();
      const query = new URLSearchParams({ since: number, card: [...extra].join(",") });
      extra.clear();
      try {
        const answer = await fetch(`${root}/board/diff?${query}`, { headers });
        if ([401, 403, 404].includes(answer.status)) { inTrouble(board.dataset.gone); stream.close(); break; }
        if (answer.ok) {
          const told = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("diff");
          offset = Number(told.dataset.now) * 1000 + (Date.now() - began) / 2 - Date.now();
          await datalabReleased();
          apply(known(told));
        }
      } catch { inTrouble(board.dataset.lost); }
      if (again) await new Promise((go) => setTimeout(go, 150));
    } while (again);
    asking = false;
  };
  const stream = new EventSource(`${root}/board/events?after=${number}&_token=${token}`);
  let losing;
  let later;
  stream.addEventListener("changed", (event) => {
    if (Number(event.lastEventId) <= number) return;
    // Three hundred people vote or come in within a minute: that is looked at once a second.
    if (!/"(vote\.cast|participant\.\w+)"/.test(event.data)) self.refresh();
    else later ??= setTimeout(() => { later = undefined; self.refresh(); }, 1000);
  });
  stream.addEventListener("gone", () => { stream.close(); inTrouble(board.dataset.gone); });
  stream.addEventListener("open", () => { clearTimeout(losing); inTrouble(""); self.refresh(); });
  stream.addEventListener("error", () => { clearTimeout(losing); losing = setTimeout(() => inTrouble(board.dataset.lost), 2500); });

  // -- sending ------------------------------------------------------------------
  self.post = async (act, fields) => {
    const body = fields instanceof URLSearchParams ? fields : new URLSearchParams(fields);
    body.set("_token", token);
    let answer;
    try {
      answer = await fetch(act.includes("/") ? act : `${root}/board/${act}`, { method: "POST", body, headers: { ...headers, Accept: "application/json" } });
    } catch {
      return { error: { code: "network", message: board.dataset.failed, details: {} } };
    }
    return answer.json().catch(() => ({ error: { code: "network", message: board.dataset.failed, details: {} } }));
  };
  const newReceipt = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const wrongIn = (form, error) => {
    for (const old of all(".wrong, .problem", panel)) old.remove();
    for (const field of all("[aria-invalid]", form)) field.removeAttribute("aria-invalid");
    const field = error.code === "field-refused" && form.elements[error.details.name];
    const said = document.createElement("p");
    said.textContent = error.message;
    if (field && field.after) {
      said.className = "wrong";
      said.id = `${error.details.name}-wrong`;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", said.id);
      field.after(said);
      field.focus();
    } else {
      const box = document.createElement("div");
      box.className = "problem";
      box.setAttribute("role", "alert");
      box.append(said);
      form.before(box);
      box.scrollIntoView({ block: "nearest" });
    }
  };
  const typedIn = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "receipt"));
  const going = new Map(); // what a form sends, and when that is over
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-act]")) return;
    event.preventDefault();
    const clears = "clear" in form.dataset, typed = typedIn(form), before = going.get(form);
    if (before && (!clears || before.typed === typed)) return; // pressed twice
    const body = new URLSearchParams(new FormData(form));
    const button = event.submitter;
    if (button && button.name) body.set(button.name, button.value);
    if (clears) form.elements.receipt.value = newReceipt(); // the next one is another
    const mine = { typed, over: (async () => { await before?.over; await send(form, body, typed); })() };
    going.set(form, mine);
    try { await mine.over; } finally { if (going.get(form) === mine) going.delete(form); }
  });
  const send = async (form, body, typed) => {
    const told = await self.post(form.action, body);
    const card = body.get("card");
    const clears = "clear" in form.dataset && typedIn(form) === typed;
    if (!told.error) {
      if (panel.contains(form)) panel.close();
      if (clears) form.reset();
      self.say(board.dataset.done);
    } else if (panel.contains(form)) {
      if (told.error.code === "stale") await stale(form, body);
      else wrongIn(form, told.error);
    } else if (told.error.code === "field-refused" && clears) {
      wrongIn(form, told.error);
    } else {
      // What left its field for the next one is told, or nobody could type it again.
      const gone = "clear" in form.dataset && !clears ? ` (${body.get("title")})` : "";
      self.tell(told.error.message + gone);
    }
    if (told.error && clears) form.elements.receipt.value = body.get("receipt"); // it may have come through
    self.refresh(card);
  };
  // What stands now, with what was typed in its fields.
  const stale = async (form, body) => {
    const act = new URL(form.action).pathname;
    const made = await load(panel.dataset.address);
    if (!made) return;
    show(made);
    const anew = all("form", panel).find((one) => new URL(one.action).pathname === act);
    const said = { message: board.dataset.stale, details: {} };
    if (!anew) { wrongIn(panel.querySelector("h1"), said); return; }
    for (const [name, value] of body) {
      const field = anew.elements[name];
      if (field && field.type !== "hidden" && "value" in field && field.type !== "checkbox") field.value = value;
    }
    wrongIn(anew, said);
  };

  // -- the panel ------------------------------------------------------------------
  const load = async (address) => {
    try {
      const answer = await fetch(address, { headers });
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      return found.querySelector("[data-panel]") || found.querySelector("main .failure");
    } catch {
      self.tell(board.dataset.failed);
      return null;
    }
  };
  const show = (made) => {
    for (const plain of all("[data-plain]", made)) plain.remove();
    known(made);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "second panel-close";
    close.textContent = board.dataset.close;
    close.addEventListener("click", () => panel.close());
    made.prepend(close);
    panel.replaceChildren(made);
    if (!panel.open) panel.showModal();
    const first = made.querySelector("h1");
    if (first) { first.tabIndex = -1; first.focus(); }
  };
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-panel-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!panel.contains(link)) {
      const card = link.closest("[data-card]");
      opener = { card: card && card.id, hold: link.dataset.hold, address: link.href };
    }
    panel.dataset.address = link.href;
    const made = await load(link.href);
    if (made) show(made);
  });
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  panel.addEventListener("close", () => {
    panel.replaceChildren();
    if (!opener) return;
    const card = opener.card && document.getElementById(opener.card);
    const link = card ? card.querySelector(`[data-hold="${opener.hold}"]`) : all("[data-panel-link]", board).find((one) => one.href === opener.address);
    if (link) link.focus({ preventScroll: true });
    opener = null;
  });

  // -- undo, clocks ------------------------------------------------------------------
  self.undo = async () => {
    const change = board.querySelector("[data-part=history]").dataset.mine;
    if (!change) { self.tell(board.dataset.nothing); return; }
    const told = await self.post("undo", { change });
    self.tell(told.error ? told.error.message : board.dataset.undone);
    self.refresh();
  };
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "z") return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select") || panel.open) return;
    event.preventDefault();
    self.undo();
  });
  const clockOf = (seconds) => {
    const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
    const hours = Math.floor(minutes / 60);
    return `${hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}` : minutes}:${String(rest).padStart(2, "0")}`;
  };
  const tick = () => {
    for (const clock of all("[data-clock]", board)) {
      const left = Math.round(Number(clock.dataset.clock) - (Date.now() + offset) / 1000);
      const face = clock.querySelector("[data-clock-face]");
      const said = left >= 0 ? clockOf(left) : clock.dataset.late.replace("{time}", clockOf(-left));
      if (face.textContent !== said) face.textContent = said;
      clock.classList.toggle("late", left < 0);
    }
  };
  setInterval(tick, 250);
  tick();
  return self;
})();
