/* Opens pages without a network: those that anybody sees, as this browser saw them last.

   Kept are pages under join/, s/, cases/ and sessions/…/take-part, what they load from static/ and
   assets/, and the outlines of communes. Never an answer that says "no-store", which every answer to
   somebody signed in does, and never the token of a form: other pages of this host can look in here.
   The first line, written by the server, names the version; a new one throws the old copies away. */
"use strict";

const HOME = new URL(self.registration.scope).pathname;
const PAGES = `pages-${VERSION}`, PARTS = `parts-${VERSION}`;
const PAGE = /^(join\/([^/]+)?|s\/[^/]+|cases\/([^/]+)?|sessions\/[^/]+\/take-part)$/;
const PART = /^(static|assets|place)\//;
const MOST_PAGES = 40, PATIENCE = 8000;
const SECRET = /(name="_token" value=")[^"]*/g;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  const own = new Set([PAGES, PARTS]);
  // Copies of an older version go once there are new ones; until then a page still opens.
  for (const name of await caches.keys()) {
    if (/^(pages|parts)-/.test(name) && !own.has(name)) await caches.delete(name);
  }
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const { request } = event, address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin || !address.pathname.startsWith(HOME)) return;
  const path = address.pathname.slice(HOME.length);
  if (request.mode === "navigate") { if (PAGE.test(path)) event.respondWith(page(event, address)); return; }
  if (PART.test(path)) event.respondWith(part(event, address));
});

// Ours by its policy: a hotel's network answers in anybody's name.
const keepable = (answer) => answer.ok && answer.type === "basic" && !answer.redirected &&
  !/no-store|private/.test(answer.headers.get("Cache-Control") || "") &&
  /default-src 'none'/.test(answer.headers.get("Content-Security-Policy") || "");

async function page(event, address) {
  // The language is a cookie's matter: one copy of each page, the one that was seen last.
  const key = address.origin + address.pathname;
  const kept = caches.match(key, { cacheName: PAGES });
  const asked = fetch(event.request);
  event.waitUntil(asked.then((answer) => keep(key, answer.clone())).catch(() => {}));
  // A network that is there but says nothing is worse than none: after a while the copy is shown.
  const late = new Promise((done) => { setTimeout(done, PATIENCE); }).then(() => kept);
  try {
    const answer = await Promise.race([asked, late]) || await asked;
    return answer.status >= 500 ? await kept || answer : answer;
  } catch { return await kept || unread(); }
}

async function keep(key, answer) {
  const pages = await caches.open(PAGES);
  if (!keepable(answer) || !(answer.headers.get("Content-Type") || "").startsWith("text/html")) {
    const gone = answer.type === "basic" && (answer.ok || [401, 403, 404, 410].includes(answer.status));
    if (gone) await pages.delete(key); // it is no longer everybody's
    return;
  }
  const headers = new Headers(answer.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  await pages.put(key, new Response((await answer.text()).replace(SECRET, "$1"), { headers }));
  const all = await pages.keys();
  for (const old of all.slice(0, Math.max(0, all.length - MOST_PAGES))) await pages.delete(old);
}

// A file whose address holds its version never changes; others are asked for first.
async function part(event, address) {
  const parts = await caches.open(PARTS), kept = await parts.match(event.request);
  if (kept && address.searchParams.has("v")) return kept;
  try {
    const answer = await fetch(event.request);
    if (keepable(answer)) await replace(parts, event.request, answer.clone(), address);
    return answer;
  } catch (problem) {
    const older = kept || await parts.match(event.request, { ignoreSearch: true });
    if (older) return older;
    throw problem;
  }
}

async function replace(parts, request, answer, address) {
  if (address.searchParams.has("v")) {
    for (const old of await parts.keys(request, { ignoreSearch: true })) await parts.delete(old);
  }
  await parts.put(request, answer);
}

const unread = () => new Response(OFFLINE, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'none'" } });

// What the portal's push has to say is asked for by the page: the message itself is empty.
self.addEventListener("push", (event) => event.waitUntil(
  self.registration.showNotification(NEWS.title, { body: NEWS.body, icon: `${HOME}static/icon-192.png`, data: `${HOME}cases/`, tag: "news" })));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data));
});
