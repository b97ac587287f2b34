"""One camera's pictures as LeRobot stores them: many episodes a video, files of stated size."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import extra

ENCODERS = {
    # No B-frames: with a key frame every other frame they gain nothing and delay time stamps.
    "h264": ("libx264", {"preset": "medium", "bf": "0"}),
    "av1": ("libsvtav1", {"preset": "8"}),
}
CRF = {"h264": 15, "av1": 15}
"""Default quality: where colours are not halved, 64 px simulator pictures keep 40 dB."""
SMALL = 128
"""Pictures of a shorter side keep a colour a pixel: sharing it costs 64 px pictures 5 to 8 dB."""
FORMATS = {"h264": ("yuv420p", "yuv444p"), "av1": ("yuv420p",)}
GROUP = "2"
"""Frames from one key frame to the next, as lerobot encodes: any frame is at most one away."""
PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"


@dataclass
class VideoFiles:
    """Appends episodes of one camera's pictures to mp4 files, in BT.601 colours.

    WmpcError where the sizes are odd and the format cannot hold that.
    """

    folder: Path
    """Of the dataset."""
    key: str
    """Of the feature."""
    fps: float
    """Frames a second."""
    size: tuple[int, ...]
    """Height and width."""
    codec: str
    crf: int
    """One of `ENCODERS`, and its quality; lower is better."""
    pixel_format: str | None
    """Either "yuv420p" or, of h264 only, "yuv444p"; None: the latter for small pictures."""
    limit: float
    """Bytes that a file may have, apart from a single episode that is larger."""
    chunks_size: int
    """Files a folder."""

    def __post_init__(self) -> None:
        self.rate = Fraction(self.fps).limit_denominator(1001)
        full = self.codec == "h264" and min(self.size) < SMALL
        self.pixel_format = self.pixel_format or ("yuv444p" if full else "yuv420p")
        if self.pixel_format not in FORMATS[self.codec]:
            raise WmpcError(
                f"{self.codec} takes {' or '.join(FORMATS[self.codec])}, not {self.pixel_format!r}"
            )
        if self.pixel_format == "yuv420p" and (self.size[0] % 2 or self.size[1] % 2):
            raise WmpcError(
                f"{self.key} has pictures of {self.size[0]} x {self.size[1]}; {self.codec} in "
                "yuv420p takes even sizes only: codec=png keeps any"
            )
        self._container: Any = None
        self._number = -1

    def append(self, pictures: Iterable[np.ndarray], count: int) -> dict[str, int | float]:
        """Encode an episode's pictures.

        Args:
            pictures: (H, W, 3) uint8 each.
            count: how many there are.

        Returns:
            Where they lie, by the names that `meta/episodes` has for it.
        """
        av = extra("av", "encoding video")
        if self._container is None or self._would_overflow(count):
            self.close()
            self._open(av)
        start = self._sent
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = self._scaler.reformat(
                frame, format=self.pixel_format, dst_colorspace="ITU601", dst_color_range="MPEG",
                interpolation=self._how,
            )  # fmt: skip
            frame.pts, frame.time_base = self._sent, 1 / self.rate
            if self._sent == start:
                frame.pict_type = av.video.frame.PictureType.I  # an episode leans on no other
            self._mux(frame)
            self._sent += 1
        return {
            f"videos/{self.key}/chunk_index": self._number // self.chunks_size,
            f"videos/{self.key}/file_index": self._number % self.chunks_size,
            f"videos/{self.key}/from_timestamp": float(start / self.rate),
            f"videos/{self.key}/to_timestamp": float(self._sent / self.rate),
        }

    def close(self) -> None:
        """Complete the present file."""
        if self._container is not None:
            self._mux(None)
            self._container.close()
            self._container = None

    def _open(self, av: Any) -> None:
        self._number += 1
        chunk, file = divmod(self._number, self.chunks_size)
        path = PATH.format(video_key=self.key, chunk_index=chunk, file_index=file)
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 writes its settings to stderr otherwise
        encoder, options = ENCODERS[self.codec]
        self._container = av.open(str(self.folder / path), "w", options={"movflags": "faststart"})
        options = {**options, "crf": str(self.crf), "g": GROUP}
        self._stream = self._container.add_stream(encoder, rate=self.rate, options=options)
        self._stream.height, self._stream.width = self.size
        self._stream.pix_fmt = self.pixel_format
        context = self._stream.codec_context
        context.time_base = 1 / self.rate
        context.colorspace, context.color_range = 6, 1  # SMPTE 170M (BT.601), limited
        self._scaler = av.video.reformatter.VideoReformatter()
        kinds = av.video.reformatter.Interpolation
        self._how = kinds.AREA  # the mean of the 2 x 2 pixels that share a colour
        self._sent = self._muxed = self._bytes = 0

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._bytes, self._muxed = self._bytes + packet.size, self._muxed + 1
            self._container.mux(packet)

    def _would_overflow(self, count: int) -> bool:
        """Whether `count` more frames, of the size of those so far, exceed the limit."""
        return self._bytes / max(self._muxed, 1) * (self._sent + count) > self.limit
