"""The service tokens of the whole instance over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Response

from cuebook_server.http.credentials import TokenShown, TokensShown, show_token
from cuebook_server.http.door import Route, Through
from cuebook_server.services import credentials

router = APIRouter(prefix="/tokens", tags=["keys"], route_class=Route)


@router.get("")
def list_instance_tokens(door: Through) -> TokensShown:
    """List the service tokens of the whole instance; the first start made one."""
    return TokensShown(items=[show_token(row) for row in door.read(credentials.list_instance_tokens)])


@router.post("/{selector}/revoke", response_model=TokenShown)
def revoke_instance_token(selector: str, door: Through) -> Response:
    """End a service token of the whole instance now, on every node."""
    return door.write(lambda actor, uow: (200, show_token(credentials.revoke_instance_token(actor, uow, selector))))
