// Reports on a map of our own: the outlines of the communes, nothing of anybody else.
"use strict";

for (const box of document.querySelectorAll("[data-cases-map]")) {
  const words = box.dataset;
  const load = (make) => new Promise((done, fail) => {
    const made = make();
    made.onload = done;
    made.onerror = fail;
    document.head.append(made);
  });
  (async () => {
    const outlines = await (await fetch(words.outlines)).json();
    if (!outlines.features) return;
    if (!window.L) {
      await load(() => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${words.assets}leaflet.css` }));
      await load(() => Object.assign(document.createElement("script"), { src: `${words.assets}leaflet.js` }));
    }
    box.hidden = false;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    // One finger scrolls the page; two move the map.
    const map = L.map(box, { attributionControl: false, zoomSnap: 0.5, minZoom: 9, maxZoom: 18, zoomAnimation: !still, scrollWheelZoom: false, dragging: !L.Browser.mobile });
    const areas = L.geoJSON(outlines, { interactive: false, className: "case-area" }).addTo(map);
    map.fitBounds(areas.getBounds());
    map.setMaxBounds(areas.getBounds().pad(0.4));
    if (words.latitude) {
      const at = [Number(words.latitude), Number(words.longitude)];
      const round = L.circle(at, { radius: 111195 * 10 ** -Number(words.decimals) * 0.75, className: "case-round", interactive: false }).addTo(map);
      map.fitBounds(round.getBounds().pad(2));
      return;
    }
    const found = await (await fetch(words.points)).json();
    const spots = L.geoJSON(found, {
      pointToLayer: (one, at) => L.circleMarker(at, { radius: 9, className: `case-spot ${one.properties.status}` }),
      onEachFeature: (one, spot) => {
        const { id, service, state, age } = one.properties;
        const said = document.createElement("div"), link = document.createElement("a");
        const title = Object.assign(document.createElement("b"), { textContent: service });
        link.href = words.page + id;
        link.textContent = words.open;
        said.append(title, document.createElement("br"), `${state} · ${age}`, document.createElement("br"), link);
        spot.bindPopup(said);
      },
    }).addTo(map);
    if (found.features.length) map.fitBounds(spots.getBounds().pad(0.2), { maxZoom: 14 });
  })().catch(() => { box.hidden = true; }); // the list below says the same
}
