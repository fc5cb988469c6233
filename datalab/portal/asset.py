"""Files that pages load: our own, and the map scripts that notebooks load from here too."""

from __future__ import annotations

import os
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

MONTH = 30 * 24 * 3600  # seconds


class LongLived(StaticFiles):
    """Files that a browser may keep. ``shared`` ones may also be loaded by sandboxed frames."""

    def __init__(self, *args: Any, shared: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.shared = shared

    async def check_config(self) -> None:
        """A folder that is not there yet has no files: each is a 404, not a failure."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = f"public, max-age={MONTH}"
        if self.shared:
            # A notebook's map lives in a frame without an origin; these files are no secret.
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response
