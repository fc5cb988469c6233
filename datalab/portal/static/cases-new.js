// The form of a report, one step at a time. Without this it is one long form.
"use strict";

for (const form of document.querySelectorAll("[data-steps]")) {
  const words = form.dataset, line = document.createElement("p"), bar = document.createElement("progress");
  const count = document.createElement("span"), kept = document.querySelector("[data-kept-panel]");
  const all = [...form.querySelectorAll("[data-step]")], step = (name) => all.find((one) => one.dataset.step === name);
  const alikeStep = step("alike"), alike = form.querySelector("[data-alike]");
  const latitude = form.querySelector("[name=latitude]"), longitude = form.querySelector("[name=longitude]");
  let here = 0, asked = "", found = false;

  line.className = "step-line";
  bar.setAttribute("aria-hidden", "true");
  line.append(count, bar);
  form.prepend(line);

  const kind = () => form.querySelector("[name=service]:checked")?.value || "";
  const question = () => kind() === words.question;
  // A step counts where there is something in it to do.
  const steps = () => all.filter((one) => one !== alikeStep || found);

  const fit = () => {
    for (const part of form.querySelectorAll("[data-service]")) {
      part.hidden = part.dataset.service !== kind();
      for (const field of part.querySelectorAll("input, select, textarea")) field.disabled = part.hidden;
    }
    for (const part of form.querySelectorAll(".only-question")) part.hidden = !question();
    const photo = form.querySelector("[name=photo]");
    form.querySelector("[data-with-photo]").hidden = !photo.files.length && !form.querySelector("[name=photo-kept]");
  };

  const show = (number, focus = true) => {
    const now = steps();
    here = Math.max(0, Math.min(number, now.length - 1));
    for (const one of all) one.hidden = one !== now[here];
    count.textContent = words.saidStep.replace("{here}", here + 1).replace("{all}", now.length);
    bar.max = now.length;
    bar.value = here + 1;
    fit();
    if (!focus) return;
    const heading = now[here].querySelector("h2, legend, label");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    line.scrollIntoView({ block: "start" });
  };

  const complain = (field, text) => {
    field.setCustomValidity(text);
    field.reportValidity();
    return false;
  };
  // What can be said at once; the server looks again at everything.
  const good = (one) => {
    const name = one.dataset.step;
    for (const field of one.querySelectorAll("input, select, textarea")) field.setCustomValidity("");
    if (name === "kind" && !kind()) return complain(form.querySelector("[name=service]"), words.saidKind);
    if (name === "place" && !question()) {
      const said = form.querySelector("[name=place]");
      const commune = form.querySelector("[name=commune]");
      if (!latitude.value && commune && !commune.value) return complain(commune, words.saidPlace);
      if (!latitude.value && !said.value.trim()) return complain(said, words.saidPlace);
    }
    if (name === "what") {
      const said = form.querySelector("[name=description]"), photo = form.querySelector("[name=photo]");
      if (!said.value.trim() && !photo.files.length && !form.querySelector("[name=photo-kept]")) return complain(said, words.saidWhat);
    }
    if (name === "contact" && !form.querySelector("[name=consent]").checked) return complain(form.querySelector("[name=consent]"), words.saidConsent);
    for (const field of one.querySelectorAll("input, select, textarea")) {
      if (!field.disabled && !field.checkValidity()) { field.reportValidity(); return false; }
    }
    return true;
  };

  const near = async () => {
    const body = new URLSearchParams({ service: kind(), latitude: latitude.value, longitude: longitude.value });
    for (const name of ["commune", "place"]) body.set(name, form.querySelector(`[name=${name}]`)?.value || "");
    const place = body.toString();
    if (question() || !navigator.onLine) { found = false; return; }
    if (place === asked) return;
    const token = document.querySelector("[data-outbox-words] [name=_token]");
    body.set("_token", token ? token.value : "");
    const patience = new AbortController(), limit = setTimeout(() => patience.abort(), 4000);
    try {
      const answer = await fetch(words.near, { method: "POST", body, signal: patience.signal, credentials: "same-origin" });
      alike.innerHTML = answer.ok ? await answer.text() : ""; // our own template, escaped there
      if (answer.ok) asked = place;
    } catch { alike.replaceChildren(); } finally { clearTimeout(limit); }
    found = Boolean(alike.firstElementChild);
  };

  const button = (name, text) => Object.assign(document.createElement("button"), { type: "button", className: name, textContent: text });
  for (const one of all) {
    const actions = document.createElement("div");
    actions.className = "step-actions";
    const back = button("second", words.saidBack), next = button("next", words.saidNext);
    back.addEventListener("click", () => show(here - 1));
    next.addEventListener("click", async () => {
      if (!good(one)) return;
      next.disabled = true;
      try { if (one.dataset.step === "place") await near(); } finally { next.disabled = false; }
      show(steps().indexOf(one) + 1);
    });
    if (one.dataset.step !== "kind") actions.append(back);
    if (one.dataset.step !== "contact") actions.append(next);
    else actions.append(form.querySelector("[data-send]"));
    one.append(actions);
  }
  for (const field of form.querySelectorAll("[name=service]")) {
    // A touch on a kind is enough; with arrow keys one looks at several first.
    field.addEventListener("click", (event) => { if (event.detail > 0 || event.pointerType) setTimeout(() => show(1), 120); });
    field.addEventListener("change", fit);
  }
  form.querySelector("[name=photo]").addEventListener("change", fit);
  form.addEventListener("filled", () => { form.hidden = false; kept.hidden = true; show(kind() ? 1 : 0, false); });
  form.addEventListener("reset", () => setTimeout(() => { asked = ""; found = false; fit(); }));

  // In front of the queue, which takes the form over: what it keeps says whether it had to wait.
  form.addEventListener("submit", (event) => {
    if (event.submitter && "outboxNot" in event.submitter.dataset) return;
    const wrong = steps().find((one) => one !== alikeStep && !good(one));
    if (wrong) {
      event.preventDefault();
      event.stopImmediatePropagation();
      show(steps().indexOf(wrong));
      good(wrong);
      return;
    }
    form.querySelector("[name=waited]").value = navigator.onLine ? "" : "yes";
  }, { capture: true });
  form.addEventListener("outbox", (event) => {
    const gone = event.detail.state !== "refused";
    if (event.detail.state === "waiting") { form.hidden = true; kept.hidden = false; kept.focus(); }
    if (!gone) { form.hidden = false; kept.hidden = true; }
  });
  // Enter in a line goes on instead of sending half of it.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input:not([type=submit])")) return;
    event.preventDefault();
    steps()[here].querySelector(".next, [data-send]")?.click();
  });

  const wrong = form.querySelector("[aria-invalid=true], .wrong");
  if (document.getElementById("alike")) { // an answer to a form sent without this script
    line.hidden = true;
    fit();
  } else if (wrong) show(Math.max(0, steps().findIndex((one) => one.contains(wrong))), false);
  else show(kind() ? 1 : 0, false);
}
