// Maps and charts of the lab in a notebook that several people write.
//
// What a shared kernel puts out is not trusted in anybody's browser: JupyterLab then drops scripts
// and frames, and that is right, since the code may be another person's. The lab's own drawings are
// frames without an origin. Such a frame can reach nothing of the page around it, whoever wrote it:
// it is kept, made anew with nothing but its document, its name and its height.
// tests/hub/test_drawings.py shows one and attacks with the rest.
"use strict";
(() => {
  const { parts } = window._DATALAB;
  const MOST = 20; // frames of one output
  const TALLEST = 1200; // pixels

  const taken = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html"); // inert: nothing loads
    const frames = [...page.querySelectorAll("iframe[srcdoc]")].slice(0, MOST).map((frame) => {
      const mark = `datalab-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
      const place = page.createElement("span");
      place.textContent = mark;
      frame.replaceWith(place);
      const height = Math.min(parseInt(frame.style.height, 10) || 400, TALLEST);
      return { mark, height, title: frame.title, srcdoc: frame.getAttribute("srcdoc") };
    });
    // A drawing in the text becomes a picture, which runs nothing.
    page.querySelectorAll("svg:not(svg svg)").forEach((drawing) => {
      const picture = page.createElement("img");
      const text = new XMLSerializer().serializeToString(drawing);
      picture.alt = drawing.getAttribute("aria-label") || drawing.querySelector("title")?.textContent || "";
      picture.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
      for (const name of ["width", "height"]) {
        if (drawing.hasAttribute(name)) picture.setAttribute(name, drawing.getAttribute(name));
      }
      drawing.replaceWith(picture);
    });
    return { html: page.body.innerHTML, frames };
  };

  const put = (node, { mark, height, title, srcdoc }) => {
    const place = [...node.querySelectorAll("span")].find((span) => span.textContent === mark);
    if (!place) return;
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.title = title;
    frame.style.cssText = `width:100%;height:${height}px;border:1px solid #999`;
    frame.srcdoc = srcdoc;
    place.replaceWith(frame);
  };

  parts.drawings = (lab, registry) => {
    class Drawn extends lab.rendermime.RenderedHTML {
      async render(model) {
        const html = String(model.data[this.mimeType] ?? "");
        if (model.trusted || !/<(iframe|svg)\b/i.test(html)) return super.render(model);
        const found = taken(html);
        const data = { ...model.data, [this.mimeType]: found.html };
        await super.render({ data, metadata: model.metadata, trusted: false });
        found.frames.forEach((frame) => put(this.node, frame));
      }
    }
    const usual = lab.rendermime.htmlRendererFactory;
    registry.addFactory({ ...usual, createRenderer: (options) => new Drawn(options) });
  };
})();
