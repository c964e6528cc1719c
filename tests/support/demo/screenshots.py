"""Take the pictures of the documents: ``script/screenshots``.

They are of the shop, in Debian's Chromium, with the font Inter if it is installed.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser

from tests.support.browser import DESK, PHONE, chromium, looking, updated
from tests.support.demo.shop import running_shop
from tests.support.http_client import HttpServer

__all__ = ["PICTURES", "Picture", "main"]

IMAGES = Path(__file__).parents[3] / "docs" / "images"

# Seconds that the shop is open before, so that something runs and has failed.
OPEN = 75.0
# Colours of a picture: half the size, and nobody sees it.
COLOURS = 192


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture.

    Attributes:
        name: its file, without ``.png``.
        path: the page; ``{handle}`` is that of a job that runs.
        theme: ``light`` or ``dark``.
        width: of the window.
        height: of the picture; 0 for the whole page.
    """

    name: str
    path: str
    theme: Any = "light"
    width: int = DESK
    height: int = 0


PICTURES: Final[Sequence[Picture]] = (
    Picture(name="overview", path="/"),
    Picture(name="overview-dark", path="/", theme="dark"),
    Picture(name="overview-phone", path="/", width=PHONE, height=844),
    Picture(name="function", path="/functions/mail.send", height=980),
    Picture(name="job", path="/jobs/{handle}", theme="dark", height=700),
    Picture(name="failures", path="/failures", height=640),
)


def take(browser: Browser, shop: HttpServer, picture: Picture) -> None:
    """Take a picture, and keep it among the documents."""
    path = picture.path.format(handle=_running(shop) if "{" in picture.path else "")
    width, theme = picture.width, picture.theme
    with looking(browser, shop, path, width=width, theme=theme) as page:
        updated(page)
        page.evaluate("document.fonts.ready")
        is_whole = not picture.height
        if not is_whole:
            page.set_viewport_size({"width": width, "height": picture.height})
        shot = Image.open(io.BytesIO(page.screenshot(full_page=is_whole)))
    kept = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    kept.save(IMAGES / f"{picture.name}.png", optimize=True)


def _running(shop: HttpServer) -> str:
    """Return the handle of a job that runs for some time."""
    told = shop.get("/v1/jobs?state=running&function=video.encode").json["items"]
    handle: str = told[0]["handle"]
    return handle


def main() -> None:
    """Take all of them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made, running_shop(Path(made)) as shop:
        time.sleep(OPEN)
        with chromium() as browser:
            for picture in PICTURES:
                take(browser, shop, picture)


if __name__ == "__main__":
    main()
