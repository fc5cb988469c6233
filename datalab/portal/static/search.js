/* Suggestions as one types: a combobox with a list (ARIA 1.2), over a field that works without it. */
"use strict";

for (const field of document.querySelectorAll("[data-suggest]")) {
  const list = document.getElementById(field.dataset.list), said = document.getElementById(field.dataset.said);
  let timer, latest = 0, active = -1, options = [];

  field.removeAttribute("list"); // the browser's own list is for those without scripts
  const roles = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
  for (const [name, value] of Object.entries(roles)) field.setAttribute(name, value);

  const close = () => {
    clearTimeout(timer);
    latest++;
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    active = place;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === place)));
    if (place < 0) { field.removeAttribute("aria-activedescendant"); return; }
    field.setAttribute("aria-activedescendant", options[place].id);
    options[place].scrollIntoView({ block: "nearest" });
  };
  const choose = (option) => {
    close();
    if (option.dataset.kind === "dataset") { location.href = option.dataset.href; return; }
    field.value = option.dataset.text;
    field.form.requestSubmit();
  };
  const show = (found) => {
    options = found.map((one, index) => {
      const option = document.createElement("li"), text = document.createElement("span"), kind = document.createElement("span");
      option.id = `${list.id}-${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      Object.assign(option.dataset, { kind: one.kind, href: one.href, text: one.text });
      text.textContent = one.text;
      kind.textContent = one.kind_label;
      kind.className = "small quiet";
      option.append(text, " ", kind);
      // Before the field loses the focus, which closes the list.
      option.addEventListener("mousedown", (event) => event.preventDefault());
      option.addEventListener("click", () => choose(option));
      return option;
    });
    list.replaceChildren(...options);
    mark(-1);
    list.hidden = !options.length;
    field.setAttribute("aria-expanded", String(options.length > 0));
    said.textContent = options.length ? field.dataset.count.replace("{count}", options.length) : "";
  };
  const ask = async () => {
    const mine = ++latest;
    if (!field.value.trim()) { close(); return; }
    try {
      const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(field.value)}`);
      const found = answer.ok ? (await answer.json()).suggestions : [];
      if (mine === latest && document.activeElement === field) show(found);
    } catch { /* without the network the field remains a field */ }
  };

  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  field.addEventListener("blur", close);
  field.form.addEventListener("submit", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); return; }
    if (event.key === "Enter" && active >= 0) { event.preventDefault(); choose(options[active]); return; }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (list.hidden) { ask(); return; }
    const step = event.key === "ArrowDown" ? 1 : -1, round = options.length + 1;
    mark(((active + 1 + step + round) % round) - 1); // one step beyond the ends is the field itself
  });
}
