"""Make thumbnails of pictures, side by side in all processes there are.

Run workers, on any machines:    geartrain worker thumbnails --processes 4
Have thumbnails made:            python thumbnails.py holiday/*.jpg
"""

import io
import sys
from pathlib import Path

from PIL import Image

from geartrain import Client, Worker

worker = Worker()


@worker.function("thumbnail", timeout=60)
def thumbnail(picture: bytes) -> bytes:
    with Image.open(io.BytesIO(picture)) as image:
        image.thumbnail((200, 200))
        small = io.BytesIO()
        image.convert("RGB").save(small, "JPEG")
    return small.getvalue()


if __name__ == "__main__":
    paths = [Path(name) for name in sys.argv[1:]]
    with Client() as client:
        pictures = (path.read_bytes() for path in paths)
        for path, small in zip(paths, client.map("thumbnail", pictures), strict=True):
            path.with_suffix(".thumb.jpg").write_bytes(small)
