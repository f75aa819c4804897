"""Accounts: the first by a link, others by invitation; nobody gives more than they hold; what ends, ends at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from cuebook_server.domain.access import Actor, Grant, Role
from cuebook_server.domain.audit import AuditFilter
from cuebook_server.domain.errors import AlreadyExists, Conflict, CuebookError, Forbidden, Invalid, KeyRevoked, NotFound
from cuebook_server.domain.identity import Identity
from cuebook_server.domain.person import GRANTS_MAX, INVITATION_LIFE, BadLogin, WeakPassword, check_login, check_password
from cuebook_server.domain.person import Person as Somebody
from cuebook_server.domain.session import LINK_LIFE, SignedOut
from cuebook_server.services import audit, callers, first_run, identities, members, people, personal, sessions
from cuebook_server.services.people import LastAdmin, LinkRefused, Newcomer
from cuebook_server.services.ports import UnitOfWork
from cuebook_server.services.sessions import Visit, WrongPassword
from cuebook_server.store.database import open_database
from cuebook_server.store.unit_of_work import SqlUnits
from tests.factories import Registry
from tests.people import PROJECT
from tests.support.passwords import PASSWORD, cheap

AUTHOR, REVIEWER = "author@example.org", "reviewer@example.org"
HERE = Visit("req_1", "127.0.0.1")
NEW = "another sentence, 8 words long by count"


@pytest.fixture
def empty(database_url: str) -> Iterator[SqlUnits]:
    """A registry that nobody has an account in."""
    database = open_database(database_url)
    units = SqlUnits(database)
    with units.write() as uow:
        first_run.set_up(uow)
    yield units
    database.close()


def first_link(units: SqlUnits) -> str:
    with units.write() as uow:
        return people.first_link(uow) or ""


def actor(registry: Registry, secret: str) -> Actor:
    with registry.units.read() as uow:
        return sessions.recognise(uow, secret, request_id="req_2", source="")[0]


def known(uow: UnitOfWork) -> Somebody:
    found = uow.people.find(REVIEWER)
    assert found is not None
    return found


def invited(registry: Registry, by: Actor, login: str, *grants: tuple[str, str | None, str | None]) -> str:
    with registry.units.write() as uow:
        return people.invite(by, uow, login, grants)[1]


def hired(registry: Registry, login: str = AUTHOR, role: str = "admin", project: str | None = None) -> Actor:
    """Somebody with an account, by invitation of the operator, signed in."""
    secret = invited(registry, registry.people.operator.actor, login, (role, project, None))
    return actor(registry, people.accept(registry.units, cheap(), secret, Newcomer("Somebody", PASSWORD), HERE))


class Meanwhile:
    """A slow hash, while which something happens once: it runs outside every transaction."""

    def __init__(self, *, hashing: Callable[[], object] = int, proving: Callable[[], object] = int) -> None:
        self._hashing, self._proving, self.decoy = hashing, proving, cheap().decoy

    def hash(self, password: str) -> str:
        self._hashing()
        return cheap().hash(password)

    def fits(self, hashed: str, password: str) -> bool:
        self._proving()
        return cheap().fits(hashed, password)


def test_the_link_of_the_first_start_makes_the_first_admin_once(empty: SqlUnits) -> None:
    secret, other = first_link(empty), first_link(empty)
    mine = people.set_up(empty, cheap(), secret, Newcomer("Author", PASSWORD, "Author@example.org"), HERE)
    with empty.read() as uow:
        found, _ = sessions.recognise(uow, mine, request_id="r", source="")
    assert (found.person, found.grants) == (AUTHOR, (Grant("admin"),))
    assert first_link(empty) == ""
    for again in (secret, other):
        with pytest.raises(LinkRefused):
            people.set_up(empty, cheap(), again, Newcomer("Reviewer", PASSWORD, REVIEWER), HERE)


def test_a_bad_choice_does_not_use_the_link_up(empty: SqlUnits) -> None:
    secret = first_link(empty)
    for who in (
        Newcomer("Author", "short", AUTHOR),
        Newcomer("Author", PASSWORD, "author"),
        Newcomer("Author\n", PASSWORD, AUTHOR),
    ):
        with pytest.raises(CuebookError):
            people.set_up(empty, cheap(), secret, who, HERE)
    people.set_up(empty, cheap(), secret, Newcomer("Author", PASSWORD, AUTHOR), HERE)


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "' OR 1=1 --"])
def test_what_is_no_link_opens_no_account(empty: SqlUnits, secret: str) -> None:
    with pytest.raises(LinkRefused):
        people.set_up(empty, cheap(), secret, Newcomer("Author", PASSWORD, AUTHOR), HERE)
    with pytest.raises(LinkRefused):
        people.accept(empty, cheap(), secret, Newcomer("Author", PASSWORD), HERE)
    with pytest.raises(LinkRefused):
        people.reset(empty, cheap(), secret, PASSWORD, HERE)


def test_a_link_to_a_password_is_none_to_the_first_account(registry: Registry) -> None:
    hired(registry)
    with registry.units.write() as uow:
        secret = people.reset_link(uow, AUTHOR)
    with pytest.raises(LinkRefused):
        people.set_up(registry.units, cheap(), secret, Newcomer("Reviewer", PASSWORD, REVIEWER), HERE)


def test_an_invitation_makes_an_account_with_its_rights_once_within_a_week(registry: Registry) -> None:
    owner = registry.people.owner.actor
    secret = invited(registry, owner, REVIEWER, ("releaser", PROJECT, "staging"))
    late = invited(registry, owner, "late@example.org", ("viewer", PROJECT, None))
    found = actor(registry, people.accept(registry.units, cheap(), secret, Newcomer("Reviewer", PASSWORD), HERE))
    assert [(grant.role, grant.environment) for grant in found.grants] == [("releaser", "staging")]
    registry.clock.tick(INVITATION_LIFE.total_seconds())
    for used in (secret, late):
        with pytest.raises(LinkRefused):
            people.accept(registry.units, cheap(), used, Newcomer("Reviewer", PASSWORD), HERE)


def test_nobody_invites_to_more_than_they_hold(registry: Registry) -> None:
    cases = [
        (registry.people.owner, ("viewer", None, None), Forbidden),
        (registry.people.colleague, ("viewer", PROJECT, None), Forbidden),
        (registry.people.stranger, ("viewer", PROJECT, None), NotFound),
        (registry.people.owner, ("king", PROJECT, None), members.UnknownRole),
    ]
    for who, grant, refusal in cases:
        with pytest.raises(refusal):
            invited(registry, who.actor, REVIEWER, grant)
    hired(registry, REVIEWER)
    with pytest.raises(AlreadyExists):
        invited(registry, registry.people.operator.actor, REVIEWER, ("viewer", None, None))


def test_an_invitation_with_too_many_rights_is_refused_before_any_is_looked_up(registry: Registry) -> None:
    operator = hired(registry)
    with pytest.raises(Invalid, match=f"{GRANTS_MAX + 1} rights"), registry.units.write() as uow:
        people.invite(operator, uow, REVIEWER, [("viewer", "nowhere", None)] * (GRANTS_MAX + 1))


def test_rights_change_at_once(registry: Registry) -> None:
    reviewer = hired(registry, REVIEWER, "viewer", PROJECT)
    registry.do(members.add, REVIEWER, "author")
    with registry.units.read() as uow:
        now = sessions.stands_for(uow, known(uow), None, HERE)
    assert [grant.role for grant in now.grants] == ["viewer", "author"]
    registry.do(members.remove, REVIEWER, "author")
    registry.do(members.remove, REVIEWER, "viewer")
    with pytest.raises(NotFound):
        registry.do(members.remove, REVIEWER, "viewer")
    with registry.units.read() as uow:
        assert uow.people.grants(known(uow)) == ()
    assert reviewer.person == REVIEWER


def test_members_are_given_within_ones_own_rights(registry: Registry) -> None:
    hired(registry, REVIEWER, "viewer", PROJECT)
    with pytest.raises(Forbidden):
        registry.do_as(registry.people.colleague, members.add, REVIEWER, "viewer")
    with pytest.raises(NotFound):
        registry.do_as(registry.people.stranger, members.add, REVIEWER, "viewer")
    with pytest.raises(NotFound):
        registry.do(members.add, "nobody@example.org", "viewer")
    registry.do(members.add, REVIEWER, "on-call", "production")
    told = [(entry["action"], entry["target"], entry["environment"]) for entry in registry.audit()]
    assert ("member.added", REVIEWER, "production") in told


def test_who_is_disabled_is_out_at_once_and_tokens_stay_gone(registry: Registry) -> None:
    hired(registry, AUTHOR)
    reviewer = hired(registry, REVIEWER)
    with registry.units.write() as uow:
        token = personal.create(reviewer, uow, name="mine").credential.token
        people.disable(registry.people.operator.actor, uow, REVIEWER)
    with pytest.raises(WrongPassword):
        sessions.sign_in(registry.units, cheap(), REVIEWER, PASSWORD, HERE)
    with registry.units.write() as uow:
        people.enable(registry.people.operator.actor, uow, REVIEWER)
    with pytest.raises(KeyRevoked), registry.units.read() as uow:
        callers.by_token(uow, token, request_id="r", source="")
    sessions.sign_in(registry.units, cheap(), REVIEWER, PASSWORD, HERE)


def test_who_was_disabled_while_they_asked_for_a_token_gets_none(registry: Registry) -> None:
    """Who asks was looked at before, in another transaction; a token made now would count again with the account."""
    hired(registry, AUTHOR)
    reviewer = hired(registry, REVIEWER)
    with registry.units.write() as uow:
        people.disable(registry.people.operator.actor, uow, REVIEWER)
    with pytest.raises(SignedOut), registry.units.write() as uow:
        personal.create(reviewer, uow, name="mine")


def test_the_last_admin_stays(registry: Registry) -> None:
    hired(registry, AUTHOR)
    operator = registry.people.operator.actor
    with pytest.raises(LastAdmin), registry.units.write() as uow:
        people.disable(operator, uow, AUTHOR)
    with pytest.raises(Forbidden), registry.units.write() as uow:
        people.disable(registry.people.owner.actor, uow, AUTHOR)


def role_of(registry: Registry, login: str, *, give: str = "", take: str = "", by: Actor | None = None) -> list[str]:
    """The roles of somebody in the whole instance, after one was given or taken."""
    use, role = (people.give_role, give) if give else (people.take_role, take)
    with registry.units.write() as uow:
        account = use(by or registry.people.operator.actor, uow, login, role)
    return [grant.role for grant in account.grants if grant.project_id is None]


def test_what_somebody_may_do_everywhere_changes_later(registry: Registry) -> None:
    hired(registry, AUTHOR)
    reviewer = hired(registry, REVIEWER, "viewer")
    with pytest.raises(Forbidden):
        role_of(registry, REVIEWER, give="admin", by=reviewer)
    assert role_of(registry, REVIEWER, give="admin") == ["viewer", "admin"]
    assert role_of(registry, REVIEWER, give="admin") == ["viewer", "admin"]
    assert role_of(registry, AUTHOR, take="admin") == []
    with pytest.raises(LastAdmin):
        role_of(registry, REVIEWER, take="admin")
    with pytest.raises(NotFound):
        role_of(registry, AUTHOR, take="admin")


def test_changes_of_rights_in_the_whole_instance_are_told_once(registry: Registry) -> None:
    hired(registry, REVIEWER, "viewer")
    for give, take in (("author", ""), ("author", ""), ("", "author")):
        role_of(registry, REVIEWER, give=give, take=take)
    with registry.units.read() as uow:
        chain = audit.entries(registry.people.operator.actor, uow, "default", AuditFilter(target=REVIEWER), after=0, limit=99)
    told = [entry["action"] for entry in chain if entry["action"].startswith("person.role")]
    assert told == ["person.role_given", "person.role_taken"]


def test_nobody_raises_themselves(registry: Registry) -> None:
    admin = hired(registry, AUTHOR)
    hired(registry, REVIEWER, "viewer")
    with pytest.raises(Forbidden, match="nobody raises themselves"):
        role_of(registry, AUTHOR, give="on-call", by=admin)
    with pytest.raises(Forbidden, match="nobody raises themselves"):
        registry.do(members.add, "owner", "on-call")
    assert role_of(registry, REVIEWER, give="on-call", by=admin) == ["viewer", "on-call"]
    narrow = replace(admin, scopes=frozenset({"members.write", "read"}))
    with pytest.raises(Forbidden):
        role_of(registry, REVIEWER, give="author", by=narrow)


def test_a_login_means_the_same_person_however_it_is_typed(registry: Registry) -> None:
    """`members add` knew no Reviewer@Example.org and said to invite them; the invitation said that they had an account."""
    admin, typed = hired(registry, AUTHOR), " Reviewer@Example.org"
    hired(registry, REVIEWER, "viewer", PROJECT)
    assert registry.do(members.add, typed, "author").login == REVIEWER
    registry.do(members.remove, typed, "author")
    assert role_of(registry, typed, give="author") == ["author"]
    assert role_of(registry, typed, take="author") == []
    with registry.units.write() as uow:
        assert sessions.end_all(admin, uow, typed) == 1
        assert [use(admin, uow, typed).person.login for use in (people.disable, people.enable)] == [REVIEWER, REVIEWER]
    with pytest.raises(Forbidden, match="nobody raises themselves"):
        role_of(registry, AUTHOR.title(), give="on-call", by=admin)
    with pytest.raises(Forbidden, match="nobody raises themselves"):
        registry.do(members.add, "Owner", "on-call")


def test_an_admin_of_one_environment_everywhere_is_none_of_the_instance(registry: Registry) -> None:
    secret = invited(registry, registry.people.operator.actor, AUTHOR, ("admin", None, "staging"))
    staging = actor(registry, people.accept(registry.units, cheap(), secret, Newcomer("Author", PASSWORD), HERE))
    with pytest.raises(Forbidden), registry.units.read() as uow:
        people.everybody(staging, uow)
    with pytest.raises(Forbidden):
        role_of(registry, AUTHOR, give="admin", by=staging)


def test_an_open_invitation_is_seen_and_taken_back_by_whoever_could_make_it(registry: Registry) -> None:
    who = registry.people
    kept = invited(registry, who.owner.actor, REVIEWER, ("viewer", PROJECT, None))
    invited(registry, who.operator.actor, AUTHOR, ("viewer", None, None))
    with registry.units.write() as uow:
        ((offered, counts),) = people.open_invitations(who.owner.actor, uow)
        assert (offered.login, counts) == (REVIEWER, True)
        assert {found.login for found, _ in people.open_invitations(who.operator.actor, uow)} == {AUTHOR, REVIEWER}
        for outsider in (who.colleague, who.stranger):
            assert people.open_invitations(outsider.actor, uow) == []
            with pytest.raises(NotFound):
                people.withdraw(outsider.actor, uow, offered.name)
        people.withdraw(who.owner.actor, uow, offered.name)
        assert people.open_invitations(who.owner.actor, uow) == []
    with pytest.raises(LinkRefused):
        people.accept(registry.units, cheap(), kept, Newcomer("Reviewer", PASSWORD), HERE)


def test_an_open_invitation_says_when_it_counts_no_more(registry: Registry) -> None:
    invited(registry, hired(registry, project=PROJECT), REVIEWER, ("viewer", PROJECT, None))
    with registry.units.write() as uow:
        people.disable(registry.people.operator.actor, uow, AUTHOR)
    with registry.units.read() as uow:
        assert [counts for _, counts in people.open_invitations(registry.people.owner.actor, uow)] == [False]
    registry.clock.tick(INVITATION_LIFE.total_seconds())
    with registry.units.read() as uow:
        assert people.open_invitations(registry.people.owner.actor, uow) == []


@pytest.mark.parametrize("by_token", [False, True])
def test_an_invitation_by_somebody_who_lost_the_right_counts_no_more(registry: Registry, *, by_token: bool) -> None:
    """Nor does one that a service's token made, for which they answer."""
    admin = hired(registry, AUTHOR)
    if by_token:
        admin = replace(admin, principal="ci", person=None, owner=AUTHOR)
    hired(registry, "another@example.org")
    kept = invited(registry, admin, "kept@example.org", ("viewer", PROJECT, None))
    lost = invited(registry, admin, REVIEWER, ("admin", None, None))
    role_of(registry, AUTHOR, give="on-call")
    people.accept(registry.units, cheap(), kept, Newcomer("Kept", PASSWORD), HERE)
    role_of(registry, AUTHOR, take="admin")
    with pytest.raises(LinkRefused):
        people.accept(registry.units, cheap(), lost, Newcomer("Reviewer", PASSWORD), HERE)


def test_a_password_is_changed_with_the_old_one_and_ends_other_sessions(registry: Registry) -> None:
    author = hired(registry)
    other = sessions.sign_in(registry.units, cheap(), AUTHOR, PASSWORD, HERE)
    with pytest.raises(WrongPassword):
        people.change_password(author, registry.units, cheap(), "wrong", NEW)
    with pytest.raises(WeakPassword):
        people.change_password(author, registry.units, cheap(), PASSWORD, "password1234")
    people.change_password(author, registry.units, cheap(), PASSWORD, NEW)
    with pytest.raises(SignedOut):
        actor(registry, other)
    sessions.sign_in(registry.units, cheap(), AUTHOR, NEW, HERE)


def test_of_two_who_change_a_password_at_once_the_second_is_told(registry: Registry) -> None:
    author = hired(registry)
    slow = Meanwhile(hashing=lambda: people.change_password(author, registry.units, cheap(), PASSWORD, NEW))
    with pytest.raises(Conflict, match="changed meanwhile"):
        people.change_password(author, registry.units, slow, PASSWORD, f"another {NEW}")
    sessions.sign_in(registry.units, cheap(), AUTHOR, NEW, HERE)


def test_who_is_disabled_or_has_another_password_meanwhile_is_not_signed_in(registry: Registry) -> None:
    author = hired(registry)
    hired(registry, REVIEWER)

    def disable() -> None:
        with registry.units.write() as uow:
            people.disable(registry.people.operator.actor, uow, REVIEWER)

    def change() -> None:
        people.change_password(author, registry.units, cheap(), PASSWORD, NEW)

    for login, happens in ((REVIEWER, disable), (AUTHOR, change)):
        with pytest.raises(WrongPassword):
            sessions.sign_in(registry.units, Meanwhile(proving=happens), login, PASSWORD, HERE)


def test_an_operator_hands_out_a_link_to_a_new_password(registry: Registry) -> None:
    hired(registry)
    with registry.units.write() as uow:
        secret, late = people.reset_link(uow, AUTHOR), people.reset_link(uow, AUTHOR)
    assert people.reset(registry.units, cheap(), secret, NEW, HERE) == AUTHOR
    sessions.sign_in(registry.units, cheap(), AUTHOR, NEW, HERE)
    registry.clock.tick(LINK_LIFE.total_seconds())
    for used in (secret, late):
        with pytest.raises(LinkRefused):
            people.reset(registry.units, cheap(), used, PASSWORD, HERE)


def test_personal_tokens_follow_their_owner_and_are_no_sign_in(registry: Registry) -> None:
    author = hired(registry)
    with registry.units.write() as uow:
        made = personal.create(author, uow, name="mine", scopes=["prompts.write"])
    with registry.units.read() as uow:
        mine = callers.by_token(uow, made.credential.token, request_id="r", source="")
    assert (mine.person, mine.signed_in_at, mine.scopes) == (AUTHOR, None, frozenset({"read", "prompts.write"}))
    with pytest.raises(Forbidden), registry.units.write() as uow:
        personal.create(mine, uow, name="more")
    with pytest.raises(personal.NobodysOwn), registry.units.write() as uow:
        personal.create(registry.people.operator.actor, uow, name="x")
    with registry.units.write() as uow:
        personal.revoke(author, uow, made.row.selector)
    with pytest.raises(KeyRevoked), registry.units.read() as uow:
        callers.by_token(uow, made.credential.token, request_id="r", source="")


def test_an_identity_is_never_joined_to_an_account_by_its_address(registry: Registry) -> None:
    hired(registry, AUTHOR)
    claims = Identity("https://id.example.org", "sub-1", AUTHOR, "Author")
    defaults: tuple[Role | None, ...] = (None, "viewer")
    for default in defaults:
        with pytest.raises(identities.UnknownIdentity), registry.units.write() as uow:
            identities.sign_in(uow, claims, "", default, HERE)
    secret = invited(registry, registry.people.operator.actor, REVIEWER, ("viewer", PROJECT, None))
    with registry.units.write() as uow:
        first = identities.sign_in(uow, claims, secret, None, HERE)
        second = identities.sign_in(uow, claims, "", None, HERE)
    assert {actor(registry, first).person, actor(registry, second).person} == {REVIEWER}
    with pytest.raises(identities.UnknownIdentity), registry.units.write() as uow:
        identities.sign_in(uow, Identity("https://other.example.org", "sub-1", REVIEWER), "", None, HERE)


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaa", "password1234", "Password Password", "123456789012"])
def test_weak_passwords(weak: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(AUTHOR, weak)


@pytest.mark.parametrize("weak", ["authorauthor2024", "qwertyuiop12", "letmein-letmein!", "zyxwvutsrqpon", "x" * 2_000])
def test_more_weak_passwords(weak: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(AUTHOR, weak)


@pytest.mark.parametrize("good", [PASSWORD, NEW, "пароль из сливы 9", "correct horse battery staple", "x7$Kp!mQ2z^w"])
def test_good_passwords(good: str) -> None:
    check_password(AUTHOR, good)


@pytest.mark.parametrize(
    "bad", ["", "author", "@", "a@", "@b", "a b@c", "a@b\n@", "é@b", "a@b@c", "a" * 250 + "@b.co", "a\x00@b"]
)
def test_bad_logins(bad: str) -> None:
    with pytest.raises(BadLogin):
        check_login(bad)
