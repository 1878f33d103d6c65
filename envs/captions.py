"""Captions below pictures: what is going on, and whether the goal is reached, in words and not by colour alone."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

DARK, LIGHT = (24, 24, 24), (255, 255, 255)
MAGENTA = (170, 0, 110)  # of the frame: nothing in the scenes is of that colour
REACHED = "AT THE GOAL"


def captioned(picture: np.ndarray, told: str, away: str, reached: bool) -> np.ndarray:
    """The picture (H, W, 3) uint8 with a bar below it: (H + bar, W, 3), the bar's height a multiple of 16.

    `told` stands on the left, `away` on the right. If the goal is reached, the bar turns from dark to light and says
    so instead, and the picture gets a frame.
    """
    from PIL import Image, ImageDraw

    height, width = picture.shape[:2]
    bar = 16 * max(1, round(height / 240))
    canvas = Image.new("RGB", (width, height + bar), LIGHT if reached else DARK)
    canvas.paste(Image.fromarray(picture), (0, 0))
    draw, font = ImageDraw.Draw(canvas), _font(round(0.28 * bar + 6))
    ink, middle, margin = DARK if reached else LIGHT, height + bar / 2, bar / 4
    draw.text((margin, middle), told, fill=ink, font=font, anchor="lm")
    draw.text((width - margin, middle), REACHED if reached else away, fill=ink, font=font, anchor="rm")
    if reached:
        draw.rectangle((0, 0, width - 1, height - 1), outline=MAGENTA, width=max(2, height // 60))
    return np.asarray(canvas)


@cache
def _font(size: int) -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)
