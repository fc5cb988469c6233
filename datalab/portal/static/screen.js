/* The screen of the room follows its session by itself, all evening, and says when it no longer can. */
"use strict";

(() => {
  const page = document.body, words = page.dataset, { root } = words;
  const list = document.querySelector("[data-ideas]"), lost = document.querySelector("[data-lost]");
  let number = Number(words.number), heard = Date.now(), source = null;
  const ahead = Number(words.now) - Date.now() / 1000;
  const tick = () => {
    for (const one of document.querySelectorAll(".clock")) {
      const left = Math.round(Number(one.dataset.started) + Number(one.dataset.seconds) - Date.now() / 1000 - ahead);
      const size = Math.abs(left), time = `${Math.floor(size / 60)}:${String(size % 60).padStart(2, "0")}`;
      const text = (left >= 0 ? "" : "+") + time;
      if (one.textContent !== text) {
        one.textContent = text;
        one.setAttribute("aria-label", (left >= 0 ? words.saidLeft : words.saidOver).replace("{time}", time));
        one.setAttribute("role", "timer");
      }
      one.classList.toggle("late", left < 0);
    }
  };
  const element = (key) => document.querySelector(`[data-piece="${CSS.escape(key)}"]`);
  const show = (news) => {
    number = news.number;
    for (const [key, html] of Object.entries(news.pieces)) {
      let target = element(key);
      if (!target && key.startsWith("idea-")) {
        target = document.createElement("li");
        target.dataset.piece = key;
        target.className = "fresh";
        list.append(target);
      }
      if (target && target.innerHTML.trim() !== html) target.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    }
    for (const one of [...list.children]) if (!news.ideas.includes(one.dataset.piece)) one.remove();
    news.ideas.forEach((key, place) => {
      const target = element(key);
      if (target && list.children[place] !== target) list.insertBefore(target, list.children[place] || null);
    });
    if (news.kind) words.kind = news.kind;
    tick();
  };
  const alive = () => { heard = Date.now(); lost.hidden = true; };
  const listen = () => {
    source?.close();
    source = new EventSource(`${root}/events?after=${number}`);
    source.addEventListener("open", alive);
    source.addEventListener("scene", (event) => { alive(); show(JSON.parse(event.data)); });
    source.addEventListener("error", () => { if (source.readyState === 2) setTimeout(listen, 4000); });
  };
  // Where no stream gets through, it looks; where nothing answers, it says since when.
  setInterval(async () => {
    if (source && source.readyState === 1) { alive(); return; }
    try {
      const answer = await fetch(`${root}/now`, { cache: "no-store" });
      if (!answer.ok) return;
      alive();
      show(await answer.json());
    } catch {
      if (Date.now() - heard < 12000) return;
      lost.textContent = words.saidLost.replace("{time}", new Date(heard).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
      lost.hidden = false;
    }
  }, 5000);
  tick();
  setInterval(tick, 1000);
  listen();
  navigator.wakeLock?.request("screen").catch(() => {});
})();
