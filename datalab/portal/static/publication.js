// While a notebook is run for publication: how far it is, and the next page as soon as it is done.
"use strict";

for (const place of document.querySelectorAll("[data-draft]")) {
  const bar = place.querySelector("progress");
  const said = place.querySelector("label");
  const token = document.querySelector("meta[name=datalab-token]")?.content || "";
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.draft, { headers: { "X-Datalab-Token": token } });
      if (!answer.ok) return location.reload();
      const { state, done, total } = await answer.json();
      if (state !== "running") return location.reload();
      bar.max = total || 1;
      bar.value = done;
      if (total) said.textContent = bar.dataset.said.replace("{done}", done).replace("{total}", total);
    } catch { /* the portal is restarting: asked again */ }
    setTimeout(look, 700);
  };
  setTimeout(look, 700);
}
