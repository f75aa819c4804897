"""The calls of the management API about who is told: webhooks, and notices to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from cuebook._calls import Calls, Json, given, instant
from cuebook._transport import Request


class TellingCalls(Calls):
    """Webhooks of a project, and one's own notices."""

    def webhooks(self) -> list[Json]:
        """The project's webhooks, without their secrets."""
        return self._items(self._path("webhooks"))

    def add_webhook(self, url: str, *, name: str = "", events: Sequence[str] = (), environments: Sequence[str] = ()) -> Json:
        """Tell an address of what happens from now on. ``secret`` is what its messages are signed with, this once."""
        wanted = {"url": url, "name": name, "events": list(events), "environments": list(environments)}
        return self._write("POST", self._path("webhooks"), wanted)

    def webhook(self, webhook: str) -> Json:
        """One webhook: where it goes, what it is told, whether it is disabled and why."""
        return self._get(self._path("webhooks", webhook))

    def remove_webhook(self, webhook: str) -> Json:
        """Forget a webhook with its log."""
        return self._exchange(Request("DELETE", self._path("webhooks", webhook)))

    def rotate_webhook(self, webhook: str, overlap_s: int) -> Json:
        """Sign with a new ``secret`` (shown this once); the old one signs beside it ``overlap_s`` seconds longer."""
        return self._write("POST", self._path("webhooks", webhook, "rotate"), {"overlap_s": overlap_s})

    def disable_webhook(self, webhook: str) -> Json:
        """Tell it nothing until it is enabled again."""
        return self._write("POST", self._path("webhooks", webhook, "disable"), {})

    def enable_webhook(self, webhook: str) -> Json:
        """Go on where it stopped: what happened meanwhile is sent too."""
        return self._write("POST", self._path("webhooks", webhook, "enable"), {})

    def test_webhook(self, webhook: str) -> int:
        """Send it the event `ping`; returns the number under which its log tells what became of it."""
        return int(self._write("POST", self._path("webhooks", webhook, "test"), {})["seq"])

    def deliveries(self, webhook: str) -> Iterator[Json]:
        """What was sent, newest first, with every try."""
        return self._pages(self._path("webhooks", webhook, "deliveries"), "before")

    def replay(self, webhook: str, *, seq: int | None = None, since: datetime | None = None) -> int:
        """Send one message again, or everything since a moment; how many that are."""
        path = self._path("webhooks", webhook, "replay")
        count, after = 0, None
        while True:
            asked = given({"seq": seq, "since": instant(since) if since else None, "after": after})
            done = self._write("POST", path, asked)
            count += int(done["count"])
            if not done["next"]:
                return count
            after = done["next"]

    def notices(self) -> Iterator[Json]:
        """What one should know, newest first."""
        return self._pages("/api/me/notices", "before")

    def unread_notices(self) -> int:
        """How many notices one has not read."""
        return int(self._get("/api/me/notices", {"limit": 1})["unread"])

    def read_notices(self, up_to: int) -> int:
        """Note that the notices up to that number were read; how many of them were not before."""
        return int(self._write("POST", "/api/me/notices/read", {"up_to": up_to})["count"])
