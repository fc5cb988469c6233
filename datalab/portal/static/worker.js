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
// What concerns this browser alone stands in a page between two such lines, and is not kept.
const OWN = /<!-- own -->[^]*?<!-- \/own -->/g;

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
  (answer.headers.has("X-Datalab-Kept") || !/no-store|private/.test(answer.headers.get("Cache-Control") || "")) &&
  /default-src 'none'/.test(answer.headers.get("Content-Security-Policy") || "");

async function page(event, address) {
  // The language is a cookie's matter: one copy of each page, the one that was seen last.
  const key = address.origin + address.pathname;
  const kept = caches.match(key, { cacheName: PAGES });
  const asked = fetch(event.request);
  let came = false;
  event.waitUntil(asked.then((answer) => { came = true; return keep(key, answer.clone()); }).catch(() => {}));
  // A network that is there but says nothing is worse than none: after a while the copy is shown.
  const late = new Promise((done) => { setTimeout(done, PATIENCE); }).then(async () => {
    const copy = came ? null : await kept;
    if (copy && !came) event.waitUntil(asked.then((answer) => hand(event.resultingClientId, answer)).catch(() => {}));
    return copy;
  });
  try {
    const answer = await Promise.race([asked, late]) || await asked;
    return answer.status >= 500 ? await kept || answer : answer;
  } catch { return await kept || unread(); }
}

// A page that is shown as a copy, so without its token, gets it when the answer comes after all.
async function hand(id, answer) {
  const found = /data-outbox-words[^]*?name="_token" value="([^"]+)"/.exec(await answer.clone().text());
  if (found) (await clients.get(id))?.postMessage({ token: found[1] });
}

async function keep(key, answer) {
  const pages = await caches.open(PAGES);
  if (answer.type === "opaqueredirect") { await pages.delete(key); return; } // who was there left, or was erased
  if (!keepable(answer) || !(answer.headers.get("Content-Type") || "").startsWith("text/html")) {
    const gone = answer.type === "basic" && (answer.ok || [401, 403, 404, 410].includes(answer.status));
    if (gone) await pages.delete(key); // it is no longer everybody's
    return;
  }
  const headers = new Headers(answer.headers);
  for (const name of ["Content-Encoding", "Content-Length", "Set-Cookie"]) headers.delete(name);
  await pages.put(key, new Response((await answer.text()).replace(SECRET, "$1").replace(OWN, ""), { headers }));
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

// A page asks for others to be kept that were not opened yet; they and their parts come along.
self.addEventListener("message", (event) => {
  const paths = event.data?.warm;
  if (Array.isArray(paths)) event.waitUntil((async () => { for (const path of paths.slice(0, 8)) await warm(path); })().catch(() => {}));
});
async function warm(path) {
  if (!PAGE.test(path)) return;
  const address = new URL(HOME + path, location.origin), pages = await caches.open(PAGES);
  if (await pages.match(address.href)) return;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!keepable(answer)) return; // no navigation: what asks who is there leads elsewhere, and its copy is right
  const text = await answer.clone().text(), parts = await caches.open(PARTS);
  for (const [, found] of text.matchAll(/(?:src|href)="([^"]+\/static\/[^"]+)"/g)) {
    const part = new URL(found.replaceAll("&amp;", "&"), location.origin);
    if (part.origin !== location.origin || await parts.match(part.href)) continue;
    const got = await fetch(part);
    if (keepable(got)) await parts.put(part.href, got);
  }
  // Last: a page that opens has all its parts. Somebody may have opened it meanwhile: that copy is newer.
  if (!await pages.match(address.href)) await keep(address.href, answer);
}

// The message of a push is empty: what it has to say is asked for, by who holds the subscription.
self.addEventListener("push", (event) => event.waitUntil((async () => {
  let news = {};
  try {
    const held = await self.registration.pushManager.getSubscription();
    const body = new URLSearchParams({ endpoint: held ? held.endpoint : "" });
    const answer = await fetch(`${HOME}cases/news.json`, { method: "POST", body, credentials: "same-origin" });
    if (answer.ok) news = await answer.json();
  } catch { /* without a network it says only that there is something */ }
  await self.registration.showNotification(news.title || NEWS.title, {
    body: news.body || NEWS.body, icon: `${HOME}static/icon-192.png`, data: news.url || `${HOME}cases/`, tag: news.tag || "news" });
})()));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data));
});
