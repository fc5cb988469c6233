/* The map of the control room: cases and equipment drawn on one canvas, asked for by what is seen. */
"use strict";

{
  const frame = document.querySelector("[data-control-map]");
  const words = frame.dataset, token = document.querySelector("meta[name=datalab-token]")?.content ?? "";
  const said = document.querySelector("[data-map-said]");
  const query = document.querySelector("[data-control]").dataset.query;
  const load = (made) => new Promise((done, fail) => { made.onload = done; made.onerror = fail; document.head.append(made); });
  const get = async (address) => {
    const answer = await fetch(address, { headers: { "X-Datalab-Token": token } });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Leaflet takes a text for HTML: names and numbers are only ever text here.
  const plain = (text) => Object.assign(document.createElement("span"), { textContent: text });
  const start = async () => {
    await load(Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${words.assets}leaflet.css` }));
    await load(Object.assign(document.createElement("script"), { src: `${words.assets}leaflet.js` }));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = L.map(frame, { preferCanvas: true, attributionControl: false, zoomAnimation: !still, fadeAnimation: false, maxZoom: 19 }).setView([47.322, 5.041], 12);
    const canvas = L.canvas({ padding: 0.2 });
    const outlines = await get(words.outlines).catch(() => null);
    if (outlines?.features.length) {
      const lines = L.geoJSON(outlines, { renderer: canvas, interactive: false, style: { color: color("--strong-line"), weight: 1, fill: false } }).addTo(map);
      map.fitBounds(lines.getBounds());
    }
    const cases = L.layerGroup().addTo(map), things = L.layerGroup().addTo(map);
    const kinds = { l: ["--bad", 8], w: ["--gold", 7], o: ["--focus", 6], c: ["--muted", 4], r: ["--muted", 4] };
    const drawCases = async () => {
      const found = await get(`${words.points}?${query}`);
      cases.clearLayers();
      for (const one of found.points) {
        const [name, radius] = kinds[one.s] ?? kinds.o;
        L.circleMarker([one.p[1], one.p[0]], { renderer: canvas, radius, color: color("--surface"), weight: 1.5, fillColor: color(name), fillOpacity: .9 })
          .bindTooltip(plain(`${found.names[one.k] ?? one.k} · ${one.i}`))
          .on("click", () => { location.href = `${words.open}${one.i}${query ? "?" + query : ""}`; })
          .addTo(cases);
      }
      frame.dataset.drawn = found.points.length;
    };
    const chosen = () => [...document.querySelectorAll("[data-layer]:checked")].map((box) => box.dataset.layer);
    let turn = 0;
    const drawThings = async () => {
      const mine = ++turn, box = map.getBounds(), found = [];
      const asked = new URLSearchParams({ west: box.getWest(), south: box.getSouth(), east: box.getEast(), north: box.getNorth(), zoom: map.getZoom() });
      for (const id of chosen()) found.push([id, await get(`${words.equipment}${id}.json?${asked}`)]);
      if (mine !== turn) return; // the map moved on meanwhile
      things.clearLayers();
      let total = 0, drawn = 0;
      for (const [id, layer] of found) {
        total += layer.total;
        const bad = layer.cells.reduce((sum, cell) => sum + cell[3], 0) || layer.points.filter((p) => !layer.states[p[2]]?.[2]).length;
        for (const [x, y, count] of layer.cells) {
          L.circleMarker([y, x], { renderer: canvas, interactive: false, radius: Math.min(22, 2 + Math.sqrt(count) / 1.6), stroke: false, fillColor: color("--green"), fillOpacity: .35 }).addTo(things);
          drawn += 1;
        }
        for (const [x, y, state, name] of layer.points) {
          const [, label, well] = layer.states[state] ?? ["", "–", false];
          const dot = L.circleMarker([y, x], { renderer: canvas, radius: well ? 3 : 5, stroke: !well, weight: 3, color: color("--ring"), fillColor: color(well ? "--green" : "--surface"), fillOpacity: well ? .6 : 1 });
          dot.bindTooltip(plain(`${name} · ${label}`)).addTo(things);
          drawn += 1;
        }
        said.textContent = words.saidMany.replace("{count}", layer.total.toLocaleString(document.documentElement.lang)).replace("{bad}", bad.toLocaleString(document.documentElement.lang));
      }
      if (!found.length) said.textContent = "";
      frame.dataset.things = drawn;
      frame.dataset.total = total;
      cases.eachLayer((one) => one.bringToFront());
    };
    let timer;
    const soon = () => { clearTimeout(timer); timer = setTimeout(() => drawThings().catch(() => {}), 150); };
    map.on("moveend", () => { if (chosen().length) soon(); });
    for (const box of document.querySelectorAll("[data-layer]")) box.addEventListener("change", soon);
    document.addEventListener("control:changed", () => drawCases().catch(() => {}));
    await drawCases();
    soon();
  };
  start().catch(() => { said.textContent = words.saidNomap; });
}
