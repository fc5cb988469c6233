/* The control room stays as it is now: what changed is asked for again, what was ticked stays so. */
"use strict";

{
  const room = document.querySelector("[data-control]");
  const said = document.querySelector("[data-live-said]");
  const token = document.querySelector("meta[name=datalab-token]")?.content ?? "";
  const words = room.dataset, query = words.query;
  const picked = document.querySelector("[data-picked]");
  const boxes = () => [...document.querySelectorAll("#list input[name=case]")];
  const tell = () => { const many = boxes().filter((box) => box.checked).length; picked.textContent = many || ""; };
  const page = new URLSearchParams(location.search).get("page");

  let asking = false, again = false;
  const refresh = async () => {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const pairs = new URLSearchParams(query);
      if (page) pairs.set("page", page);
      const answer = await fetch(`${words.base}list?${pairs}`, { headers: { "X-Datalab-Token": token, Accept: "text/html" } });
      if (!answer.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("list");
      await datalabReleased();
      const old = document.getElementById("list");
      if (old.outerHTML === found.outerHTML) return;
      const ticked = new Set(boxes().filter((box) => box.checked).map((box) => box.id));
      const held = old.contains(document.activeElement) ? document.activeElement : null;
      const here = held?.closest("[data-case]")?.dataset.case, on = held?.tagName;
      old.replaceWith(found);
      for (const box of boxes()) box.checked = ticked.has(box.id);
      if (here) {
        const row = found.querySelector(`[data-case="${CSS.escape(here)}"]`) ?? found.querySelector("[data-case]");
        row?.querySelector(on === "INPUT" ? "input" : ".case-open")?.focus({ preventScroll: true });
      }
      tell();
      document.dispatchEvent(new CustomEvent("control:changed"));
    } finally {
      asking = false;
      if (again) { again = false; setTimeout(refresh, 500); }
    }
  };

  document.addEventListener("change", (event) => { if (event.target.name === "case") tell(); });
  tell();

  const listen = () => {
    const stream = new EventSource(`${words.base}stream?_token=${encodeURIComponent(token)}`);
    stream.addEventListener("open", () => {
      if (said.dataset.lost || performance.now() > 1000) refresh(); // what happened meanwhile
      delete said.dataset.lost;
      said.textContent = words.saidLive;
    });
    stream.addEventListener("error", () => {
      said.dataset.lost = "yes";
      said.textContent = words.saidLost;
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    });
    stream.addEventListener("changed", refresh);
    stream.addEventListener("gone", () => { stream.close(); said.textContent = words.saidGone; });
  };
  listen();

  // The list follows a choice at once; the address follows too, so that it can be kept.
  const filters = document.querySelector("[data-filters]");
  filters.addEventListener("submit", () => {
    for (const field of filters.elements) if (!field.value) field.disabled = true;
  });
  window.addEventListener("pageshow", () => { for (const field of filters.elements) field.disabled = false; });
}
