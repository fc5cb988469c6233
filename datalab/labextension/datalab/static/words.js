// Where this server stands in the lab, and the lab's words in the reader's language.
"use strict";
(() => {
  const { parts } = window._DATALAB;

  parts.place = (lab) => {
    const base = lab.coreutils.PageConfig.getBaseUrl(); // https://…/user/<account>/
    const account = decodeURIComponent(new URL(base).pathname.split("/").filter(Boolean).pop() || "");
    const project = account.startsWith("proj-") ? account.slice(5) : null;
    const root = new URL(base).pathname.replace(/user\/[^/]*\/$/, "");
    const portal = `${root}services/datalab`;
    const about = project && `${portal}/projects/${project}`;
    const again = about ? `${about}/open` : `${root}hub/spawn/${encodeURIComponent(account)}`;
    return { base, project, portal, about, again };
  };

  // English sentences stand for themselves where the portal does not answer.
  parts.words = async (place, language) => {
    const code = language.startsWith("en") ? "en" : "fr";
    const answer = await fetch(`${place.portal}/lab/words.json?lang=${code}`).catch(() => null);
    const known = answer && answer.ok ? await answer.json().catch(() => ({})) : {};
    const say = (sentence, facts = {}) =>
      (known[sentence] || sentence).replace(/\{(\w+)\}/g, (_, name) => String(facts[name] ?? ""));
    say.language = code;
    return say;
  };

  // The server's own address, with the proof that Jupyter Server wants of a change.
  parts.ask = async (place, path, options = {}) => {
    const found = document.cookie.match("\\b_xsrf=([^;]*)\\b");
    const headers = found ? { "X-XSRFToken": found[1] } : {};
    const answer = await fetch(`${place.base}datalab/${path}`, { headers, ...options });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  // Elements by hand: nothing that anybody wrote is ever read as HTML.
  parts.make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null && child !== false));
    return made;
  };
})();
