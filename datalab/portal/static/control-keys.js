/* Shortcuts of one letter: never in a field, never with another key, and off where somebody says so. */
"use strict";

{
  const help = document.getElementById("keys"), where = help.dataset.keys;
  const box = document.getElementById("keys-on");
  try { box.checked = localStorage.getItem("control-keys") !== "off"; } catch { /* kept for this page */ }
  box.addEventListener("change", () => {
    try { localStorage.setItem("control-keys", box.checked ? "on" : "off"); } catch { /* as above */ }
  });
  const rows = () => [...document.querySelectorAll("#list [data-case]")];
  const step = (by) => {
    const all = rows(), now = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, now + by))];
    next?.querySelector(".case-open").focus();
  };
  const current = () => rows().find((row) => row.contains(document.activeElement));
  const follow = (selector) => document.querySelector(selector)?.click();
  const reach = (id) => {
    const field = document.getElementById(id);
    if (!field) return;
    for (let up = field.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
    field.focus();
    field.scrollIntoView({ block: "center" });
  };
  const open = (anchor) => {
    const link = current()?.querySelector(".case-open");
    if (link) location.href = link.href + anchor;
  };
  const shown = () => { help.open = true; box.focus(); };
  const keys = where === "list" ? {
    j: () => step(1), k: () => step(-1), x: () => current()?.querySelector("input").click(), "/": () => document.getElementById("q").focus(),
    a: () => open("#do-assign"), r: () => open("#do-answer"), n: () => open("#do-note"), m: () => open("#do-merge"), "?": shown,
  } : {
    j: () => follow("a[rel=next]"), k: () => follow("a[rel=prev]"), u: () => follow("a[data-back]"),
    a: () => reach("team"), r: () => reach("text"), n: () => reach("remark"), m: () => reach("first"), "?": shown,
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input, textarea, select")) { event.target.blur(); return; }
    const typing = event.target.isContentEditable || event.target.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");
    if (!box.checked || typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.closest("[data-control-map]")) return; // + and arrows belong to the map
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  if (where === "case") {
    const fields = { "#do-assign": "team", "#do-answer": "text", "#do-note": "remark", "#do-merge": "first" };
    if (fields[location.hash]) reach(fields[location.hash]);
  }
}
