"""Which parts of other packages are replaced on a project's server, and when.

Jupyter Server links all extensions before it loads any of them; jupyter-server-ydoc hands its
classes to Tornado only when it is loaded. Names in its modules are replaced in between. It offers
no configuration for them (3.0.4: only the store is configurable, and the store is not enough).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from jupyter_server_ydoc import app, handlers

from datalab.live.channel import LiveChannel, LiveSessions
from datalab.live.log import Log
from datalab.live.room import LiveRoom

STORE = Path(".datalab") / "live.sqlite"


def replace(server: Any) -> None:
    """Open the log of this project and put our room and channel in place."""
    if hasattr(LiveRoom, "log_of_server"):
        return
    threading.Thread(target=_end_with_the_server, name="datalab-end", daemon=True).start()
    LiveRoom.log_of_server = Log(Path(server.root_dir) / STORE)
    for module in (app, handlers):
        module.DocumentRoom = LiveRoom
        module.YDocWebSocketHandler = LiveChannel
        module.DocSessionHandler = LiveSessions
    original = app.YDocExtension.stop_extension

    async def stop_extension(extension: Any) -> None:
        """Save every room before the tasks that would do so are cancelled."""
        rooms = list(extension.ywebsocket_server.rooms.values())
        for room in rooms:
            if isinstance(room, LiveRoom):
                await room.stop()
        await original(extension)
        LiveRoom.log_of_server.close()

    app.YDocExtension.stop_extension = stop_extension


def _end_with_the_server() -> None:
    """Let the process end once its main thread has.

    AnyIO 4 keeps idle threads, which are no daemons, until the task that made them is done. Tasks
    of an open room are not when the loop stops: with a page open, a server that had saved
    everything stayed for good ("Stopping an RTC server took 56 s" is what waited for its kill).
    """
    threading.main_thread().join()
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("anyio.") and hasattr(thread, "stop"):
            thread.stop()
