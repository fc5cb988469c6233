/* The page of a participant follows its session without being loaded again: pieces of it are put in
   place as they change (event stream; looking every few seconds where no stream gets through). What is
   being typed stays. Sending is outbox.js's. */
"use strict";

(() => {
  const page = document.querySelector("[data-taking]");
  if (!page) return;
  const { root } = page.dataset, words = page.dataset;
  const told = page.querySelector("[data-told]"), list = page.querySelector("[data-ideas]"), none = page.querySelector("[data-none]");
  const pollNote = page.querySelector("[data-poll]");
  const token = () => document.querySelector("[data-outbox-words] [name=_token]")?.value || "";
  let number = Number(words.number);

  // Time left, by the server's clock.
  const ahead = Number(words.now) - Date.now() / 1000;
  const clocks = () => {
    for (const one of page.querySelectorAll(".clock")) {
      const left = Math.round(Number(one.dataset.started) + Number(one.dataset.seconds) - Date.now() / 1000 - ahead);
      const size = Math.abs(left), time = `${Math.floor(size / 60)}:${String(size % 60).padStart(2, "0")}`;
      const text = (left >= 0 ? words.saidLeft : words.saidOver).replace("{time}", time);
      if (one.textContent !== text) one.textContent = text;
      one.classList.toggle("late", left < 0);
    }
  };
  clocks();
  setInterval(clocks, 1000);

  // Pieces
  const element = (key) => page.querySelector(`[data-piece="${CSS.escape(key)}"]`);
  const put = (target, html) => {
    const held = target.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("data-about") : null;
    target.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    if (held) (document.getElementById(held) || target.querySelector(`[data-about="${CSS.escape(held)}"]`))?.focus();
  };
  const show = (news) => {
    if (news.number < number) return;
    number = news.number;
    const fresh = [];
    for (const [key, html] of Object.entries(news.pieces)) {
      let target = element(key);
      if (!target && key.startsWith("idea-")) {
        target = document.createElement("li");
        target.dataset.piece = key;
        target.className = "fresh";
        list.append(target);
        fresh.push(target);
      }
      if (target && target.innerHTML.trim() !== html) put(target, html);
    }
    for (const one of [...list.children]) if (!news.ideas.includes(one.dataset.piece)) one.remove();
    news.ideas.forEach((key, place) => {
      const target = element(key);
      if (target && list.children[place] !== target) list.insertBefore(target, list.children[place] || null);
    });
    none.hidden = news.ideas.length > 0;
    if (fresh.length) told.textContent = words.saidNew.replace("{text}", fresh.at(-1).querySelector(".words")?.textContent.slice(0, 140) || "");
    if (news.kind && news.kind !== words.kind) turn(news.kind);
    tell();
    clocks();
  };
  // Another phase opens what it is about, and closes what it is not, unless somebody is in there.
  const turn = (kind) => {
    words.kind = kind;
    for (const block of page.querySelectorAll("[data-open-in]")) {
      const busy = block.contains(document.activeElement) || [...block.querySelectorAll("textarea")].some((one) => one.value.trim());
      if (block.dataset.openIn.split(" ").includes(kind)) block.open = true;
      else if (!busy) block.open = false;
    }
  };
  // Two phases of one kind may follow each other: it is the name that is told.
  const named = () => page.querySelector(".phase-name b")?.textContent || "";
  let phase = named();
  const tell = () => {
    if (named() === phase) return;
    phase = named();
    if (phase) told.textContent = words.saidPhase.replace("{phase}", phase);
  };

  // What is one's own
  let asking = null, again = false;
  const own = () => {
    if (asking) { again = true; return; }
    asking = (async () => {
      const answer = await fetch(`${root}/mine`, { headers: { "X-Datalab-Token": token(), Accept: "text/html" } });
      if (answer.status === 403) document.querySelector("[data-outbox-words]")?.dispatchEvent(new Event("fresh"));
      if (!answer.ok || answer.redirected) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const waited = Boolean(page.querySelector(".fate-submitted"));
      for (const name of ["own", "own-list"]) {
        const target = page.querySelector(`[data-${name}]`), made = found.querySelector(`[data-${name}]`);
        const field = target.contains(document.activeElement) && document.activeElement.matches("textarea");
        if (field || !made || target.innerHTML.trim() === made.innerHTML.trim()) continue;
        const open = [...target.querySelectorAll("li[id] details[open]")].map((one) => one.closest("li").id);
        put(target, made.innerHTML);
        for (const id of open) document.getElementById(id)?.querySelector("details")?.setAttribute("open", "");
      }
      const left = page.querySelector("#vote b");
      if (left && told.textContent !== left.textContent) told.textContent = left.textContent;
      // "Somebody reads it first" is over once nothing of one's own waits any more.
      if (waited && !page.querySelector(".fate-submitted")) document.querySelector("[data-outbox-words]")?.dispatchEvent(new Event("settled"));
      document.dispatchEvent(new CustomEvent("pieces"));
    })().catch(() => {}).finally(() => { asking = null; if (again) { again = false; own(); } });
  };
  document.addEventListener("outbox", (event) => {
    if (event.detail.state === "sent") own();
    if (event.detail.state === "waiting") event.target.querySelector?.(".extras")?.removeAttribute("open");
  });

  // Comments use the one form
  const form = page.querySelector("#say form");
  if (form) {
    const parent = form.querySelector("[name=parent]"), line = form.querySelector("[data-about-what]");
    const about = (id, text) => {
      parent.value = id;
      line.hidden = !id;
      line.firstElementChild.textContent = id ? words.saidAbout.replace("{text}", text.slice(0, 80)) : "";
    };
    const textOf = (id) => element(`idea-${id}`)?.querySelector(".words")?.textContent || "";
    page.addEventListener("click", (event) => {
      const link = event.target.closest("[data-about], [data-about-none]");
      if (!link) return;
      event.preventDefault();
      const id = link.dataset.about || "";
      about(id, textOf(id));
      page.querySelector("#say").open = true;
      form.querySelector("textarea").focus();
    });
    form.addEventListener("reset", () => setTimeout(() => about("", "")));
    form.addEventListener("filled", () => about(parent.value, textOf(parent.value)));
  }

  // News: a stream, else a look now and then; slower where nobody looks.
  let source = null, polling = 0, failures = 0, tag = "";
  const look = async () => {
    clearTimeout(polling);
    polling = 0;
    if (document.hidden) return;
    try {
      const answer = await fetch(`${root}/now`, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      if (answer.status === 200) { tag = answer.headers.get("ETag") || ""; show(await answer.json()); own(); }
    } catch { /* the next look may tell */ }
    polling = setTimeout(look, 6000);
  };
  const poll = () => {
    source?.close();
    source = null;
    pollNote.textContent = words.saidPoll;
    pollNote.hidden = !navigator.onLine;
    if (!polling) look();
    setTimeout(() => { failures = 0; listen(); }, 60000);
  };
  const listen = () => {
    if (source || document.hidden || !window.EventSource) return window.EventSource ? undefined : poll();
    source = new EventSource(`${root}/events?after=${number}`);
    // A proxy that holds everything back is found out by its silence.
    const silent = setTimeout(() => { if (source?.readyState !== 1) { failures = 3; poll(); } }, 12000);
    source.addEventListener("open", () => { clearTimeout(silent); failures = 0; clearTimeout(polling); polling = 0; pollNote.hidden = true; });
    source.addEventListener("scene", (event) => show(JSON.parse(event.data)));
    source.addEventListener("mine", () => setTimeout(own, Math.random() * 1200));
    source.addEventListener("error", () => {
      if (!source) return;
      const closed = source.readyState === 2;
      if (closed) { source.close(); source = null; clearTimeout(silent); }
      if (++failures >= 3 && navigator.onLine) poll();
      else if (closed) setTimeout(listen, 2000 * failures);
    });
    return undefined;
  };
  const stop = () => { source?.close(); source = null; };
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else { listen(); own(); } });
  addEventListener("online", () => { stop(); listen(); });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); own(); } });
  listen();
})();
