/* A questionnaire, one page at a time: skips and checks as the server computes them (conditions.js),
   drafts and sending by outbox.js. Without this script the same form goes page by page through the
   server. A page that is left is also kept there, so that a private link goes on with it. */
"use strict";

for (const form of document.querySelectorAll("form[data-survey]")) {
  const sections = JSON.parse(form.dataset.survey), words = form.dataset, single = "single" in words;
  const steps = new Map([...form.querySelectorAll("section[data-step-of]")].map((one) => [one.dataset.stepOf, one]));
  const boxes = new Map([...form.querySelectorAll("[data-question]")].map((one) => [one.dataset.question, one]));
  const fields = (name) => [...form.elements].filter((field) => field.name === name);
  const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
  const today = () => { const d = new Date(); return new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 10); };
  let step = words.step || "intro";

  const point = ({ name }) => ["latitude", "longitude"].map((axis) => fields(`q-${name}-${axis}`)[0]?.value.trim() || "").join(" ").trim();
  const commune = ({ name }) => fields(`q-${name}-commune`)[0]; // its middle counts where there is no point
  // What was typed, as conditions see it.
  const given = (variable) => {
    const name = `q-${variable.name}`;
    if (variable.kind === "place") return point(variable) || commune(variable)?.value || "";
    const found = fields(name), ticked = found.filter((f) => !["radio", "checkbox"].includes(f.type) || f.checked).map((f) => f.value);
    return ticked.join(" ").trim();
  };
  const numeric = (text) => text.replace(/[ \u00a0\u202f]/g, "").replace(",", ".");
  const written = (variable) => {
    const text = given(variable);
    if (!["integer", "decimal"].includes(variable.kind)) return text;
    const compact = numeric(text);
    return /^[-+]?\d{1,15}(\.\d{1,9})?$/.test(compact) ? conditions.text(Number(compact)) : "";
  };

  // Which sections and questions are asked, and what is known so far, in order.
  function look() {
    const answers = {}, shown = new Set(), day = today();
    for (const section of sections) {
      const inside = !section.relevant || conditions.holds(section.relevant, answers, "", day);
      if (inside) shown.add(section.name);
      for (const question of section.questions) {
        const asked = inside && (!question.relevant || conditions.holds(question.relevant, answers, "", day));
        if (!asked) continue;
        shown.add(`${section.name}.${question.name}`);
        if (question.calculation) { answers[question.name] = conditions.text(conditions.value(question.calculation, answers, "", day)); continue; }
        for (const variable of question.variables) {
          if (variable.beside && !answers[question.name]?.split(" ").includes("other")) continue;
          const text = written(variable);
          if (text && !wrongWith(question, variable, answers)) answers[variable.name] = text;
        }
      }
    }
    return { answers, shown };
  }
  function wrongWith(question, variable, answers) {
    const text = given(variable);
    if (!text) return question.required || variable.beside ? words.required : "";
    if (["integer", "decimal"].includes(variable.kind)) {
      const compact = numeric(text), value = Number(compact);
      if (!/^[-+]?\d{1,15}(\.\d{1,9})?$/.test(compact)) return words.number;
      if (variable.kind === "integer" && !Number.isInteger(value)) return words.whole;
      const { min, max } = question, facts = { low: min, high: max };
      if (min !== null && max !== null && (value < min || value > max)) return filled(words.between, facts);
      if (min !== null && value < min) return filled(words.least, facts);
      if (max !== null && value > max) return filled(words.most, facts);
    }
    // A constraint says the answer itself as "." or by its name.
    const own = written(variable);
    if (question.constraint && !conditions.holds(question.constraint, { ...answers, [variable.name]: own }, own, today())) return question.message;
    return "";
  }

  function draw() {
    const { shown } = look();
    for (const section of sections) {
      for (const question of section.questions) {
        const box = boxes.get(question.name);
        if (!box) continue;
        const asked = shown.has(`${section.name}.${question.name}`);
        box.hidden = !asked;
        for (const field of box.querySelectorAll("input, select, textarea")) field.disabled = !asked;
        const beside = box.querySelector("[data-beside]");
        if (beside) {
          const open = asked && fields(`q-${question.name}`).some((f) => f.value === "other" && (f.checked || f.tagName === "SELECT"));
          beside.hidden = !open;
          for (const field of beside.querySelectorAll("input")) field.disabled = !open;
        }
      }
      if (single) steps.get(section.name).hidden = !shown.has(section.name);
    }
    return shown;
  }
  const order = (shown) => ["intro", ...sections.map((s) => s.name).filter((name) => shown.has(name)), "review"];

  // What is wrong, said under each field. Gives the first field to look at.
  function tell(names) {
    const { answers, shown } = look();
    let first = null;
    const agreed = fields("agreed")[0];
    if (names.has("intro") && agreed) first = mark(agreed, document.getElementById("agreed-wrong"), agreed.checked ? "" : words.disagreed) || first;
    for (const section of sections.filter((one) => names.has(one.name))) {
      for (const question of section.questions) {
        const asked = shown.has(`${section.name}.${question.name}`);
        for (const variable of question.variables) {
          const line = document.getElementById(`q-${variable.name}-wrong`);
          if (!line) continue;
          const counts = asked && !(variable.beside && !answers[question.name]?.split(" ").includes("other"));
          const found = fields(`q-${variable.name}`)[0] || line.parentElement.querySelector("button, select, input:not([type=hidden])");
          first = first || mark(found, line, counts ? wrongWith(question, variable, answers) : "");
          if (first) mark(found, line, counts ? wrongWith(question, variable, answers) : "");
        }
      }
    }
    return first;
  }
  function mark(field, line, text) {
    line.textContent = text || line.textContent;
    line.hidden = !text;
    for (const one of field?.name ? fields(field.name).filter((f) => f.type !== "radio") : []) text ? one.setAttribute("aria-invalid", "true") : one.removeAttribute("aria-invalid");
    return text ? field : null;
  }

  function show(name, focus = true) {
    const path = order(draw()), place = path.indexOf(name), sent = name === "sent";
    step = name;
    for (const [key, section] of steps) section.hidden = key !== name;
    for (const one of form.querySelectorAll("p[data-step-of]")) one.hidden = one.dataset.stepOf !== name;
    form.elements.step.value = name;
    const go = (which) => form.querySelector(`[data-go=${which}]`);
    go("back").hidden = sent || name === "intro";
    go("next").hidden = sent || name === "review";
    go("send").hidden = name !== "review";
    form.querySelector("[data-start]").hidden = name !== "intro";
    form.querySelector("[data-further]").hidden = name === "intro";
    const bar = form.querySelector("[data-progress]"), count = path.length - 2;
    bar.hidden = sent || place < 1 || place > count;
    bar.querySelector("p").textContent = filled(words.page, { number: place, count });
    bar.querySelector("progress").max = count + 1;
    bar.querySelector("progress").value = place;
    if (name === "review") review();
    if (focus) {
      scrollTo(0, 0);
      steps.get(name).querySelector("h1, h2")?.focus({ preventScroll: true });
    }
  }

  // The last look, made of what the page itself shows.
  function review() {
    const place = form.querySelector("[data-review]"), { shown } = look(), parts = [];
    const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    for (const section of sections.filter((one) => shown.has(one.name))) {
      const list = document.createElement("dl");
      list.className = "answers";
      for (const question of section.questions) {
        const box = boxes.get(question.name);
        if (!box || !shown.has(`${section.name}.${question.name}`)) continue;
        for (const variable of question.variables) {
          const text = shownAs(variable);
          if (!text) continue;
          const title = box.querySelector("legend, label")?.firstChild.textContent.trim() || "";
          const line = question.type === "matrix" ? ` – ${fields(`q-${variable.name}`)[0].closest("fieldset").querySelector("legend").textContent.trim()}` : "";
          const row = document.createElement("div");
          row.append(make("dt", title + line), make("dd", text));
          list.append(row);
        }
      }
      if (!list.children.length) continue;
      const title = steps.get(section.name).querySelector("h2").textContent;
      parts.push(make("h3", title), list);
    }
    place.replaceChildren(...(parts.length ? parts : [make("p", words.none)]));
  }
  function shownAs(variable) {
    const found = fields(`q-${variable.name}`).filter((field) => !field.disabled);
    if (variable.kind === "place") {
      const chosen = commune(variable);
      return point(variable).split(" ").filter(Boolean).map((part) => Number(part).toFixed(3)).join(", ") || (chosen?.value ? chosen.selectedOptions[0].textContent.trim() : "");
    }
    return found.map((field) => {
      if (["radio", "checkbox"].includes(field.type)) return field.checked ? field.closest("label").textContent.trim() : "";
      if (field.tagName === "SELECT") return field.value ? field.selectedOptions[0].textContent.trim() : "";
      return field.value.trim();
    }).filter(Boolean).join(", ");
  }

  // Kept at the lab as well, where there is a network; nothing depends on it.
  let keeping = 0;
  function keep() {
    clearTimeout(keeping);
    if (!words.keep || !fields("agreed")[0]?.checked || !navigator.onLine) return;
    keeping = setTimeout(() => {
      const body = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
      fetch(words.keep, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => {});
    }, 400);
  }
  function move(way) {
    const path = order(draw()), place = Math.max(0, path.indexOf(step));
    if (way === "back") { if (history.state?.survey) history.back(); else show(path[Math.max(0, place - 1)]); return; }
    const first = tell(new Set([step]));
    if (first) { first.focus(); return; }
    const next = path[place + 1];
    if (!next) return;
    history.pushState({ survey: next }, "");
    show(next);
    if (form.elements.left) { form.elements.left.value = next; form.elements.left.dispatchEvent(new Event("input", { bubbles: true })); }
    keep();
  }

  // Before the outbox takes the form over.
  document.addEventListener("submit", (event) => {
    if (event.target !== form) return;
    if ("preview" in words) { event.preventDefault(); return; }
    const way = event.submitter?.dataset.go || (single ? "send" : "next");
    if (way !== "send") {
      event.preventDefault();
      event.stopImmediatePropagation();
      move(way);
      return;
    }
    const first = tell(new Set(order(draw())));
    if (!first) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!single) show(first.closest("[data-step-of]").dataset.stepOf, false);
    first.focus();
  }, true);
  form.addEventListener("input", () => draw());
  form.addEventListener("change", () => draw());
  form.addEventListener("reset", () => setTimeout(draw));
  const goOn = () => {
    const path = order(draw()), left = form.elements.left?.value;
    // Whoever comes back goes on at the page that was left.
    if (step === "intro" && fields("agreed")[0]?.checked && path.includes(left)) { show(left); return; }
    if (step === "sent") show(path.find((name) => tell(new Set([name]))) || "review");
  };
  form.addEventListener("filled", goOn);
  form.addEventListener("outbox", ({ detail }) => { if (detail.state !== "refused") show("sent"); });
  addEventListener("popstate", (event) => { if (!single && step !== "sent") show(event.state?.survey || words.step || "intro"); });
  if (single) draw(); else show(step, false);
  if ("filled" in form.dataset) goOn(); // the draft was there first
}
