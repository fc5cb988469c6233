/* The map of a place field (place_field.html): our own outlines, loaded when somebody asks for it. */
"use strict";

for (const field of document.querySelectorAll("[data-place]")) {
  const form = field.closest("form"), part = (name) => field.querySelector(`[data-place-${name}]`);
  const latitude = field.querySelector("[name$=latitude]"), longitude = field.querySelector("[name$=longitude]");
  const commune = field.querySelector("[name$=commune]"), said = part("said"), frame = part("frame");
  const opener = part("open"), here = part("here"), clear = part("clear"), words = field.dataset;
  let map = null, marker = null, outlines = null, lines = null;

  if (!commune) continue; // no outlines in this lake: words have to do
  part("ways").hidden = false;
  here.hidden = !(window.isSecureContext && navigator.geolocation);

  const load = (make) => new Promise((done, fail) => {
    const made = make();
    made.onload = done;
    made.onerror = fail;
    document.head.append(made);
  });
  const ready = async () => {
    if (!window.L) {
      await load(() => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${words.assets}leaflet.css` }));
      await load(() => Object.assign(document.createElement("script"), { src: `${words.assets}leaflet.js` }));
    }
    outlines ??= await (await fetch(words.outlines)).json();
  };

  // The same test as the server makes, to say at once what it will say.
  const rings = (shape) => (shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat());
  const inside = (shape, x, y) => {
    let odd = false;
    for (const ring of rings(shape)) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [x1, y1] = ring[i], [x2, y2] = ring[j];
        if ((y1 > y) !== (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1) odd = !odd;
      }
    }
    return odd;
  };
  const choose = (lat, lng, zoom) => {
    latitude.value = lat.toFixed(6);
    longitude.value = lng.toFixed(6);
    clear.hidden = false;
    const found = outlines && outlines.features.find((one) => inside(one.geometry, lng, lat));
    if (found) commune.value = found.properties.code;
    if (outlines) said.textContent = found ? words.saidChosen.replace("{commune}", found.properties.name) : words.saidOutside;
    if (map) {
      marker ??= L.circleMarker([lat, lng], { radius: 11, className: "place-point" }).addTo(map);
      marker.setLatLng([lat, lng]);
      if (zoom) map.setView([lat, lng], zoom); else if (!map.getBounds().contains([lat, lng])) map.panTo([lat, lng]);
    }
    latitude.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const forget = (silent) => {
    latitude.value = longitude.value = "";
    clear.hidden = true;
    if (marker) { marker.remove(); marker = null; }
    said.textContent = silent ? "" : words.saidGone;
    latitude.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // Two buttons may ask for the map while it loads: it is drawn once.
  let drawing = null;
  const show = async () => {
    const drawn = map ? true : await (drawing ??= draw());
    drawing = null;
    if (!drawn) { said.textContent = words.saidNomap; return false; }
    frame.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    map.invalidateSize();
    if (latitude.value) choose(Number(latitude.value), Number(longitude.value), 15);
    return true;
  };
  const draw = async () => {
    try { await ready(); } catch { return false; }
    frame.hidden = false;
    const box = part("map");
    map = L.map(box, { attributionControl: false, zoomSnap: 0.5, minZoom: 9, maxZoom: 19, zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches });
    const areas = L.geoJSON(outlines, { interactive: false, className: "place-area" }).addTo(map);
    map.fitBounds(areas.getBounds());
    map.setMaxBounds(areas.getBounds().pad(0.3));
    areas.eachLayer((one) => {
      one.bindTooltip(one.feature.properties.name, { permanent: true, direction: "center", className: "place-name" });
    });
    const named = () => box.classList.toggle("far", map.getZoom() < 11.5);
    map.on("zoomend", named);
    named();
    map.on("click", (event) => choose(event.latlng.lat, event.latlng.lng));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      const middle = map.getCenter();
      choose(middle.lat, middle.lng);
    });
    if (words.streets) map.on("moveend", streets);
    return true;
  };
  const streets = async () => {
    if (map.getZoom() < 14) { lines?.clearLayers(); return; }
    const b = map.getBounds();
    const query = new URLSearchParams({ west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth() });
    try {
      const found = await (await fetch(`${words.streets}?${query}`)).json();
      lines ??= L.geoJSON(null, { interactive: false, className: "place-street" }).addTo(map);
      lines.clearLayers();
      lines.addData(found);
    } catch { /* the outlines remain */ }
  };

  opener.addEventListener("click", async () => {
    if (!frame.hidden) { frame.hidden = true; opener.setAttribute("aria-expanded", "false"); return; }
    if (await show()) { opener.setAttribute("aria-expanded", "true"); map.invalidateSize(); part("map").focus(); }
  });
  clear.addEventListener("click", () => forget(false));
  here.addEventListener("click", () => {
    said.textContent = words.saidAsking;
    navigator.geolocation.getCurrentPosition(
      async ({ coords }) => { await show(); choose(coords.latitude, coords.longitude, 16); },
      () => { said.textContent = words.saidRefused; },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });
  form?.addEventListener("reset", () => setTimeout(() => forget(true)));
  form?.addEventListener("filled", () => {
    if (latitude.value) ready().then(() => choose(Number(latitude.value), Number(longitude.value)), () => {});
  });

  // So that the map also opens without a network, on a phone that is not short of it.
  const line = navigator.connection;
  if ("serviceWorker" in navigator && !line?.saveData && !/2g/.test(line?.effectiveType || "")) {
    addEventListener("load", () => setTimeout(() => {
      for (const file of [`${words.assets}leaflet.js`, `${words.assets}leaflet.css`, words.outlines]) fetch(file).catch(() => {});
    }, 3000));
  }
}
