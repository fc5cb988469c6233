/* A case: its place on a map, and ready answers put into the field at once. */
"use strict";

{
  const ready = document.querySelector("[data-ready]"), text = document.getElementById("text");
  if (ready && text) {
    ready.querySelector("button").hidden = true;
    ready.querySelector("select").addEventListener("change", (event) => {
      const said = event.target.selectedOptions[0].dataset.text;
      if (!said) return;
      text.value = text.value.trim() ? `${text.value.trim()}\n\n${said}` : said;
      text.focus();
    });
  }
  document.getElementById("problem")?.focus();

  const frame = document.querySelector("[data-case-map]");
  const load = (made) => new Promise((done, fail) => { made.onload = done; made.onerror = fail; document.head.append(made); });
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const draw = async () => {
    const words = frame.dataset, place = [Number(words.lat), Number(words.lng)];
    await load(Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${words.assets}leaflet.css` }));
    await load(Object.assign(document.createElement("script"), { src: `${words.assets}leaflet.js` }));
    const map = L.map(frame, { preferCanvas: true, attributionControl: false, zoomAnimation: false, maxZoom: 19 }).setView(place, 14);
    const add = async (address, style) => {
      const answer = await fetch(address);
      if (answer.ok) L.geoJSON(await answer.json(), { interactive: false, style }).addTo(map);
    };
    L.circleMarker(place, { radius: 9, color: color("--surface"), weight: 2, fillColor: color("--bad"), fillOpacity: 1 }).addTo(map);
    await add(words.outlines, { color: color("--strong-line"), weight: 1.5, fill: false });
    const around = { west: place[1] - .02, east: place[1] + .02, south: place[0] - .015, north: place[0] + .015 };
    if (words.streets) await add(`${words.streets}?${new URLSearchParams(around)}`, { color: color("--line"), weight: 2 }).catch(() => {});
  };
  if (frame) draw().catch(() => { frame.hidden = true; });
}
