// What a browser with scripts adds: copy buttons, results while you type, values under the pointer.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const said = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = said; }, 2000);
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const picker of document.querySelectorAll("[data-pick]")) {
  // Not on "change": with a keyboard, arrows would reload the page at every step.
  picker.querySelector("button").hidden = false;
}

const wide = window.matchMedia("(min-width: 60rem)");
for (const details of document.querySelectorAll("[data-wide-open]")) {
  if (wide.matches) details.open = true;
}

const live = document.querySelector("[data-live]");
if (live) {
  let timer, latest = 0;
  const refresh = async () => {
    const mine = ++latest;
    const pairs = [...new FormData(live)].filter(([, value]) => value);
    const query = new URLSearchParams(pairs).toString();
    const address = live.action.split("?")[0] + (query ? "?" + query : "");
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const text = answer.ok && await answer.text();
    if (!text || mine !== latest) return; // a later question may be answered already
    const found = new DOMParser().parseFromString(text, "text/html");
    for (const id of ["facets", "results"]) {
      const old = document.getElementById(id);
      const held = old.contains(document.activeElement) ? document.activeElement : null;
      for (const details of old.querySelectorAll("details[id]")) {
        const anew = found.getElementById(details.id);
        if (anew && details.open) anew.open = true;
      }
      old.replaceChildren(...found.getElementById(id).childNodes);
      if (held && held.name) {
        const again = old.querySelector(`[name="${held.name}"][value="${CSS.escape(held.value)}"]`);
        if (again) again.focus();
      }
    }
    document.title = found.title;
    history.replaceState(null, "", address);
  };
  const soon = (wait) => { clearTimeout(timer); timer = setTimeout(refresh, wait); };
  live.addEventListener("input", (event) => soon(event.target.type === "search" ? 250 : 0));
  live.addEventListener("submit", (event) => { event.preventDefault(); soon(0); });
}

for (const map of document.querySelectorAll("[data-map]")) {
  const readout = map.querySelector("[data-readout]");
  const unit = map.querySelector(".legend .quiet");
  const first = map.querySelector(".spot[data-label]");
  let shown = null;
  const show = (spot) => {
    if (!spot || !spot.dataset.label) return;
    if (shown) shown.classList.remove("shown");
    shown = spot;
    spot.classList.add("shown");
    readout.hidden = false;
    const measure = unit && spot.dataset.said ? " " + unit.textContent.replace(/^\(|\)$/g, "") : "";
    readout.textContent = spot.dataset.label + (spot.dataset.said ? map.dataset.colon + spot.dataset.said + measure : "");
  };
  if (first) show(first);
  map.addEventListener("pointerover", (event) => show(event.target.closest(".spot[data-label]")));
  map.addEventListener("click", (event) => show(event.target.closest(".spot[data-label]")));
}
