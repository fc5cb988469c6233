// The sliders of the positive-energy blocks: every case was computed beforehand and is looked up.
"use strict";

(() => {
  const form = document.querySelector("form[data-cases]");
  const lang = document.documentElement.lang;
  const news = form.querySelector("[data-news]");
  const ranges = [...form.querySelectorAll("input[type=range]")];
  const names = ["works", "panels", "electric_cars", "battery", "heat"];
  const key = (row) => names.map((name) => row[name]).join("|");
  let cases = null;
  let waiting = 0;

  const said = (input) => {
    const text = `${Number(input.value).toLocaleString(lang)}\u00a0${input.dataset.unit}`;
    document.getElementById(`${input.id}-said`).textContent = text;
    input.setAttribute("aria-valuetext", text);
  };

  const show = () => {
    const data = new FormData(form);
    const row = cases.get(names.map((name) => data.get(name)).join("|"));
    if (!row) return;
    for (const place of form.querySelectorAll("[data-value]")) {
      const value = row[place.dataset.value];
      const digits = Number(place.dataset.digits);
      place.textContent = value === null ? "–"
        : value.toLocaleString(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    }
    for (const bar of form.querySelectorAll("[data-bar]")) {
      bar.setAttribute("width", String(Math.min(Math.max(row[bar.dataset.bar], 0), 220)));
    }
    // What a screen reader is told, once the slider rests.
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const parts = [...form.querySelectorAll(".sum, .ratios p")];
      news.textContent = parts.map((one) => one.textContent.trim().replace(/\s+/g, " ")).join(" ; ");
    }, 700);
    history.replaceState(null, "", `?${new URLSearchParams(data)}`);
  };

  form.addEventListener("input", (event) => {
    if (ranges.includes(event.target)) said(event.target);
    if (cases) show();
  });

  fetch(form.dataset.cases)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((rows) => {
      cases = new Map(rows.map((row) => [key(row), row]));
      form.querySelector("[data-plain]").hidden = true;
    })
    .catch(() => {}); // the button stays, and asks the server
})();
