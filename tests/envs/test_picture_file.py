"""Goal pictures: PNG and JPEG of a bounded size; no other program is started for any other."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from wmpc.agents import goals
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest_values import encode_png
from wmpc.system.picture_file import MOST_PIXELS, decode_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(width, height):
    """A PNG of a few bytes that states so many pixels."""

    def chunk(kind, data):
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )


IMAGE = Image.fromarray(PIXELS)
SEE_THROUGH = Image.fromarray(np.dstack([PIXELS, np.full((16, 16), 100, np.uint8)]))
READ = {
    "png": saved(IMAGE, "PNG"),
    "jpeg": saved(IMAGE, "JPEG"),
    "grey": saved(IMAGE.convert("L"), "PNG"),
    "palette": saved(IMAGE.convert("P"), "PNG"),
    "black and white": saved(IMAGE.convert("1"), "PNG"),
    "see-through": saved(SEE_THROUGH, "PNG"),
}
REFUSED = {
    "eps": saved(IMAGE, "EPS"),
    "gif": saved(IMAGE, "GIF"),
    "bmp": saved(IMAGE, "BMP"),
    "tiff": saved(IMAGE, "TIFF"),
    "ppm": saved(IMAGE, "PPM"),
    "webp": saved(IMAGE, "WEBP"),
    "animated": saved(IMAGE, "PNG", save_all=True, append_images=[IMAGE.rotate(90)]),
    "16 bits": saved(Image.fromarray(np.full((16, 16), 40_000, np.uint16)), "PNG"),
    "CMYK": saved(IMAGE.convert("CMYK"), "JPEG"),
    "too large": bomb(30_000, 30_000),
    "much too large": bomb(2**31 - 1, 2**31 - 1),
    "of no height": bomb(16, 0),
    "empty": b"",
    "words": b"no picture",
    "cut png": saved(IMAGE, "PNG")[:200],
    "cut jpeg": saved(IMAGE, "JPEG")[:300],
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name, tmp_path):
    (tmp_path / "goal").write_bytes(READ[name])
    goal, _ = goals.picture(tmp_path / "goal", 16)
    assert goal.observation["pixels"].shape == (16, 16, 3)
    if name in ("png", "see-through"):
        assert np.array_equal(goal.observation["pixels"], PIXELS)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_said_in_a_sentence(name, tmp_path, monkeypatch):
    def started(*_, **__):
        raise AssertionError("another program was started")

    monkeypatch.setattr("subprocess.Popen", started)
    monkeypatch.setattr("os.system", started)
    for ending in ("", ".png", ".eps", ".jpg"):
        path = tmp_path / f"goal{ending}"
        path.write_bytes(REFUSED[name])
        for read in (goals.picture, goals.mask):
            with pytest.raises(WmpcError, match="goal"):
                read(path, 16)
    with pytest.raises(WmpcError):
        decode_picture(REFUSED[name], "a case")


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "goal.png")
    with pytest.raises(WmpcError):
        goals.picture(tmp_path / "goal.png", 16)


def test_the_bound_is_on_what_the_file_states(monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(WmpcError, match=f"more than {MOST_PIXELS} pixels"):
        decode_picture(bomb(MOST_PIXELS, 2), "a case")


def test_any_truncation_is_one_error():
    whole = encode_png(PIXELS)
    for cut in range(0, len(whole) - 50, 7):
        with pytest.raises(WmpcError):
            decode_picture(whole[:cut], "a case")
