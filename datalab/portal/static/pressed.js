// Nothing is replaced under a button while it is pressed: the press would be lost.
"use strict";

window.datalabReleased = (() => {
  let released = Promise.resolve(), release = () => {};
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => {
      release();
      released = new Promise((go) => { release = go; });
      setTimeout(release, 1000); // a finger that rests, and a key that is held, stop nothing
    }, true);
  }
  for (const kind of ["pointerup", "pointercancel", "keyup"]) {
    document.addEventListener(kind, () => setTimeout(release), true); // after its click
  }
  return () => released;
})();
