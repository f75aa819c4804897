"""Whether a schema is current is asked without Alembic, at every start."""

from __future__ import annotations

import subprocess
import sys

from cuebook_server.store import migrate
from cuebook_server.store.database import open_database


def test_the_newest_file_is_the_newest_revision(sqlite_url: str) -> None:
    """The file's number stands for the revision; were they to differ, every start would migrate again."""
    files = [path.name.partition("_")[0] for path in migrate._VERSIONS.glob("[0-9]*.py")]
    assert sorted(files, reverse=True) == migrate._known()
    assert migrate.is_current(open_database(sqlite_url))


def test_a_usual_start_does_not_import_alembic(sqlite_url: str) -> None:
    code = (
        "import sys; from cuebook_server.store.database import open_database; from cuebook_server.store.migrate import migrate;"
        f" migrate(open_database({sqlite_url!r})); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
