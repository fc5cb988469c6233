// What the pages of reports do by themselves: say what waits, hear of news, become an app.
"use strict";

(() => {
  const casesRoot = document.querySelector("link[rel=manifest]").getAttribute("href").replace(/manifest\.webmanifest.*$/, "");
  const tokenOf = () => document.querySelector("[name=_token]")?.value || "";
  const post = (address, fields) => fetch(address, { method: "POST", credentials: "same-origin", body: new URLSearchParams({ _token: tokenOf(), ...fields }) });

  // Reports that wait in this phone: the queue of outbox.js, looked at and never changed.
  const queued = () => new Promise((done) => {
    const asked = indexedDB.open("datalab-outbox", 1);
    asked.onupgradeneeded = () => asked.transaction.abort(); // nothing was ever kept here
    asked.onerror = () => done(0);
    asked.onsuccess = () => {
      const base = asked.result;
      const all = base.transaction("items").objectStore("items").getAll();
      all.onsuccess = () => { base.close(); done(all.result.filter((one) => one.form.includes("/cases/")).length); };
      all.onerror = () => { base.close(); done(0); };
    };
  });
  const waiting = document.querySelector("[data-queue]");
  if (waiting && "indexedDB" in window) {
    const link = waiting.querySelector("a"), again = document.querySelector("[data-try]");
    const look = async () => {
      const count = await queued(), { none, one, many } = waiting.dataset;
      const said = count === 0 ? none || "" : count === 1 ? one : many.replace("{count}", count);
      if (link.textContent !== said) link.textContent = said;
      waiting.hidden = !said;
      if (again) again.hidden = count === 0;
    };
    look();
    setInterval(() => { if (!document.hidden) look(); }, 2000);
    document.addEventListener("outbox", () => setTimeout(look, 100));
    // The queue sends when the network is back; this says that it is worth a try.
    again?.addEventListener("click", () => window.dispatchEvent(new Event("online")));
  }

  // An app on the home screen
  const install = document.querySelector("[data-install]");
  addEventListener("beforeinstallprompt", (event) => {
    if (!install) return;
    event.preventDefault();
    install.hidden = false;
    install.querySelector("button").onclick = async () => { await event.prompt(); install.hidden = true; };
  });
  addEventListener("appinstalled", () => { post(`${casesRoot}cases/used`, { what: "installed" }).catch(() => {}); });

  // The pages that have to open without a network are fetched while there is one.
  const thrifty = navigator.connection?.saveData || /2g/.test(navigator.connection?.effectiveType || "");
  if ("serviceWorker" in navigator && document.querySelector("[data-outbox-words]")) {
    navigator.serviceWorker.ready.then(({ active }) => {
      if (!thrifty) active?.postMessage({ warm: ["cases/", "cases/new", "cases/waiting"] });
    });
  }

  // One case that is open in front of somebody
  const live = document.querySelector("[data-live-case]");
  if (live && "EventSource" in window) {
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    live.before(said);
    const look = async () => {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
      if (!answer?.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (!found || found.textContent === live.textContent) return;
      live.replaceChildren(...found.childNodes);
      said.className = "said";
      said.textContent = live.dataset.changed;
    };
    const stream = new EventSource(live.dataset.stream);
    stream.addEventListener("changed", look);
    // What happened before it could listen, or while a phone slept.
    let before = false;
    stream.addEventListener("open", () => { if (before || performance.now() > 1000) look(); before = true; });
  }

  // One's own cases: a look every minute, and a notification where the person allowed it
  const own = document.querySelector("[data-own-cases]");
  if (own) {
    const articles = [...own.querySelectorAll("[data-case]")];
    const ids = articles.map((one) => one.dataset.case).slice(0, 40).join(",");
    let before = null;
    const look = async () => {
      if (!ids || !navigator.onLine) return;
      const answer = await fetch(`${own.dataset.states}?ids=${ids}`);
      if (!answer.ok) return;
      const now = await answer.json();
      const moved = before && Object.entries(now).find(([id, one]) => !before[id] || before[id].updated_at < one.updated_at);
      before = now;
      if (!moved) return;
      const [id, one] = moved;
      if (window.Notification?.permission === "granted") {
        const worker = await navigator.serviceWorker?.getRegistration();
        worker?.showNotification(`${one.title} · ${id}`, { body: one.said, tag: id, data: `${casesRoot}cases/${id}` });
      }
      const typing = own.querySelector("textarea:focus, input:focus");
      if (!typing && ![...own.querySelectorAll("textarea")].some((field) => field.value)) location.reload();
    };
    look();
    setInterval(look, 60000);
    addEventListener("focus", look);
  }

  const bell = document.querySelector("[data-push]");
  if (bell && "Notification" in window && "serviceWorker" in navigator) {
    const button = bell.querySelector("button"), said = bell.querySelector("[role=status]"), words = bell.dataset;
    bell.hidden = false;
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    navigator.serviceWorker.register(`${casesRoot}worker.js`, { scope: casesRoot }).then(async (worker) => {
      const held = Notification.permission === "granted" && await worker.pushManager?.getSubscription();
      if (held) { button.hidden = true; said.textContent = words.on; }
    }).catch(() => {});
    // Asked only after a touch.
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        if (await Notification.requestPermission() !== "granted") { said.textContent = words.no; return; }
        said.textContent = words.openOnly;
        const worker = await navigator.serviceWorker.ready;
        const { key } = await (await fetch(words.key)).json();
        const held = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
        const answer = await post(words.subscribe, { endpoint: held.endpoint });
        if (!answer.ok) { await held.unsubscribe(); return; }
        said.textContent = words.on;
        button.hidden = true;
      } catch { /* no push service: told while the page is open */ } finally { button.disabled = false; }
    });
  }
})();
