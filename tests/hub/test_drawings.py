"""What a notebook that several people write shows: the lab's maps, and nobody's scripts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.hub.lab import Lab
from tests.hub.test_labextension import window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.hub, pytest.mark.browser]
TRY = (
    "document.body.append('drawn');"
    "try { parent.document.title = 'taken'; document.body.append(' reached') } catch {}"
)
HTML = (
    f'<p>before</p><iframe sandbox="allow-scripts allow-same-origin" title="A map" '
    f'onload="document.title=1" style="height:210px" srcdoc="<body><script>{TRY}</script>">'
    '</iframe><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" aria-label="A key" '
    'onload="document.title=2"><script>document.title=3</script></svg>'
    '<iframe title="Elsewhere" src="/hub/home"></iframe>'
    "<script>document.title=4</script><img src=x onerror='document.title=5'>"
)


def test_a_map_is_drawn_and_nothing_reaches_the_page(browser: Browser, running_lab: Lab) -> None:
    running_lab.command(
        "project", "create", "drawn", "--title", "Dessins", "--member", "student:owner"
    )
    work = running_lab.home / "projects" / "drawn" / "work"
    cell: dict[str, Any] = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": 1}
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": HTML}}
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [{**cell, "source": "1", "outputs": [output]}],
    }
    (work / "map.ipynb").write_text(json.dumps(document))
    if os.geteuid() == 0:
        os.chown(work / "map.ipynb", work.stat().st_uid, work.stat().st_gid)
    with window(browser, running_lab, "student") as page:
        page.goto(f"{running_lab.url}/services/datalab/projects/drawn/open?notebook=map.ipynb")
        frame = page.wait_for_selector(".jp-Notebook iframe")
        assert frame is not None
        inside = frame.content_frame()
        assert inside is not None
        inside.wait_for_selector("text=drawn")
        assert "reached" not in inside.inner_text("body")
        assert frame.get_attribute("sandbox") == "allow-scripts"
        assert frame.get_attribute("title") == "A map"
        assert frame.get_attribute("onload") is None
        assert page.locator(".jp-Notebook iframe").count() == 1, (
            "one address of the lab is left out"
        )
        assert page.locator(".jp-OutputArea img[alt='A key']").count() == 1
        assert page.locator(".jp-RenderedHTML svg").count() == 0
        assert page.title() not in {"1", "2", "3", "4", "5", "taken"}
