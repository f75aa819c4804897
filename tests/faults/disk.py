"""A file system of a test's own, on a loop device."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from tests.faults.ours import new_name, run

MIB = 1024 * 1024
SIZE = 24 * MIB
EXT4_IOC_SHUTDOWN, WITHOUT_FLUSH = 0x8004587D, 2


@dataclass
class Disk:
    """An image, and the place where it is mounted."""

    image: Path
    place: Path

    @classmethod
    def of(cls, image: Path) -> Disk:
        """A place for an image, not mounted yet."""
        place = image.with_name(new_name())
        place.mkdir()
        return cls(image, place)

    @classmethod
    def make(cls, folder: Path) -> Disk:
        """A new and empty one."""
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(SIZE)
        run("mkfs.ext4", "-q", str(image))
        return cls.of(image)

    def mount(self, *options: str) -> None:
        run("mount", "-o", ",".join(("loop", *options)), str(self.image), str(self.place))

    def remount(self, option: str) -> None:
        """``ro`` or ``rw`` from now on."""
        run("mount", "-o", f"remount,{option}", str(self.place))

    def unmount(self) -> None:
        run("umount", str(self.place))

    def fill(self) -> Path:
        """Take every byte that is left."""
        ballast = self.place / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (MIB, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return ballast

    def vanish(self) -> None:
        """Every access fails from now on, and nothing that was not on the disk yet will be."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(descriptor)
