// The editor of queries: runs without leaving the page, can be cancelled, remembers what was typed.
"use strict";

const form = document.querySelector("[data-sql]");
const area = form.elements.q;
const told = (text) => { document.querySelector("[data-state]").textContent = text; };
const KEPT = "datalab-sql";
if (!area.value) area.value = sessionStorage.getItem(KEPT) || "";
area.addEventListener("input", () => sessionStorage.setItem(KEPT, area.value));
area.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

for (const code of document.querySelectorAll(".tables code")) {
  if (code.closest("summary")) continue;
  code.dataset.insert = "";
  code.addEventListener("click", () => {
    area.setRangeText(code.textContent, area.selectionStart, area.selectionEnd, "end");
    area.focus();
  });
}

const cancel = document.querySelector("[data-cancel]");
const token = () => document.querySelector("meta[name=datalab-token]")?.content || "";
let running = null;
// Said to the lab as well: what lies between may not tell it that nobody listens any more.
const stop = async () => {
  if (!running) return;
  running.abort();
  running = null;
  const body = new URLSearchParams({ _token: token() });
  await fetch(`${form.action}cancel`, { method: "POST", body, keepalive: true, headers: { "X-Datalab-Token": token() } }).catch(() => {});
};
addEventListener("pagehide", stop);
form.addEventListener("submit", async (event) => {
  if (event.submitter?.value === "csv" || !cancel) return;
  event.preventDefault();
  await stop();
  const mine = running = new AbortController();
  cancel.hidden = false;
  form.setAttribute("aria-busy", "true");
  told(form.dataset.asking);
  try {
    const body = new URLSearchParams([...new FormData(form)]);
    const answer = await fetch(form.action, { method: "POST", body, signal: mine.signal, headers: { Accept: "text/html", "X-Datalab-Token": token() } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const made = found.getElementById("answer");
    if (!made) throw new Error("no answer");
    document.getElementById("answer").replaceChildren(...made.childNodes);
    document.querySelector("[data-examples]")?.remove();
    draw();
  } catch (error) {
    told(mine.signal.aborted ? form.dataset.cancelled : form.dataset.lost);
  } finally {
    if (running === mine) running = null;
    if (!running) {
      cancel.hidden = true;
      form.removeAttribute("aria-busy");
    }
  }
});
cancel?.addEventListener("click", stop);

const share = document.querySelector("[data-share]");
if (share && navigator.clipboard) {
  share.hidden = false;
  const said = share.textContent;
  share.addEventListener("click", async () => {
    const address = new URL(location.pathname, location.href);
    address.searchParams.set("q", area.value);
    await navigator.clipboard.writeText(address.href);
    share.textContent = share.dataset.done;
    setTimeout(() => { share.textContent = said; }, 2000);
  });
}

const load = (tag, values) => new Promise((done, fail) => {
  document.head.append(Object.assign(document.createElement(tag), values, { onload: done, onerror: fail }));
});
const draw = async () => {
  const box = document.querySelector("[data-sql-map]");
  if (!box) return;
  try {
    if (!window.L) {
      await load("link", { rel: "stylesheet", href: `${box.dataset.assets}leaflet.css` });
      await load("script", { src: `${box.dataset.assets}leaflet.js` });
    }
    box.hidden = false;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = L.map(box, { attributionControl: false, zoomSnap: 0.5, zoomAnimation: !still, scrollWheelZoom: false, dragging: !L.Browser.mobile, preferCanvas: false });
    const outlines = await (await fetch(box.dataset.outlines)).json();
    if (outlines.features) L.geoJSON(outlines, { interactive: false, className: "sql-area" }).addTo(map);
    const shapes = L.geoJSON(JSON.parse(box.dataset.shapes), {
      pointToLayer: (one, at) => L.circleMarker(at, { radius: 6 }),
      style: { className: "sql-shape" },
      onEachFeature: (one, shape) => {
        const said = document.createElement("dl");
        for (const [name, value] of Object.entries(one.properties)) {
          said.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
        }
        shape.bindPopup(said);
      },
    }).addTo(map);
    map.fitBounds(shapes.getBounds().pad(0.1), { maxZoom: 15 });
  } catch (error) {
    box.hidden = true; // the table below says the same
  }
};
draw();
