// Cards in other places: dragged with the pointer, or picked up with the keyboard.
// Dropped on the middle of a card, an idea is joined with it; above or below, it is put there.
"use strict";

{
  const self = window.datalabBoard;
  const board = document.getElementById("board");
  const words = board.dataset;
  const lanesOf = () => [...board.querySelectorAll("[data-lanes] > [data-lane-id]")];
  const cardsOf = (lane) => [...lane.querySelector("[data-notes]").children];
  const laneOf = (card) => card.closest("[data-lane-id]");
  const gripOf = (card) => card && card.querySelector(".grip");
  const nameOf = (card) => card.querySelector(".note-text").textContent.trim().slice(0, 60);
  const titleOf = (lane) => lane.querySelector("h2").firstChild.textContent.trim();
  const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

  // A text with one "{name}" of a card is said by t() with that word left in its place.
  const send = async (act, card, fields) => {
    const told = await self.post(act, { card: card.dataset.card, seen: card.dataset.seen, ...fields });
    if (told.error) self.tell(told.error.message);
    self.held = null;
    // Also where nothing changed on the server: the card goes back to where it is.
    self.refresh(card.dataset.card);
    return !told.error;
  };
  const put = (card, lane) => {
    const next = card.nextElementSibling;
    return send("move", card, { lane: lane.dataset.laneId, before: next ? next.dataset.card : "" });
  };
  const join = (card, other) => send("merge", card, { into: other.dataset.card });

  // -- pointer ------------------------------------------------------------------
  let dragged = null;
  const clear = () => { for (const one of board.querySelectorAll(".over-before, .over-join, .over-lane")) one.classList.remove("over-before", "over-join", "over-lane"); };
  const zoneOf = (event, card) => {
    const box = card.getBoundingClientRect();
    const share = (event.clientY - box.top) / box.height;
    return share < 0.25 ? "before" : share > 0.75 ? "after" : "join";
  };
  const joinable = (card) => card && card !== dragged && card.dataset.lane !== "waiting" && card.dataset.lane !== "rejected" && card.dataset.kind === "idea";
  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest && event.target.closest("[data-card]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", nameOf(dragged));
    dragged.classList.add("dragged");
  });
  board.addEventListener("dragover", (event) => {
    const lane = dragged && event.target.closest("[data-lane-id]");
    if (!lane || ["waiting", "rejected"].includes(lane.dataset.laneId)) return;
    event.preventDefault();
    clear();
    const card = event.target.closest("[data-card]");
    if (joinable(card)) {
      const zone = zoneOf(event, card);
      if (zone === "join") card.classList.add("over-join");
      else if (zone === "before") card.classList.add("over-before");
      else (card.nextElementSibling || lane).classList.add(card.nextElementSibling ? "over-before" : "over-lane");
    } else lane.classList.add("over-lane");
  });
  board.addEventListener("drop", (event) => {
    const lane = dragged && event.target.closest("[data-lane-id]");
    if (!lane || ["waiting", "rejected"].includes(lane.dataset.laneId)) return;
    event.preventDefault();
    const card = event.target.closest("[data-card]"), moved = dragged;
    clear();
    if (joinable(card) && zoneOf(event, card) === "join") {
      join(moved, card);
      return;
    }
    const notes = lane.querySelector("[data-notes]");
    let next = null;
    if (joinable(card)) next = zoneOf(event, card) === "before" ? card : card.nextElementSibling;
    if (next === moved) next = moved.nextElementSibling;
    notes.insertBefore(moved, next);
    self.held = moved;
    put(moved, lane);
  });
  board.addEventListener("dragend", () => {
    clear();
    if (dragged) dragged.classList.remove("dragged");
    dragged = null;
  });

  // -- keyboard ------------------------------------------------------------------
  let home = null; // where the picked card came from
  const said = (template, card) => {
    const lane = laneOf(card), order = cardsOf(lane);
    self.say(filled(template, { name: nameOf(card), lane: titleOf(lane), place: order.indexOf(card) + 1, count: order.length }));
  };
  const pick = (card) => {
    home = { parent: card.parentElement, next: card.nextElementSibling };
    self.held = card;
    card.classList.add("picked");
    gripOf(card).setAttribute("aria-pressed", "true");
    said(words.picked, card);
  };
  const drop = (card) => {
    card.classList.remove("picked");
    gripOf(card).removeAttribute("aria-pressed");
    home = null;
  };
  const back = (card) => {
    home.parent.insertBefore(card, home.next);
    drop(card);
    self.held = null;
    gripOf(card).focus();
    self.say(words.left);
  };
  const step = (card, key) => {
    const lane = laneOf(card);
    if (key === "ArrowUp" && card.previousElementSibling) card.previousElementSibling.before(card);
    else if (key === "ArrowDown" && card.nextElementSibling) card.nextElementSibling.after(card);
    else if (key === "ArrowLeft" || key === "ArrowRight") {
      const lanes = lanesOf().filter((one) => one.dataset.laneId !== "waiting");
      const at = lanes.indexOf(lane), to = lanes[at + (key === "ArrowRight" ? 1 : -1)];
      if (!to) return;
      const order = cardsOf(lane);
      to.querySelector("[data-notes]").insertBefore(card, cardsOf(to)[order.indexOf(card)] || null);
    }
    gripOf(card).focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    said(words.at, card);
  };
  const wander = (card, key) => {
    const lane = laneOf(card), order = cardsOf(lane), at = order.indexOf(card);
    let to = null;
    if (key === "ArrowUp" || key === "ArrowDown") {
      const rest = key === "ArrowUp" ? order.slice(0, at).reverse() : order.slice(at + 1);
      to = rest.find(gripOf);
    } else {
      const lanes = lanesOf(), place = lanes.indexOf(lane);
      const rest = key === "ArrowLeft" ? lanes.slice(0, place).reverse() : lanes.slice(place + 1);
      const found = rest.find((one) => cardsOf(one).some(gripOf));
      if (found) to = cardsOf(found).slice(at).find(gripOf) || cardsOf(found).filter(gripOf).pop();
    }
    if (to) gripOf(to).focus();
  };
  board.addEventListener("keydown", async (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.ctrlKey || event.metaKey || event.altKey) return;
    const card = grip.closest("[data-card]"), picked = home && self.held === card;
    const key = event.key;
    if (key.startsWith("Arrow")) {
      event.preventDefault();
      if (picked) step(card, key);
      else wander(card, key);
    } else if (key === "Enter" || key === " ") {
      event.preventDefault();
      if (!picked) { pick(card); return; }
      const lane = laneOf(card);
      if (lane.dataset.laneId === "waiting") { back(card); return; }
      said(words.put, card);
      drop(card);
      await put(card, lane);
    } else if (picked && key === "Escape") {
      event.preventDefault();
      back(card);
    } else if (picked && ["r", "j", "+"].includes(key.toLowerCase())) {
      event.preventDefault();
      const other = card.previousElementSibling;
      if (!joinable(other)) { self.say(words.alone); return; }
      const name = nameOf(other);
      const near = gripOf(other);
      drop(card);
      if (await join(card, other)) self.say(filled(words.joined, { name }));
      near.focus();
    }
  });
  board.addEventListener("focusout", (event) => {
    const card = home && self.held;
    if (card && event.target === gripOf(card) && event.relatedTarget) back(card);
  });

  // -- what scripts add to a card, and to a column ------------------------------------
  self.enliven = (card) => {
    const grip = gripOf(card);
    if (!grip) return;
    grip.hidden = false;
    card.draggable = true;
  };
  board.querySelectorAll("[data-card]").forEach(self.enliven);
  board.querySelector("[data-keys]").hidden = false;
}
