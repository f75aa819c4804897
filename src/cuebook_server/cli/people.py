"""``cuebook people reset-link``: beside the database, because no call of the API resets a password."""

from __future__ import annotations

import json
import sys
from contextlib import suppress

from cuebook_server import settings as settings_module
from cuebook_server.domain.errors import CuebookError
from cuebook_server.services import people
from cuebook_server.settings import Settings
from cuebook_server.store.database import open_database
from cuebook_server.store.files import check_there
from cuebook_server.store.unit_of_work import SqlUnits


def reset_link(login: str, data: str | None = None, database: str | None = None) -> int:
    """Print a link to a new password; it counts once, for 15 minutes."""
    try:
        settings = settings_module.read({"data": data, "database": database})
        check_there(settings.database_url)
        opened = open_database(settings.database_url)
        try:
            with SqlUnits(opened).write() as uow:
                secret = people.reset_link(uow, login)
        finally:
            opened.close()
    except CuebookError as error:
        sys.stderr.write(f"cuebook: {error} {error.advice}\n")
        return 1
    sys.stdout.write(f"{settings.public_url or _last_address(settings)}/reset#{secret}\n")
    return 0


def _last_address(settings: Settings) -> str:
    """Where the server was started last: it may have been told another port than this command."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(settings.first_run_path.read_text(encoding="utf-8"))["url"])
    return settings.url_at(settings.port)
