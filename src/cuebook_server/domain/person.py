"""People: who they are, what they may call themselves, which passwords they may choose, how they are invited."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cuebook_server.domain.access import Grant
from cuebook_server.domain.errors import Invalid

LOGIN_CHARS_MAX = 254
NAME_CHARS_MAX = 200
PASSWORD_CHARS_MIN, PASSWORD_BYTES_MAX = 12, 1_024
INVITATION_LIFE = timedelta(days=7)
GRANTS_MAX = 100
# An `@` in every login: no token, which is named freely, can pass for a person in the audit.
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._+-]*@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_DISTINCT_MIN, _RUN_MIN = 5, 6
_RUNS = ("0123456789" * 3, "abcdefghijklmnopqrstuvwxyz" * 2, "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm")
_COMMON = frozenset(
    word
    for line in (
        "password passwort motdepasse contrasena passphrase pass word secret login admin administrator root user guest test",
        "default change changeme changeit letmein welcome hello iloveyou love princess sunshine monkey dragon football",
        "testing baseball master shadow superman batman trustno qwerty qwertz azerty asdf asdfgh zxcv zxcvbn qwe asd zxc",
        "cuebook prompt prompts company server computer internet summer winter spring autumn january monday access starwars",
        "qaz wsx edc abc whatever freedom flower cheese michael jordan charlie the my is it me you this not new",
    )
    for word in line.split()
)


class BadLogin(Invalid):
    """The login is not allowed."""

    code = "bad_login"
    hint = "Write it like an e-mail address, in small letters: `name@example.org`; 254 characters at most."


class WeakPassword(Invalid):
    """The password is too easy to guess."""

    code = "weak_password"
    hint = "Take 12 characters or more that no list of passwords has: a sentence, or what a password manager makes."


@dataclass(frozen=True, slots=True)
class Person:
    """An account. ``password`` is the argon2id hash, ``None`` for somebody who signs in elsewhere."""

    person_id: int
    login: str
    name: str
    password: str | None = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """The offer of an account, with its rights, to whoever holds the secret behind ``verifier``.

    invited_by: who answers for it, a person also where a service's token made it.
    """

    verifier: str
    login: str
    grants: tuple[Grant, ...]
    invited_by: str
    created_at: datetime
    expires_at: datetime

    @property
    def name(self) -> str:
        """Enough to tell invitations apart, and useless to a reader."""
        return self.verifier[:12]


def folded(login: str) -> str:
    """A login in its one form, however somebody typed it."""
    return login.strip().lower()


def check_login(text: str) -> str:
    """A login in its one form; ``BadLogin`` when it cannot be one."""
    login = folded(text)
    if len(login) > LOGIN_CHARS_MAX or not _LOGIN.fullmatch(login):
        raise BadLogin(f"{text[:80]!r} is no login.")
    return login


def check_password(login: str, password: str) -> None:
    """Refuse a password that is short, or that somebody would try early. Any characters are welcome."""
    if len(password) < PASSWORD_CHARS_MIN:
        raise WeakPassword(f"The password has {len(password)} characters; {PASSWORD_CHARS_MIN} are the least.")
    if len(password.encode(errors="replace")) > PASSWORD_BYTES_MAX:
        raise WeakPassword(f"The password has more than {PASSWORD_BYTES_MAX} bytes.", hint="Take a shorter one.")
    folded = password.casefold()
    own = login.partition("@")[0]
    letters = re.sub(r"[\W\d_]", "", folded)
    if len(set(folded)) < _DISTINCT_MIN or _is_run(folded) or (len(letters) >= _RUN_MIN and _is_run(letters)):
        raise WeakPassword("The password is a pattern that is tried early.")
    if letters and _made_of(letters, _COMMON | {own}):
        raise WeakPassword("The password is made of words that are tried early.")


def _is_run(text: str) -> bool:
    """Whether the keys lie side by side, in one direction or the other."""
    return any(text in run or text[::-1] in run for run in _RUNS)


def _made_of(text: str, words: frozenset[str]) -> bool:
    """Whether a text is common words, one after the other; in one walk, however they overlap."""
    ends = {0}
    for start in range(len(text)):
        if start in ends:
            ends.update(start + len(word) for word in words if text.startswith(word, start))
    return len(text) in ends
