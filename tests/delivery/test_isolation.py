"""Whatever is asked, with whatever key: an answer holds content of the key's own environment or none."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.domain.policy import Policy
from tests.delivery.client import Node, make_node
from tests.delivery.memory import MemorySource, text

NAMES = ["alpha", "beta", "gone", "drafted"]
ENVIRONMENTS = [(1, "development"), (1, "production"), (2, "development"), (2, "production")]


@dataclass
class World:
    """Two projects with equal names of everything; each (project, environment) serves texts that say where they belong."""

    node: Node
    keys: dict[tuple[int, str], str]


def marker(project: int, environment: str) -> str:
    return f"only-{project}-{environment}-sees-this"


def make_world() -> World:
    source = MemorySource()
    keys = {}
    for project, name in ENVIRONMENTS:
        key = source.add_environment(name, project=project)
        source.set_policy(key, Policy(pins="live", latest_allowed=False))
        keys[project, name] = source.add_key(key)
        for prompt in NAMES[:3]:
            for number in range(2):
                source.release(key, prompt, source.save(prompt, text(f"{marker(project, name)} {number}"), project))
        source.release(key, "gone", None)
        source.save("drafted", text("nobody-sees-this"), project)
        source.alias("old", "alpha", project)
    return World(make_node(source), keys)


WORLD = make_world()
SELECTORS = st.sampled_from(["stable", "latest", "1", "2", "3", "4", "5", "9", "-1", "0", "x", ""])
PARAMETERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["version", "_version"]), SELECTORS),
        st.tuples(st.just("environment"), st.sampled_from(["development", "production", "staging"])),
        st.tuples(st.just("subject"), st.sampled_from(["ann", "production", "%00"])),
        st.tuples(st.just("min_revision"), st.sampled_from(["0", "3"])),
        st.tuples(st.sampled_from(["project", "key", "since"]), st.sampled_from(["1", "2"])),
    ),
    max_size=2,
)
PATHS = st.one_of(
    st.sampled_from(["/v1/prompts", "/v1/snapshot", "/v1/prompts/", "/v1/../v1/snapshot", "/v1/events"]),
    st.builds("/v1/prompts/{}{}".format, st.sampled_from([*NAMES, "old", "ALPHA"]), st.sampled_from(["", "", "/render", "/x"])),
)


@given(st.sampled_from(ENVIRONMENTS), PATHS, PARAMETERS, st.sampled_from(["GET", "HEAD", "POST", "PUT"]), st.booleans())
def test_a_key_sees_its_own_environment_only(
    of: tuple[int, str], path: str, parameters: list[tuple[str, str]], method: str, zipped: bool
) -> None:
    query = "?" + "&".join(f"{name}={value}" for name, value in parameters) if parameters else ""
    headers = [("authorization", f"Bearer {WORLD.keys[of]}")] + [("accept-encoding", "gzip")] * zipped
    answer = WORLD.node.ask(path + query, headers, method, [b'{"variables": {}}'])
    body = gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body
    foreign = {marker(*other) for other in ENVIRONMENTS if other != of} | {"nobody-sees-this"}
    assert [word for word in foreign if word in body.decode()] == []
    assert answer.headers.get("cuebook-environment", of[1]) == of[1]
    assert answer.headers["vary"] == "Authorization, Accept-Encoding"


@given(PATHS, PARAMETERS, st.sampled_from(["GET", "POST"]), st.sampled_from(["", "Bearer x", "Basic eDp5"]))
def test_without_a_key_nothing_is_seen(path: str, parameters: list[tuple[str, str]], method: str, credential: str) -> None:
    query = "?" + "&".join(f"{name}={value}" for name, value in parameters) if parameters else ""
    answer = WORLD.node.ask(path + query, [("authorization", credential)] * bool(credential), method)
    assert answer.status == 401
    assert not any(name in answer.body.decode() for name in [*NAMES, "sees-this"])


def test_equal_names_in_two_projects_differ_in_every_tag() -> None:
    tags = {WORLD.node.get("/v1/prompts/alpha", key).headers["etag"] for key in WORLD.keys.values()}
    assert len(tags) == len(ENVIRONMENTS)
