"""Another machine as far as the network goes: a namespace with one cable to this one, which can be pulled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.ours import new_name, run
from tests.support.server import clean_environment

ROOT = Path(__file__).parents[2]
INTERFACE = "cable"


@dataclass(frozen=True)
class Network:
    """``here`` and ``there``: the addresses of the cable's ends. ``device``: its end on this side."""

    name: str
    device: str
    here: str
    there: str

    @classmethod
    def make(cls) -> Network:
        """A namespace, and the cable to it."""
        name = new_name()
        number = (os.getpid() * 4 + int(name.rpartition("-")[2])) % 16_000  # a small net of its own for each
        net = f"10.213.{number // 64}.{number % 64 * 4}"
        base, _, last = net.rpartition(".")
        made = cls(name, f"cue{number}", f"{base}.{int(last) + 1}", f"{base}.{int(last) + 2}")
        run("ip", "netns", "add", name)
        run("ip", "link", "add", made.device, "type", "veth", "peer", "name", INTERFACE, "netns", name)
        run("ip", "address", "add", f"{made.here}/30", "dev", made.device)
        run("ip", "link", "set", made.device, "up")
        made.inside("ip", "address", "add", f"{made.there}/30", "dev", INTERFACE)
        made.inside("ip", "link", "set", "lo", "up")
        made.mend()
        return made

    def remove(self) -> None:
        """The cable goes with it."""
        run("ip", "netns", "delete", self.name)
        shutil.rmtree(self._files, ignore_errors=True)

    def cut(self) -> None:
        """From now on nothing arrives, in either direction, and nobody is told."""
        self.inside("ip", "link", "set", INTERFACE, "down")

    def mend(self) -> None:
        """What is sent arrives again."""
        self.inside("ip", "link", "set", INTERFACE, "up")

    def spoil(self) -> None:
        """Three packets in ten are lost on the way there, and the way here takes 1 Mbit/s."""
        self.inside("iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", "0.3", "-j", "DROP")
        self.inside("tc", "qdisc", "add", "dev", INTERFACE, "root", "tbf", "rate", "1mbit", "burst", "16k", "latency", "400ms")

    def names(self, **addresses: str) -> None:
        """What the processes inside find for these names; nothing else is a name there."""
        self._files.mkdir(parents=True, exist_ok=True)
        hosts = "".join(f"{address} {name}\n" for name, address in addresses.items())
        (self._files / "hosts").write_text(hosts)  # in its place: what is bound over /etc/hosts is this very file
        (self._files / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")

    def inside(self, *command: str) -> str:
        """Run a command there."""
        return run("ip", "netns", "exec", self.name, *command)

    @contextmanager
    def python(self, module: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A program of ours that runs there; its input and output are pipes. It is killed at the end."""
        variables: Mapping[str, str] = (
            clean_environment() | environment | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT)))}
        )
        command = ["ip", "netns", "exec", self.name, sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(
            command, env=dict(variables), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    @property
    def _files(self) -> Path:
        return Path("/etc/netns") / self.name
