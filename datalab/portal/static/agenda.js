// Phases in another order: dragged, or moved with the arrow keys on their ↕ button.
"use strict";

{
  const list = document.querySelector("[data-order]");
  const said = document.querySelector("[data-said]");
  if (list) {
    document.querySelector("[data-keys]").hidden = false;
    let sending = Promise.resolve();
    const items = () => [...list.children];
    const send = (item) => {
      const form = item.querySelector(".phase-acts");
      const body = new URLSearchParams(new FormData(form));
      body.set("act", "to");
      body.set("to", String(items().indexOf(item)));
      said.textContent = said.dataset.text.replace("{place}", items().indexOf(item) + 1).replace("{count}", items().length);
      // One after the other: each place is meant in the order that the one before made.
      sending = sending.then(async () => {
        const answer = await fetch(list.dataset.order, { method: "POST", body, headers: { Accept: "application/json", "X-Datalab-Token": list.dataset.token } });
        if (!answer.ok) location.reload();
      }).catch(() => location.reload());
      mark();
    };
    const mark = () => {
      const all = items();
      all.forEach((item, place) => {
        item.querySelector("[value=up]").disabled = place === 0;
        item.querySelector("[value=down]").disabled = place === all.length - 1;
      });
    };
    let held = null;
    for (const item of items()) {
      const grip = item.querySelector(".grip");
      grip.hidden = false;
      grip.addEventListener("keydown", (event) => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
        if (!other) return;
        if (step < 0) other.before(item);
        else other.after(item);
        grip.focus();
        send(item);
      });
      grip.addEventListener("pointerdown", () => { item.draggable = true; });
      item.addEventListener("dragstart", (event) => { held = item; event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", ""); });
      item.addEventListener("dragover", (event) => {
        if (!held || held === item) return;
        event.preventDefault();
        const box = item.getBoundingClientRect();
        if (event.clientY < box.top + box.height / 2) item.before(held);
        else item.after(held);
      });
      item.addEventListener("drop", (event) => event.preventDefault());
      item.addEventListener("dragend", () => { item.draggable = false; if (held) send(held); held = null; });
    }
  }
}
