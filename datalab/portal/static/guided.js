// The guided view with scripts: a run is followed cell by cell, comments appear as they are written.
"use strict";

const view = document.querySelector("[data-guided]");
const token = view.dataset.token;
const lang = document.documentElement.lang;
const news = document.getElementById("news");
const ask = (address, options = {}) =>
  fetch(address, { ...options, headers: { "X-Datalab-Token": token, ...options.headers } });
const listenTo = (address, handlers) => {
  const source = new EventSource(`${address}${address.includes("?") ? "&" : "?"}_token=${token}`);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data), event));
  }
  return source;
};

// -- fields ---------------------------------------------------------------------------------

view.addEventListener("input", (event) => {
  if (event.target.type !== "range") return;
  event.target.parentElement.querySelector("output").textContent =
    Number(event.target.value).toLocaleString(lang);
});

// -- frames: as high as what they show, within reason ---------------------------------------

window.addEventListener("message", (event) => {
  const height = Number(event.data && event.data.datalabHeight);
  if (!Number.isFinite(height)) return;
  for (const frame of view.querySelectorAll("iframe")) {
    if (frame.contentWindow === event.source) {
      frame.style.height = `${Math.min(Math.max(height + 2, 60), 2400)}px`;
    }
  }
});

// -- runs -----------------------------------------------------------------------------------

const progress = document.getElementById("progress");
const words = document.getElementById("progress-words");
const cancel = document.getElementById("cancel");
let following = null;

const say = (told) => {
  progress.hidden = false;
  progress.classList.toggle("bad", Boolean(told.failed));
  words.textContent = told.words;
  cancel.hidden = !told.busy;
};
const put = (cell) => {
  const place = document.getElementById(`cell-${cell.id}`);
  if (!place) return;
  place.querySelector("[data-shown]").innerHTML = cell.shown; // made harmless by the server
  const fields = place.querySelector("[data-fields]");
  // What somebody is changing right now stays as they have it.
  if (!fields.contains(document.activeElement)) fields.innerHTML = cell.fields;
};
const follow = (run) => {
  if (following) following.close();
  const empty = document.getElementById("empty");
  if (empty) empty.remove();
  const first = view.querySelector("[data-again]");
  first.textContent = first.dataset.again;
  cancel.action = `${view.dataset.project}/runs/${run}/cancel`;
  const source = listenTo(`${view.dataset.project}/runs/${run}/events`, {
    cell: put,
    progress: (told) => {
      say(told);
      if (!told.busy) source.close();
    },
    gone: () => source.close(),
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) say({ words: view.dataset.cut, failed: true });
  };
  following = source;
};
if (view.dataset.busy) follow(view.dataset.run);

document.getElementById("guided").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await ask(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(new FormData(form)),
  }).catch(() => null);
  const told = answer && (await answer.json().catch(() => null));
  if (!answer || !answer.ok || !told) {
    say({ words: told && told.error ? told.error.message : view.dataset.cut, failed: true });
    return;
  }
  history.replaceState(null, "", told.address + location.hash);
  follow(told.run);
});
cancel.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(cancel.action, { method: "POST", body: new URLSearchParams(new FormData(cancel)) });
});

// -- comments -------------------------------------------------------------------------------

const base = `${view.dataset.project}/comments`;
const about = `notebook=${encodeURIComponent(view.dataset.notebook)}`;

const busyIn = (thread) =>
  [...thread.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);
const sync = (list, found) => {
  const kept = new Map([...list.children].map((thread) => [thread.id, thread]));
  let fresh = 0;
  for (const thread of found ? [...found.children] : []) {
    for (const field of thread.querySelectorAll("input[name=_token]")) field.value = token;
    const old = kept.get(thread.id);
    kept.delete(thread.id);
    if (!old) {
      list.append(thread);
      fresh += 1;
    } else if (old.dataset.version !== thread.dataset.version && !busyIn(old)) {
      if (old.querySelectorAll(".note").length < thread.querySelectorAll(".note").length) fresh += 1;
      old.replaceWith(thread);
    }
  }
  for (const gone of kept.values()) if (!busyIn(gone)) gone.remove();
  return fresh;
};
const refresh = async (mine) => {
  const answer = await ask(`${base}/parts?${about}`).catch(() => null);
  if (!answer || !answer.ok) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  let fresh = 0;
  const lists = new Map([...found.querySelectorAll("[data-threads]")].map((l) => [l.dataset.threads, l]));
  for (const list of view.querySelectorAll(".cell [data-threads]")) {
    const told = lists.get(list.dataset.threads);
    lists.delete(list.dataset.threads);
    const added = sync(list, told);
    fresh += added;
    const talk = list.closest(".talk");
    talk.querySelector("[data-count]").textContent = list.children.length;
    if (added && !mine) talk.open = true;
  }
  const orphans = view.querySelector("[data-orphans]");
  const rest = document.createElement("ol");
  for (const list of lists.values()) rest.append(...list.children);
  sync(orphans.querySelector("[data-threads]"), rest);
  orphans.hidden = !orphans.querySelector(".thread");
  if (fresh && !mine) {
    news.textContent = "";
    setTimeout(() => { news.textContent = view.dataset.news; }, 50);
  }
};

view.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-say]")) return;
  event.preventDefault();
  const wrong = form.querySelector("[data-wrong]");
  const area = form.querySelector("textarea");
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  if (form.dataset.sent === body) return; // pressed twice
  form.dataset.sent = body;
  const typed = area && area.value;
  const answer = await ask(`${base}.json`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  }).catch(() => null);
  if (form.dataset.sent === body) delete form.dataset.sent;
  if (answer && answer.ok) {
    if (area) {
      if (area.value === typed) area.value = area.defaultValue; // and not the next one
      area.removeAttribute("aria-invalid");
    }
    wrong.hidden = true;
    await refresh(true);
    return;
  }
  const told = answer && (await answer.json().catch(() => null));
  wrong.textContent = told && told.error ? told.error.message : view.dataset.cut;
  wrong.hidden = false;
  if (area) {
    area.setAttribute("aria-invalid", "true");
    area.focus();
  }
});

let hearing = null;
let polling = null;
let last = view.dataset.last;
const hear = () => {
  if (hearing) return;
  hearing = listenTo(`${base}/stream?${about}&after=${last}`, {
    changed: (told) => {
      last = told.last;
      refresh(false);
    },
    gone: () => location.reload(),
  });
  hearing.onerror = () => {
    // A browser tries again by itself unless it was refused: then look now and then.
    if (hearing && hearing.readyState === EventSource.CLOSED && !polling) {
      polling = setInterval(() => refresh(false), 15000);
    }
  };
};
const rest = () => {
  if (hearing) hearing.close();
  hearing = null;
  clearInterval(polling);
  polling = null;
};
// A page that nobody looks at listens to nothing: browsers allow few connections.
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : hear()));
if (!document.hidden) hear();
