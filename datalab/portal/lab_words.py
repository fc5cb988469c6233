"""The sentences of the lab's extension of JupyterLab, which have no catalogue of their own."""

from __future__ import annotations

from datalab.i18n import Phrase

WORDS: tuple[Phrase, ...] = (
    Phrase("A cell that is gone"),
    Phrase("A notebook that was closed"),
    Phrase("About the selected cell"),
    Phrase("Answer"),
    Phrase("Cell {number}"),
    Phrase("Comments"),
    Phrase("Comments waiting for an answer: {count}"),
    Phrase("Data lab"),
    Phrase("GB"),
    Phrase("I am still working"),
    Phrase("Kernels: {count}. Closing a notebook's kernel gives its memory back."),
    Phrase("MB"),
    Phrase("Mark as resolved"),
    Phrase("Memory of the workers"),
    Phrase("Memory: {used}"),
    Phrase("Memory: {used} of {limit}"),
    Phrase("No notebook of this server has workers."),
    Phrase("No task waits."),
    Phrase("Nobody has said anything about this notebook yet."),
    Phrase(
        "Nobody seems to work here. This server stops in about {minutes} min; what is "
        "saved stays saved."
    ),
    Phrase("Not saved yet: what you type is kept in this page. Leave it open."),
    Phrase(
        "Offline: what you type is kept in this page and leaves when the connection is "
        "back. Leave it open."
    ),
    Phrase("Open a notebook to see what its readers say."),
    Phrase("Project: {title}"),
    Phrase("Publish…"),
    Phrase("Python that is repeated, per household or per scenario, goes quicker with some:"),
    Phrase("Reopen"),
    Phrase("Saved"),
    Phrase("Saving…"),
    Phrase("See"),
    Phrase("Send the comment"),
    Phrase("Show the comments"),
    Phrase("Sign in to the portal to read and answer comments."),
    Phrase("Start it again"),
    Phrase("Tasks done"),
    Phrase("Tasks that failed"),
    Phrase("Tasks under way"),
    Phrase("The portal did not answer. Try again in a moment."),
    Phrase(
        "The server does not answer: it was stopped, or the network is away. What you type "
        "stays in this page."
    ),
    Phrase("This comment was deleted."),
    Phrase("This page is no longer joined to the notebook: copy what is missing, then reload it."),
    Phrase("Used until now"),
    Phrase("Workers"),
    Phrase("Workers: {count}"),
    Phrase("Workers: {count} of {asked}, more are coming"),
    Phrase("Your answer"),
    Phrase("Your comment"),
    Phrase("answered"),
    Phrase("on the lab's compute service"),
    Phrase("resolved"),
    Phrase("this kernel: {used}"),
    Phrase("waiting for an answer"),
    Phrase("within this notebook's limits"),
    Phrase("{author}: {text}"),
    Phrase("{done} of {all}"),
    Phrase("{hours} processor-hours"),
    Phrase("{used} of {limit}"),
)
