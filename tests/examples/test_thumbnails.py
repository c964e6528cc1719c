"""Pictures in, thumbnails out."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from geartrain.testing import LocalServer
from tests.support.examples import at_work, run


def test_each_picture_has_its_thumbnail(server: LocalServer, tmp_path: Path) -> None:
    pictures = {"red.png": (255, 0, 0), "green.png": (0, 255, 0)}
    for name, colour in pictures.items():
        Image.new("RGB", (800, 600), colour).save(tmp_path / name)
    with at_work(server, "thumbnails", "--processes", "2"):
        run(server, "thumbnails.py", *[str(tmp_path / name) for name in pictures])
    for name, colour in pictures.items():
        with Image.open((tmp_path / name).with_suffix(".thumb.jpg")) as small:
            assert (small.format, small.size) == ("JPEG", (200, 150))
            found = small.getpixel((100, 75))
        assert isinstance(found, tuple)
        assert all(abs(a - b) < 8 for a, b in zip(found, colour, strict=True))
