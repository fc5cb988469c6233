"""One open document: its changes go to disk first, then to people, then into the file.

It replaces ``DocumentRoom`` of jupyter-server-ydoc 3.0.4, which was seen to send a change before
it was stored; to reset a room to a file older than its store (a crash within the save delay), so
that the deletion travelled to every browser; to put a save off with every key stroke; to let two
rooms of one file, or a rewritten file, overwrite what was typed; and to cancel the save that was
due when it was told to stop. ``tests/faults`` shows it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from jupyter_server.utils import ensure_async
from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_server_ydoc.utils import LogLevel
from pycrdt import TransactionEvent, create_update_message

from datalab.live import notes
from datalab.live.content import about, change_to, content_of, digest_of, read_file, stamp_of
from datalab.live.log import Log
from datalab.live.store import StoreFull
from datalab.live.timeline import Timeline
from datalab.live.trouble import Trouble

Result = TypeVar("Result")
RETRY_SECONDS = 1.0
# A notebook of 50 MB takes a second to write: it is not written again and again.
SAVE_SHARE = 8
# Rows and bytes from which the log of a document is squashed after a save.
SQUASH_ROWS, SQUASH_BYTES = 2_000, 32 * 2**20
STOP_SECONDS = 3.0


class LiveRoom(DocumentRoom):  # type: ignore[misc]
    """A document that several people write, with its log and its file."""

    # One log for all rooms of this server; set before the first room is made.
    log_of_server: ClassVar[Log]
    # Told who typed into which file.
    on_typed: ClassVar[Callable[[str, str], None]] = staticmethod(lambda name, path: None)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._pending: list[bytes] = []
        self._in_flight: list[bytes] = []
        self._arrived = asyncio.Event()
        self._stored = asyncio.Condition()
        self._unsaved = asyncio.Event()
        self._saving = asyncio.Lock()
        self._head = 0
        self._keeper: asyncio.Task[None] | None = None
        self._ended = False
        self.writer: str | None = None
        super().__init__(*arguments, **options)
        self.trouble = Trouble(self._tell)
        if isinstance(self.ystore, Timeline):
            self.ystore.room = self

    @property
    def path(self) -> str:
        return str(self._file.path)

    def _tell(self, *event: Any) -> None:
        self._emit(*event)
        for client in tuple(self.clients):
            client.deliver(notes.written("trouble", trouble=self.trouble.message))

    async def rows(self) -> list[tuple[bytes, float]]:
        """Every change with its time, in seconds since the epoch."""
        found: list[tuple[bytes, float]] = await self._ask("timed")
        return found

    async def initialize(self) -> None:
        """Open the document: from its log where it has one, else from its file.

        Raises
        ------
        tornado.web.HTTPError
            where the file is gone (404) or is no valid notebook (400).
        """
        if self.ready:  # type: ignore[has-type]
            return
        async with self._saving:
            changes = await self._ask("changes")
            known = bool(changes)
            model = await read_file(self._file, self._file_format, self._file_type, known=known)
            if changes:
                await self._open_log(changes, model)
            else:
                await self._apply_deterministic_source_content(model["content"])
                update = self.ydoc.get_update()
                self._head = await self._ask("begin", update, model["hash"], time.time())
                self._unsaved.clear()
                self._observe()
            self.ready = True
        self._keeper = asyncio.create_task(self._keep_saved())
        self._emit(LogLevel.INFO, "initialize", "Room initialized")

    async def _open_log(self, changes: Sequence[bytes], model: dict[str, Any]) -> None:
        """The document as it was last, whatever part of it the file holds."""
        try:
            for change in changes:
                self.ydoc.apply_update(change)
        except Exception:
            # A row that is no change any more. The next who opens begins from the file, and
            # browsers that hold the former history are told to reload.
            self.log.exception("The log of %s cannot be read; its file is taken", self.path)
            await self._ask("forget")
            raise
        self._head = await self._ask("head")
        self._observe()
        contained = await self._ask("contained", model["hash"])
        if contained is None:
            await self._merge(model)
        else:
            await self._ask("confirm", model["hash"], contained)
        if contained == self._head:
            self._unsaved.clear()

    # -- changes: disk first, then people ---------------------------------------------------

    def _observe(self) -> None:
        self._subscription = self.ydoc.observe(self._on_change)

    async def _watch_ready(self) -> None:
        """Observing began before the room was ready: no change can fall between."""
        await self.ready_event.wait()
        self.ydoc_observed.set()

    def _on_change(self, event: TransactionEvent) -> None:
        self._pending.append(event.update)
        self._arrived.set()

    def _on_document_change(self, target: str, event: Any) -> None:
        # The state holds what the server itself notes about a save.
        if target == "state":
            return
        self._unsaved.set()
        if self.writer:
            type(self).on_typed(self.writer, self.path)

    async def _broadcast_updates(self) -> None:
        """Changes that came together are one write; only what is on disk is shown to others."""
        try:
            while True:
                await self._arrived.wait()
                for change in await self._flush():
                    message = create_update_message(change)
                    for client in tuple(self.clients):
                        client.deliver(message)
        except asyncio.CancelledError:
            return

    async def _flush(self) -> Sequence[bytes]:
        """Put on disk what is pending, however long the disk stays full."""
        self._arrived.clear()
        # Those in flight are left from a writer that was cancelled: writing twice is harmless.
        self._in_flight, self._pending = self._in_flight + self._pending, []
        written = self._in_flight
        while written:
            try:
                self._head = await self._ask("append", written, time.time())
                break
            except StoreFull:
                # The first time, the reserve was given away: the next attempt finds space.
                self.trouble.raised("full")
            except Exception as error:
                self.log.exception("The log cannot be written")
                self.trouble.raised("unsaved", error)
            await asyncio.sleep(RETRY_SECONDS)
        self._in_flight = []
        async with self._stored:
            self._stored.notify_all()
        return written

    async def settled(self) -> None:
        """Return once every change made so far is on disk."""
        async with self._stored:
            await self._stored.wait_for(lambda: not self._pending and not self._in_flight)

    @property
    def in_file(self) -> bool:
        """Whether the file holds everything that was typed."""
        return not self._unsaved.is_set() and not self._saving.locked()

    # -- the file -----------------------------------------------------------------------------

    def _save_to_disc(self) -> asyncio.Task[None]:
        """Somebody asked to save now; the task fails where that is impossible."""
        return asyncio.create_task(self.save())

    async def _maybe_save_document(self, *arguments: Any, **options: Any) -> None:
        """Saving is :meth:`_keep_saved`'s."""

    async def _keep_saved(self) -> None:
        """Save soon after a change, also while people type on."""
        last = 0.0
        while True:
            await self._unsaved.wait()
            await asyncio.sleep(max(self._save_delay or 0.0, SAVE_SHARE * last))
            began = time.monotonic()
            try:
                await self.save()
            except Exception as error:
                self.log.warning("%s was not saved: %s", self._document.path, error)
                self.trouble.raised("unsaved", error)
                self._unsaved.set()
                await asyncio.sleep(RETRY_SECONDS)
            last = time.monotonic() - began

    async def save(self) -> None:
        """Write the document into its file, merging what somebody else wrote there.

        Raises
        ------
        tornado.web.HTTPError, OSError, StoreFull
            where the file cannot be written; nothing is lost, the log has it.
        """
        async with self._saving:
            self._unsaved.clear()
            try:
                for _ in range(5):  # where somebody else writes it as well
                    if await self._written():
                        break
                else:
                    self._unsaved.set()
            except BaseException:
                self._unsaved.set()
                raise
        if self.log_of_server.store.replenish():
            self.trouble.settled()

    async def _written(self) -> bool:
        """Write the file; False where somebody else wrote it meanwhile, which is not yet in it."""
        before = await stamp_of(self._file._contents_manager, self.path)
        on_disk = await self._take_in()
        await self.settled()
        # No await from here to the copy: it is the document as of change ``head``, exactly.
        head, state = self._head, self.ydoc.get_state()
        content, mended = await content_of(self._file_type, self.ydoc.get_update(), state)
        if mended is not None:
            self.ydoc.apply_update(mended)
        expected = await asyncio.to_thread(digest_of, self._kind, content)
        if expected == on_disk:
            await self._ask("confirm", expected, head)
            return True
        async with self._file._lock:
            manager = self._file._contents_manager
            await self._ask("expect", expected, head)
            if await stamp_of(manager, self.path) != before:
                return False
            model = {"format": self._file_format, "type": self._kind, "content": content}
            # Shielded: a room that is closed must not leave half a file.
            saved = await asyncio.shield(ensure_async(manager.save(model, self.path)))
            found = await ensure_async(manager.get(self.path, content=False, require_hash=True))
            self._file.last_modified = saved["last_modified"]
        await self._ask("confirm", found["hash"], head)
        with self.ydoc.transaction():
            if self._document.dirty is not False:
                self._document.dirty = False
            if self._document.hash != found["hash"]:
                self._document.hash = found["hash"]
        rows, size = await self._ask("weight")
        if rows > SQUASH_ROWS or (rows > 1 and size > SQUASH_BYTES):
            await self._ask("squash", time.time())
        self._emit(LogLevel.INFO, "save", "Content saved.")
        for name, heard in list(self._file._subscriptions.items()):
            # The same file in another room (as text, say): its poll would not see our write.
            if name != self.room_id:
                await ensure_async(heard())
        return True

    @property
    def _kind(self) -> str:
        return self._file_type if self._file_type in {"file", "notebook"} else "file"

    # -- somebody else wrote the file -------------------------------------------------------

    async def _on_outofband_change(self) -> None:
        self._unsaved.set()

    async def _take_in(self) -> str | None:
        """Merge a file that the lab did not write. The SHA-256 of the file, None without one."""
        found = await about(self._file._contents_manager, self.path, require_hash=True)
        if found is None:
            return None  # deleted behind the lab's back while it is open: it is written again
        if await self._ask("contained", found["hash"]) is None:
            found = await read_file(self._file, self._file_format, self._file_type, known=True)
            await self._merge(found)
        return str(found["hash"])

    async def _merge(self, model: dict[str, Any]) -> None:
        """Bring in what changed in the file since the lab wrote it, and keep what was typed.

        The change is computed on a copy of the document as it was in the last file, and then
        travels like the change of one more person.
        """
        if model["content"] is None:
            self._unsaved.set()
            return
        self.log.info("%s was changed on disk: merging", self.path)
        await self._bring_in(
            await self._ask("changes", await self._ask("latest")), model["content"]
        )
        await self._ask("confirm", model["hash"], self._head)
        self._emit(LogLevel.INFO, "overwrite", "Changes on disk were merged.")

    def holds(self, kind: str) -> bool:
        """Whether this room shows its file as ``kind``: notebook or file."""
        return bool(self._file_type == kind)

    async def become(self, content: Any) -> None:
        """Take this content, as one edit that everybody sees; what is typed meanwhile stays.

        The file cannot say it: one that holds what the lab wrote once is no news to a room.
        """
        await self._bring_in([self.ydoc.get_update()], content)

    async def _bring_in(self, before: Sequence[bytes], content: Any) -> None:
        """The change from what ``before`` gives to ``content``, made by one more person."""
        self.ydoc.apply_update(await change_to(self._file_type, before, content))
        await self.settled()

    # -- end --------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Everything on disk, then in the file, then the room is closed."""
        if self._ended:
            return
        self._ended = True
        if self._keeper is not None:
            self._keeper.cancel()
        if self.ready:
            try:
                await asyncio.wait_for(self._save_before_end(), STOP_SECONDS)
            except Exception as error:
                self.log.warning("%s is complete in its log only: %s", self._document.path, error)
        await super().stop()

    async def _save_before_end(self) -> None:
        if self._pending or self._in_flight or self._unsaved.is_set():
            await self.save()
        await self.settled()

    async def _ask(self, question: str, *arguments: Any) -> Any:
        """Ask the log about this document, on the log's own thread."""
        return await self.log_of_server.ask(question, self.room_id, *arguments)
