// A server that nobody uses stops; this says so in time, with a button that keeps it.
"use strict";
(() => {
  const { parts } = window._DATALAB;

  parts.idle = (lab, place, say) => {
    const { Notification } = lab.apputils;
    let shown = null;

    const stay = async () => {
      hide();
      await parts.ask(place, "idle", { method: "POST" }).catch(() => null);
    };
    const hide = () => {
      if (shown !== null) Notification.dismiss(shown);
      shown = null;
    };
    const look = async () => {
      let next = 60;
      try {
        const told = await parts.ask(place, "idle");
        next = told.ask_in;
        if (told.stops_in === null) hide();
        else {
          const minutes = Math.max(1, Math.round(told.stops_in / 60));
          const message = say(
            "Nobody seems to work here. This server stops in about {minutes} min; what is saved stays saved.",
            { minutes },
          );
          if (shown === null) {
            const actions = [{ label: say("I am still working"), callback: stay, displayType: "accent" }];
            shown = Notification.warning(message, { autoClose: false, actions });
          } else {
            Notification.update({ id: shown, message });
          }
        }
      } catch {
        hide(); // the server is gone or starts again: another notice says that
      }
      setTimeout(look, next * 1000);
    };
    look();
  };
})();
