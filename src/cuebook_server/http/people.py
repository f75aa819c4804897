"""Accounts, invitations and the rights of a project's members over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from cuebook_server.domain.access import Actor, Grant, Role
from cuebook_server.domain.person import Invitation, folded
from cuebook_server.http.door import Body, InHall, Route, Shown, Through
from cuebook_server.http.sessions import with_session
from cuebook_server.services import members, people
from cuebook_server.services.people import Account, Newcomer
from cuebook_server.services.ports import UnitOfWork

router = APIRouter(tags=["people"], route_class=Route)


class GrantIn(Body):
    """A role, in a project or (null) in all, in one environment or (null) in all."""

    role: Role
    project: str | None = None
    environment: str | None = None


class GrantHeld(Shown):
    """A role, in a project or (null) in all, in one environment or (null) in all."""

    role: str
    project: str | None
    environment: str | None


class InvitationIn(Body):
    """Whom to invite, and what they may do. At least one right."""

    login: str
    grants: Annotated[list[GrantIn], Field(min_length=1)]


class Invited(Shown):
    """An invitation. Hand ``secret`` over yourself: it is shown this once, counts once and for seven days."""

    login: str
    secret: str
    expires_at: datetime


class InvitationShown(Shown):
    """An invitation that was not taken up yet, without its secret.

    ``counts``: false once whoever invited lost the right to.
    """

    id: str
    login: str
    grants: list[GrantHeld]
    invited_by: str
    created_at: datetime
    expires_at: datetime
    counts: bool


class InvitationsShown(Shown):
    """The open invitations that one could have made oneself, newest first."""

    items: list[InvitationShown]
    next: str | None = None


class Acceptance(Body):
    """An invitation taken up."""

    secret: str
    name: str
    password: str


class Accepted(Shown):
    """The account exists; a browser that took the invitation up is signed in."""

    name: str


class PersonShown(Shown):
    """An account with its rights."""

    login: str
    name: str
    grants: list[GrantHeld]
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None


class RoleIn(Body):
    """A role in every project, or in the environment of that name of each."""

    role: Role
    environment: str | None = None


class PeopleShown(Shown):
    """Every account, by login."""

    items: list[PersonShown]
    next: str | None = None


class MemberIn(Body):
    """A role for somebody with an account, in the project or in one environment of it."""

    login: str
    role: Role
    environment: str | None = None


class MemberShown(Shown):
    """One right of one person. ``everywhere``: it comes from the whole instance and is not changed here."""

    login: str
    name: str
    role: str
    environment: str | None
    everywhere: bool
    disabled: bool


class MembersShown(Shown):
    """Who may do what here, by login."""

    items: list[MemberShown]
    next: str | None = None


@router.post("/invitations", response_model=Invited, status_code=201)
def invite(body: InvitationIn, door: Through) -> Response:
    """Invite somebody, with no more rights than one holds oneself."""
    wanted = [(grant.role, grant.project, grant.environment) for grant in body.grants]

    def shown(made: Invitation, secret: str) -> Invited:
        return Invited(login=made.login, secret=secret, expires_at=made.expires_at)

    return door.write(lambda actor, uow: (201, shown(*people.invite(actor, uow, body.login, wanted))))


@router.get("/invitations")
def list_invitations(door: Through) -> InvitationsShown:
    """List the invitations that nobody has taken up yet: those that one may make, and take back."""

    def look(actor: Actor, uow: UnitOfWork) -> list[InvitationShown]:
        names = _projects(uow)
        return [_invitation(found, names, counts=counts) for found, counts in people.open_invitations(actor, uow)]

    return InvitationsShown(items=door.read(look))


@router.delete("/invitations/{invitation}", response_model=InvitationShown)
def withdraw_invitation(invitation: str, door: Through) -> Response:
    """Take an invitation back: its link counts no more."""
    return door.write(
        lambda actor, uow: (200, _invitation(people.withdraw(actor, uow, invitation), _projects(uow), counts=False))
    )


@router.post("/invitations/accept", response_model=Accepted, status_code=201)
def accept(body: Acceptance, hall: InHall) -> Response:
    """Take an invitation up: makes the account and signs in."""
    hall.check_own()
    secret = people.accept(hall.units, hall.hasher, body.secret, Newcomer(body.name, body.password), hall.visit)
    answer = Response(Accepted(name=body.name).model_dump_json(), 201, media_type="application/json")
    return with_session(answer, secret)


@router.get("/people")
def list_people(door: Through) -> PeopleShown:
    """List every account, as an admin of the instance."""

    def look(actor: Actor, uow: UnitOfWork) -> list[PersonShown]:
        names = _projects(uow)
        return [_person(row, names) for row in people.everybody(actor, uow)]

    return PeopleShown(items=door.read(look))


@router.post("/people/{login}/disable", response_model=PersonShown)
def disable(login: str, door: Through) -> Response:
    """End what an account may do, at once, with its sessions and tokens."""
    return door.write(lambda actor, uow: (200, _changed(people.disable(actor, uow, login), uow)))


@router.post("/people/{login}/enable", response_model=PersonShown)
def enable(login: str, door: Through) -> Response:
    """Let an account sign in again."""
    return door.write(lambda actor, uow: (200, _changed(people.enable(actor, uow, login), uow)))


@router.post("/people/{login}/roles", response_model=PersonShown, status_code=201)
def give_role(login: str, body: RoleIn, door: Through) -> Response:
    """Give somebody a role in the whole instance, no more than one holds oneself."""
    return door.write(lambda actor, uow: (201, _changed(people.give_role(actor, uow, login, body.role, body.environment), uow)))


@router.delete("/people/{login}/roles", response_model=PersonShown)
def take_role(login: str, door: Through, *, role: Role, environment: str | None = None) -> Response:
    """Take a role in the whole instance away, at once. Its last admin stays."""
    return door.write(lambda actor, uow: (200, _changed(people.take_role(actor, uow, login, role, environment), uow)))


@router.get("/projects/{project}/members")
def list_members(project: str, door: Through) -> MembersShown:
    """List who may do what in the project."""
    return MembersShown(items=[_member(row) for row in door.read(lambda actor, uow: members.members(actor, uow, project))])


@router.post("/projects/{project}/members", response_model=MemberShown, status_code=201)
def add_member(project: str, body: MemberIn, door: Through) -> Response:
    """Give somebody a role in the project, no more than one holds oneself."""
    return door.write(lambda actor, uow: (201, _member(members.add(actor, uow, project, **body.model_dump()))))


@router.delete("/projects/{project}/members", response_model=MembersShown)
def remove_member(
    project: str,
    door: Through,
    *,
    login: Annotated[str, Query(max_length=254)],
    role: Role,
    environment: str | None = None,
) -> Response:
    """Take a role in the project away; it counts no more from the next request on."""

    def use(actor: Actor, uow: UnitOfWork) -> tuple[int, MembersShown]:
        members.remove(actor, uow, project, login, role, environment)
        left = members.members(actor, uow, project) if actor.person != folded(login) else ()
        return 200, MembersShown(items=[_member(row) for row in left])

    return door.write(use)


def _projects(uow: UnitOfWork) -> Mapping[int | None, str]:
    """The names of projects, by their numbers, as rights know them."""
    return {project.project_id: project.name for project in uow.projects.all()}


def _grants(grants: tuple[Grant, ...], projects: Mapping[int | None, str]) -> list[GrantHeld]:
    return [
        GrantHeld(role=grant.role, project=projects.get(grant.project_id), environment=grant.environment) for grant in grants
    ]


def _invitation(found: Invitation, projects: Mapping[int | None, str], *, counts: bool) -> InvitationShown:
    return InvitationShown(
        id=found.name,
        login=found.login,
        grants=_grants(found.grants, projects),
        invited_by=found.invited_by,
        created_at=found.created_at,
        expires_at=found.expires_at,
        counts=counts,
    )


def _changed(account: Account, uow: UnitOfWork) -> PersonShown:
    return _person(account, _projects(uow))


def _person(account: Account, projects: Mapping[int | None, str]) -> PersonShown:
    person = account.person
    return PersonShown(
        login=person.login,
        name=person.name,
        grants=_grants(account.grants, projects),
        has_password=person.password is not None,
        created_at=person.created_at,
        disabled_at=person.disabled_at,
    )


def _member(member: members.Member) -> MemberShown:
    return MemberShown(
        login=member.login,
        name=member.name,
        role=member.role,
        environment=member.environment,
        everywhere=member.everywhere,
        disabled=member.disabled,
    )
