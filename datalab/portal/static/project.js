// What scripts add to the pages of projects: an address proposed while one types, names of people,
// one project from two clicks, and who is in now without loading the page again.
"use strict";

{
  const token = document.querySelector("meta[name=datalab-token]")?.content;
  const asked = (address) => fetch(address, { headers: { Accept: "text/html", "X-Datalab-Token": token || "" } });

  for (const field of document.querySelectorAll("[data-from]")) {
    const source = document.getElementById(field.dataset.from);
    const proposed = (title) => {
      const plain = title.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/ß/g, "ss")
        .replace(/ø/g, "o").replace(/ł/g, "l").replace(/€/g, "euro").normalize("NFKD").replace(/\p{M}/gu, "");
      let words = plain.replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "").replace(/-+$/, "");
      if (words.length > 40) {
        const whole = words.slice(0, 41).replace(/-[^-]*$/, "");
        words = whole.length >= 3 && whole.length <= 40 ? whole : words.slice(0, 40);
      }
      return words.replace(/-+$/, "");
    };
    // Only as long as nobody wrote another address.
    let ours = field.value;
    source.addEventListener("input", () => {
      if (field.value !== ours) return;
      const made = proposed(source.value);
      ours = field.value = made.length >= 3 ? made : "";
    });
  }

  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      const button = form.querySelector("button[type=submit]");
      if (form.dataset.busy) button.textContent = form.dataset.busy;
    });
  }
  // Coming back with the browser's button finds the form as it was.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  });

  for (const field of document.querySelectorAll("[data-people]")) {
    const list = document.getElementById(field.getAttribute("list"));
    let timer, latest = 0;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      const typed = field.value.trim();
      if (typed.length < 3) return;
      timer = setTimeout(async () => {
        const mine = ++latest;
        const answer = await asked(`${field.dataset.people}?q=${encodeURIComponent(typed)}`);
        if (!answer.ok || mine !== latest) return;
        list.replaceChildren(...(await answer.json()).map(({ name, display }) => {
          const option = document.createElement("option");
          option.value = name;
          option.label = display;
          return option;
        }));
      }, 250);
    });
  }

  const live = document.querySelector("[data-refresh]");
  if (live && token) {
    const refresh = async () => {
      if (document.hidden || live.contains(document.activeElement)) return;
      const answer = await asked(location.pathname + location.search);
      if (!answer.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(live.id);
      if (found && found.textContent !== live.textContent) live.replaceChildren(...found.childNodes);
    };
    setInterval(refresh, 10_000);
    document.addEventListener("visibilitychange", refresh);
  }
}
