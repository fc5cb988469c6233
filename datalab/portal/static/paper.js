// Typing sheets in a row: Ctrl + Enter keeps one, and the cursor is where the next begins.
"use strict";

for (const form of document.querySelectorAll("[data-paper]")) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector(`[name=then][value=${event.shiftKey ? "next" : "same"}]`));
  });
  form.addEventListener("submit", () => {
    for (const one of form.querySelectorAll("button")) setTimeout(() => { one.disabled = true; });
  });
}
