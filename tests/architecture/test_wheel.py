"""Ship what was tested: the wheel is built once and installed alone, with the command line, and with the server."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.server import clean_environment, start_server

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
# What a fresh install of the SDK brings, itself included. langfuse brings 28, mlflow-skinny 41.
DISTRIBUTIONS_MAX = 9

pytestmark = pytest.mark.slow
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Callable[[str], Run]:
    """A function that installs the wheel with some extras into an empty environment and gives a runner of its programs."""

    def install(extras: str = "") -> Run:
        environment = tmp_path / "environment"
        _uv("venv", "--python", sys.executable, str(environment))
        # The locked versions, out of uv's cache where `make` put them; from the registry when somebody emptied it.
        what = ["--python", str(environment), "--constraint", "requirements/dev.txt", f"cuebook{extras} @ {wheel.as_uri()}"]
        try:
            _uv("pip", "install", "--offline", *what)
        except subprocess.CalledProcessError:
            _uv("pip", "install", *what)
        return lambda program, *arguments: subprocess.run(
            [environment / "bin" / program, *arguments],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return install


def test_the_wheel_holds_both_packages_their_types_the_pages_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"cuebook/py.typed", "cuebook_server/py.typed", "cuebook_server/store/migrations/env.py"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "cuebook_server/ui/static/app/index.html" in names
    assert any(name.startswith("cuebook_server/ui/static/app/assets/") and name.endswith(".js.br") for name in names)
    assert [name for name in names if name.startswith(("tests/", "bench/", "tools/"))] == []


def test_alone_it_is_light_and_says_what_the_command_line_needs(installed: Callable[[str], Run]) -> None:
    run = installed("")
    _passes(run("python", "-c", "from cuebook import *; import cuebook; cuebook.Client"))
    _refuses(run("cuebook", "--help"), naming="cuebook[cli]")
    assert len(_distributions(run)) <= DISTRIBUTIONS_MAX


def test_with_the_command_line_it_says_what_the_server_needs(installed: Callable[[str], Run]) -> None:
    run = installed("[cli]")
    _passes(run("cuebook", "--help"))
    _refuses(run("cuebook", "serve"), naming="cuebook[server]")


def test_with_the_server_it_serves(installed: Callable[[str], Run], tmp_path: Path) -> None:
    _passes(installed("[server]")("cuebook", "serve", "--help"))
    start_server(tmp_path / "data", program=tmp_path / "environment/bin/cuebook").stop()


def _passes(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr


def _refuses(done: subprocess.CompletedProcess[str], *, naming: str) -> None:
    assert done.returncode != 0
    assert naming in done.stderr
    assert "Traceback" not in done.stderr


def _distributions(run: Run) -> set[str]:
    listed = "import json, importlib.metadata as m; print(json.dumps([d.name for d in m.distributions()]))"
    return set(json.loads(run("python", "-c", listed).stdout))


def _uv(*arguments: str) -> None:
    subprocess.run([UV, *arguments], cwd=ROOT, check=True, capture_output=True, env=clean_environment())
