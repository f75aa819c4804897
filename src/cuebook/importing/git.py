"""The history of a Git repository's prompt files as versions, oldest first.

Every prompt, Markdown or text file of the newest commit becomes one prompt, and its versions are what ``git log --follow``
shows of it: changes in the order of their dates, through renames and exact copies, also of a file that was deleted and came
back. A commit that leaves the text as it was adds nothing; an older text that returns is a version again. Merges add no
version of their own, except the last when only the merge has the text the newest commit has.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from dulwich.bundle import read_bundle
from dulwich.diff_tree import CHANGE_COPY, CHANGE_DELETE, CHANGE_RENAME, RenameDetector, TreeChange
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    FileFormatException,
    MissingCommitError,
    NotGitRepository,
    ObjectMissing,
    WrongObjectException,
)
from dulwich.object_store import BaseObjectStore, MemoryObjectStore, iter_tree_contents, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.repo import Repo
from dulwich.walk import Walker

from cuebook.errors import Invalid
from cuebook.files import FILE_BYTES_MAX, BadFile, PromptFile, form_of, parse
from cuebook.importing.folder import is_prompt_file, name_parts
from cuebook.importing.items import (
    DESCRIPTION_CHARS_MAX,
    MESSAGE_CHARS_MAX,
    PATH_CHARS_MAX,
    Item,
    Names,
    Options,
    Problem,
    Read,
    clip,
    decode,
    sha256,
    text_content,
)

BUNDLE_BYTES_MAX = 512 * 1024 * 1024
COMMITS_MAX = 200_000
# As Git has it: half of the lines, and no search among more than so many files.
SIMILARITY_PERCENT = 50
RENAMES_MAX = 400
EMPTY = Blob.from_string(b"").id
# In how many ways dulwich says that the bytes are wrong, or that an object is not there.
BROKEN = (
    *(AssertionError, EOFError, LookupError, ValueError, struct.error, zlib.error),
    *(ChecksumMismatch, FileFormatException, MissingCommitError, ObjectMissing, WrongObjectException, ApplyDeltaError),
)
_BRANCHES = (b"HEAD", b"refs/heads/main", b"refs/heads/master")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file as one commit left it."""

    commit: Commit
    path: bytes
    blob: ObjectID


@dataclass(frozen=True, slots=True)
class Edit:
    """What one commit did to one path: its new blob, and the path it was renamed or copied from."""

    path: bytes
    blob: ObjectID
    source: bytes | None = None


def read_repository(path: Path, options: Options) -> Iterator[Read]:
    """The history of the branch a repository is on."""
    return _readable(_repository(path, options), path)


def read_bundle_file(path: Path, options: Options) -> Iterator[Read]:
    """The history in a bundle file: of its HEAD, else ``main``, ``master``, or its only branch."""
    return _readable(_bundle(path, options), path)


def _readable(reading: Iterator[Read], path: Path) -> Iterator[Read]:
    try:
        yield from reading
    except BROKEN as error:
        raise Invalid(
            f"{path.name} is damaged, no readable Git repository or bundle, or a partial clone ({type(error).__name__}).",
            hint="`git fsck` and `git bundle verify` say more.",
        ) from error


def _repository(path: Path, options: Options) -> Iterator[Read]:
    try:
        repository = Repo(str(path))
    except NotGitRepository:
        raise Invalid(f"{path} is no Git repository.") from None
    with closing(repository):
        try:
            tip = repository.head()
        except KeyError:
            raise Invalid(f"{path} has no commit yet.") from None
        yield from read_history(repository.object_store, tip, options, shallow=frozenset(repository.get_shallow()))


def _bundle(path: Path, options: Options) -> Iterator[Read]:
    if path.stat().st_size > BUNDLE_BYTES_MAX:
        raise Invalid(f"{path.name} is larger than {BUNDLE_BYTES_MAX // 2**20} MiB.", hint="Clone it, and import the clone.")
    store = MemoryObjectStore()
    with path.open("rb") as file, read_bundle(file) as bundle:
        if bundle.prerequisites:
            raise Invalid(f"{path.name} holds only a part of a history.", hint="Make it with `git bundle create FILE --all`.")
        tip = _tip({bytes(name): commit for name, commit in bundle.references.items()}, path.name)
        bundle.store_objects(store)
    yield from read_history(store, tip, options)


def _tip(references: dict[bytes, ObjectID], filename: str) -> ObjectID:
    heads = [name for name in references if name.startswith(b"refs/heads/")]
    chosen = next((name for name in _BRANCHES if name in references), heads[0] if len(heads) == 1 else None)
    if chosen is None:
        raise Invalid(
            f"{filename} has several branches and no `main`.", hint="Clone it, switch to the branch, import the clone."
        )
    return references[chosen]


def read_history(
    store: BaseObjectStore, tip: ObjectID, options: Options, *, shallow: frozenset[ObjectID] = frozenset()
) -> Iterator[Read]:
    """The files of the commit ``tip`` with their versions, file by file in order of path."""
    walker = Walker(store, [tip], max_entries=COMMITS_MAX, get_parents=lambda commit: _parents(commit, shallow))
    commits = [entry.commit for entry in walker]
    files = _files(store, commits[0], options)
    found = _lineages(store, commits, list(files), shallow)
    names = Names(options.prefix)
    for path in sorted(files):
        snapshots = _settled(store, commits, found[path], path, files[path])
        yield from _versions(store, snapshots, path, names, options)


def _parents(commit: Commit, shallow: frozenset[ObjectID]) -> list[ObjectID]:
    return [] if commit.id in shallow else commit.parents


def _files(store: BaseObjectStore, commit: Commit, options: Options) -> dict[bytes, ObjectID]:
    """The prompt files of a commit. A path that is no UTF-8 names no prompt."""
    files = {}
    for entry in iter_tree_contents(store, commit.tree):
        path = (entry.path or b"").decode("utf-8", "replace")
        hidden = any(part.startswith(".") for part in path.split("/"))
        if stat.S_ISREG(entry.mode or 0) and is_prompt_file(path) and not hidden and options.takes(path):
            files[entry.path or b""] = ObjectID(entry.sha or b"")
    return files


def _lineages(
    store: BaseObjectStore, commits: Sequence[Commit], files: Sequence[bytes], shallow: frozenset[ObjectID]
) -> dict[bytes, list[Snapshot]]:
    """For each file of the newest commit what was done to it, oldest first, in one walk back."""
    detector = RenameDetector(store, rename_threshold=SIMILARITY_PERCENT, max_files=RENAMES_MAX)
    at = {path: [path] for path in files}  # where each file stood at this point of the walk
    found: dict[bytes, list[Snapshot]] = {path: [] for path in files}
    for commit in commits:
        parents = _parents(commit, shallow)
        if len(parents) > 1:
            continue
        edits = _edits(store, detector, commit, parents[0] if parents else None)
        for edit in edits:
            for path in at.get(edit.path, ()):
                found[path].append(Snapshot(commit, edit.path, edit.blob))
        # All at once: two files may have changed places.
        moved = [(edit.source, at.pop(edit.path)) for edit in edits if edit.source and edit.path in at]
        for source, paths in moved:
            at.setdefault(source, []).extend(paths)
    return {path: snapshots[::-1] for path, snapshots in found.items()}


def _edits(store: BaseObjectStore, detector: RenameDetector, commit: Commit, parent: ObjectID | None) -> list[Edit]:
    before = _commit(store, parent).tree if parent else None
    edits, added = [], False
    for change in detector.changes_with_renames(before, commit.tree):
        if change.type == CHANGE_DELETE or change.new is None or not stat.S_ISREG(change.new.mode or 0):
            continue
        edit = Edit(change.new.path or b"", ObjectID(change.new.sha or b""), _source(change))
        added = added or (edit.source is None and change.old is None)
        edits.append(edit)
    if not added or before is None:
        return edits
    # A new file with the very bytes of one that stays is its copy.
    entries = list(iter_tree_contents(store, before))
    there = {ObjectID(entry.sha or b""): entry.path for entry in entries if entry.sha != EMPTY}
    stayed = {entry.path for entry in entries}
    return [
        Edit(edit.path, edit.blob, there.get(edit.blob)) if edit.source is None and edit.path not in stayed else edit
        for edit in edits
    ]


def _source(change: TreeChange) -> bytes | None:
    old, new = change.old, change.new
    # Empty files are all alike: one that appears is nobody's copy.
    if old is None or new is None or new.sha == EMPTY:
        return None
    followed = change.type == CHANGE_RENAME or (change.type == CHANGE_COPY and old.sha == new.sha)
    return old.path if followed else None


def _settled(
    store: BaseObjectStore, commits: Sequence[Commit], snapshots: list[Snapshot], path: bytes, blob: ObjectID
) -> list[Snapshot]:
    """The snapshots, ending with the newest commit's text: branches edited side by side may have met in a merge."""
    if snapshots and snapshots[-1].blob == blob:
        return snapshots
    merge = commits[0]
    for commit in commits:
        if len(commit.parents) > 1:
            try:
                if tree_lookup_path(store.__getitem__, commit.tree, path)[1] != blob:
                    break
            except KeyError:
                break
            merge = commit
    return [*snapshots, Snapshot(merge, path, blob)]


def _versions(
    store: BaseObjectStore, snapshots: Sequence[Snapshot], path: bytes, names: Names, options: Options
) -> Iterator[Read]:
    name, empty = "", False
    before: ObjectID | None = None
    for snapshot in snapshots:
        if snapshot.blob == before:
            continue
        where = f"{snapshot.path.decode('utf-8', 'replace')} at {snapshot.commit.id.decode()[:8]}"
        data = _data(store, snapshot.blob)
        if not data.strip():
            if not empty:
                yield Problem(path.decode("utf-8", "replace"), f"it is empty at {snapshot.commit.id.decode()[:8]}", "skipped")
            empty = True
            continue
        before = snapshot.blob
        # A file that never held anything takes no name.
        name = name or names.take(name_parts(path.decode("utf-8", "replace")))
        try:
            yield _item(data, snapshot, name, where, options)
        except BadFile as error:
            yield Problem(where, error.reason)
        except ValueError as error:
            yield Problem(where, str(error))


def _item(data: bytes, snapshot: Snapshot, name: str, where: str, options: Options) -> Item:
    if len(data) > FILE_BYTES_MAX:
        raise ValueError(f"it has {len(data)} bytes, at most {FILE_BYTES_MAX} are read")
    commit, path = snapshot.commit, snapshot.path.decode("utf-8", "replace")
    prompt = (
        parse(data, name=name, filename=path)
        if form_of(path)
        else PromptFile(name, text_content(decode(data), literal=options.literal))
    )
    provenance = {
        "source": "git",
        "author": _author(commit),
        "authored_at": _authored_at(commit),
        "commit": commit.id.decode(),
        "path": clip(path, PATH_CHARS_MAX),
    }
    message = clip(_text(commit.message, commit), MESSAGE_CHARS_MAX)
    key = _key(commit.id.decode(), path)
    said = clip(prompt.description, DESCRIPTION_CHARS_MAX)
    return Item(name, prompt.content, message, key, where, provenance, said, prompt.owner, prompt.tags)


def _key(commit: str, path: str) -> str:
    """What the registry knows the version by; a path of any length fits."""
    return f"git:{commit}:{path if len(path) <= PATH_CHARS_MAX else sha256(path.encode())}"


def _author(commit: Commit) -> str:
    """The author's name; the address stays in the repository."""
    return clip(_text(commit.author, commit).rsplit("<", 1)[0], 200)


def _authored_at(commit: Commit) -> str:
    try:
        zone = timezone(timedelta(seconds=commit.author_timezone))
        return datetime.fromtimestamp(commit.author_time, zone).isoformat()
    except (ValueError, OverflowError, OSError):  # a broken clock or zone in an old commit
        return datetime.fromtimestamp(0, UTC).isoformat()


def _text(data: bytes, commit: Commit) -> str:
    try:
        return data.decode((commit.encoding or b"utf-8").decode("ascii"), "replace")
    except (LookupError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")


def _data(store: BaseObjectStore, blob: ObjectID) -> bytes:
    loaded = store[blob]
    assert isinstance(loaded, Blob)
    return loaded.data


def _commit(store: BaseObjectStore, commit: ObjectID) -> Commit:
    loaded = store[commit]
    assert isinstance(loaded, Commit)
    return loaded
