// Reads one dataset of the data lab from another address. What is known of it is in config.json;
// every word that comes from there or from the lab is put on the page as text, never as HTML.
"use strict";

const ROWS = 100;
const byId = (id) => document.getElementById(id);
let config;
let token = ""; // in memory only: it is gone when the page is closed

class Problem extends Error {}

async function ask(path) {
  const words = config.words;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    // "omit": no cookie goes along; "error": the token follows no other address.
    answer = await fetch(config.api + path, { headers, credentials: "omit", redirect: "error" });
  } catch {
    throw new Problem(words.unreachable);
  }
  if (!answer.ok) {
    const said = { 400: "changed", 401: "token", 403: "refused", 404: "absent", 429: "quota" };
    byId("access").hidden = ![401, 403].includes(answer.status);
    const wait = answer.headers.get("Retry-After");
    const after = answer.status === 429 && wait ? ` (${wait} s)` : "";
    throw new Problem(words[said[answer.status] || "unreachable"] + after);
  }
  try {
    return { body: await answer.json(), headers: answer.headers };
  } catch {
    throw new Problem(words.unreachable);
  }
}

function warn(sentence) {
  const line = document.createElement("p");
  line.className = "warning";
  line.textContent = sentence;
  byId("warnings").append(line);
}

function changes(said) {
  const { words, columns } = config;
  const now = new Map(said.columns.map((one) => [one.name, one.type]));
  const names = Object.keys(columns);
  const gone = names.filter((name) => !now.has(name));
  const other = names.filter((name) => now.has(name) && now.get(name) !== columns[name].type);
  if (said.held) warn(`${words.announced} ${said.held.until.slice(0, 10)} : ${said.held.changes.join(" ")}`);
  if (gone.length) warn(`${words.gone} ${gone.join(", ")}`);
  if (other.length) warn(`${words.retyped} ${other.join(", ")}`);
  if (config.synthetic) warn(words.synthetic);
}

function cell(value) {
  const made = document.createElement("td");
  if (typeof value === "number") {
    made.className = "number";
    made.textContent = value.toLocaleString(config.language);
  } else if (value !== null && value !== undefined) {
    made.textContent = typeof value === "object" ? JSON.stringify(value).slice(0, 80) : String(value).slice(0, 200);
  }
  return made;
}

async function show() {
  byId("warnings").replaceChildren();
  try {
    const id = encodeURIComponent(config.dataset);
    const about = (await ask(`/datasets/${id}.json?limit=1&lang=${config.language}`)).body;
    changes(about);
    const there = new Set(about.columns.map((one) => one.name));
    const shown = config.shown.filter((name) => there.has(name));
    const query = new URLSearchParams({ limit: ROWS, lang: config.language });
    const sort = byId("sort").value;
    if (sort && there.has(sort)) query.set("sort", (byId("down").checked ? "-" : "") + sort);
    const { body, headers } = await ask(`/api/v1/datasets/${id}/rows?${query}`);
    byId("access").hidden = true;
    const quality = byId("quality");
    quality.textContent = `${config.words.quality} ${about.state.label}`;
    quality.title = headers.get("Datalab-Quality") || "";
    quality.hidden = false;
    byId("head").replaceChildren(...shown.map((name) => {
      const made = document.createElement("th");
      made.scope = "col";
      made.textContent = name;
      return made;
    }));
    byId("rows").replaceChildren(...body.rows.map((row) => {
      const line = document.createElement("tr");
      line.append(...shown.map((name) => cell(row[name])));
      return line;
    }));
    byId("table").hidden = byId("filter").hidden = false;
    const at = (about.state.published_at || "?").slice(0, 10).split("-").reverse().join("/");
    byId("attribution").textContent = config.attribution.before + at + config.attribution.after;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    byId("table").hidden = byId("filter").hidden = byId("quality").hidden = true;
    warn(problem.message);
  }
}

async function start() {
  config = await (await fetch("config.json")).json();
  const { words } = config;
  document.documentElement.lang = config.language;
  document.title = byId("title").textContent = config.title;
  byId("sort-label").textContent = words.sort;
  byId("down-label").textContent = words.down;
  byId("token-label").textContent = words.ask_token;
  byId("enter").textContent = words.enter;
  byId("table").setAttribute("aria-label", words.table);
  const none = document.createElement("option");
  none.value = "";
  none.textContent = "–";
  byId("sort").append(none, ...config.shown.map((name) => {
    const made = document.createElement("option");
    made.value = made.textContent = name;
    return made;
  }));
  byId("filter").addEventListener("change", show);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("access").addEventListener("submit", (event) => {
    event.preventDefault();
    token = byId("token").value.trim();
    byId("token").value = "";
    show();
  });
  await show();
}

start();
