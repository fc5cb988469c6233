// A file dropped on the page, and how much of it is sent. Without scripts the form goes by itself.
"use strict";

const form = document.querySelector("[data-upload]");
const zone = document.querySelector("[data-drop]");
if (form && zone) {
  const input = form.querySelector("input[type=file]");
  const shown = form.querySelector("[data-progress]");
  const bar = shown.querySelector("progress");
  const said = shown.querySelector("span");
  const button = form.querySelector("button[type=submit]");
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, () => zone.classList.remove("over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length !== 1) return;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    button.disabled = true;
    shown.hidden = false;
    said.textContent = "";
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Datalab-Token", form.elements._token.value);
    request.upload.addEventListener("progress", (sent) => {
      if (sent.lengthComputable) bar.value = 100 * sent.loaded / sent.total;
    });
    request.upload.addEventListener("load", () => { said.textContent = form.dataset.sent; });
    const fail = (text) => { button.disabled = false; said.textContent = text || form.dataset.failed; };
    request.addEventListener("error", () => fail(""));
    request.addEventListener("load", () => {
      if (request.status < 400) { location.href = request.responseURL; return; }
      let text = "";
      try { text = JSON.parse(request.responseText).error.message; } catch { /* a page */ }
      fail(text);
    });
    request.send(new FormData(form));
  });
}
