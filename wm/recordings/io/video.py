"""Pictures of a video file, found by their time stamps.

Decoding goes forward from the key frame before the first picture asked for; a picture is the frame
whose presentation time (edit list applied) is nearest, within a quarter of a frame. Whatever ffmpeg
can tell of damage is an error: it is asked to stop (`err_detect`) instead of concealing.
Colours without a tag are taken for BT.601, limited range, as swscale and LeRobot do.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import Place, damage, extra
from wmpc.wm.recordings.source import Frames

CONTAINERS = "mov,mp4,matroska,webm,avi,ogg,mpegts,mpeg"
"""Of ffmpeg's formats, those that cannot make it open another file."""
SAME = 1e-4
"""Seconds within which two times are one; LeRobot's own tolerance."""
WORTH = 20
"""Frames that are sooner decoded than jumped over."""
THREADS = min(os.cpu_count() or 1, 4)
STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}


class Video(Frames):
    """Pictures of one video file at stated times.

    Args:
        place, inside: the file.
        times: (n,) seconds on the file's clock, ascending.
        size: height and width that its pictures should have.
        fps: its frames a second; a video of another rate is refused. None: not known, or varying.
        tolerance: seconds by which a frame may miss its time; a quarter of a frame by default, so
            that it is never in doubt which of two frames was meant.
    """

    def __init__(
        self,
        place: Place,
        inside: str,
        times: np.ndarray | Sequence[float],
        size: tuple[int, int],
        fps: float | None = None,
        tolerance: float | None = None,
    ) -> None:
        self.times = np.asarray(times, np.float64)
        super().__init__((len(self.times), *size, 3))
        self.name = place.name(inside)
        self.recorded = size
        self._place, self._inside, self.fps = place, inside, fps
        steps = np.diff(self.times)
        if not np.isfinite(self.times).all() or (steps <= 0).any():
            raise WmpcError(f"the time stamps of {self.name} do not ascend: no frame can be told")
        frame = 1 / fps if fps else float(np.median(steps)) if len(steps) else 1.0
        self.tolerance = frame / 4 if tolerance is None else tolerance
        self._worth = WORTH * frame

    def resized(self, height: int, width: int) -> Self:
        """Show the same pictures at another size, scaled while their colours are converted.

        Args:
            height: in pixels.
            width: in pixels.

        Returns:
            The pictures, decoded when they are asked for.
        """
        other = object.__new__(type(self))
        vars(other).update(vars(self) | {"shape": (len(self), height, width, 3)})
        return other

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Decode the pictures of ascending, distinct rows, forward from a key frame.

        Args:
            rows: (n,) indices of the stated times.

        Yields:
            (H, W, 3) uint8 of each.

        Raises:
            WmpcError: there is no frame at a stated time, or the file is damaged or not as stated.
        """
        times, k = self.times[np.asarray(rows, np.int64)], 0
        with damage(self.name), self._opened() as (container, stream):
            convert = self._converter()
            worth, reached, used = self._worth, -np.inf, -np.inf
            while k < len(times):
                last: Any = None
                for now, frame in self._forward(container, stream, times[k]):
                    if last is None and now <= reached:
                        worth *= 2  # key frames are rare: that jump went back
                    while k < len(times) and now >= times[k] - SAME:
                        chosen = nearest(times[k], last, (now, frame))
                        used = self._check(chosen, times[k], used)
                        yield convert(chosen[1])
                        k += 1
                    last, reached = (now, frame), now
                    if k == len(times) or times[k] - now > worth:
                        break
                else:  # the end of the file: its last frame may still be the nearest
                    used = self._check(last, times[k], used)
                    yield convert(last[1])
                    k += 1

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """The file's container and video stream; WmpcError where they are not as stated."""
        height, width = self.recorded
        with opened(self._place, self._inside) as (container, stream):
            context = stream.codec_context
            if (context.height, context.width) != (height, width):
                raise WmpcError(
                    f"{self.name} has pictures of {context.height} x {context.width}, "
                    f"the recording says {height} x {width}"
                )
            rate = stream.average_rate
            # Dropped frames make it slower on the whole; which are there, their times tell.
            if self.fps and rate and not 0.5 < float(rate) / self.fps < 1.05:
                raise WmpcError(
                    f"{self.name} has {float(rate):g} frames a second, "
                    f"the recording says {self.fps:g}"
                )
            # More pixels than stated are damage, found before they are allocated.
            context.options = {**STRICT, "max_pixels": str((height + 128) * (width + 128))}
            context.thread_type, context.thread_count = "AUTO", THREADS
            yield container, stream

    def _forward(self, container: Any, stream: Any, time: float) -> Iterator[tuple[float, Any]]:
        """Frames and their times from one at or before `time` on, where the file has one."""
        tick = stream.time_base
        for back in (0.0, 1.0, 10.0, None):  # frames before a key frame may lean on the one before
            start = stream.start_time or 0
            target = start if back is None else max(round((time - back) / tick), start)
            container.seek(target, stream=stream, backward=True, any_frame=False)
            frames = container.decode(stream)
            first = next(frames, None)
            if target == start or first is None or (first.pts or 0) * tick <= time + SAME:
                break
        before = -np.inf
        while first is not None:
            if first.pts is None or (now := float(first.pts * tick)) <= before:
                raise WmpcError(f"{self.name} is damaged: its frames have no ascending time stamps")
            yield now, first
            before, first = now, next(frames, None)

    def _check(self, chosen: Any, wanted: float, used: float) -> float:
        """The time of the frame chosen; WmpcError unless it can stand for the time wanted."""
        if chosen is None:
            raise WmpcError(f"{self.name} has no frame at {wanted:.4f} s: it ends before")
        now, frame = chosen
        if abs(now - wanted) > self.tolerance:
            raise WmpcError(
                f"{self.name} has no frame at {wanted:.4f} s: the nearest is at {now:.4f} s"
            )
        if now == used:
            raise WmpcError(f"{self.name} has one frame for two rows, at {now:.4f} s")
        if frame.is_corrupt:
            raise WmpcError(f"{self.name} is damaged: its frame at {now:.4f} s is corrupt")
        if (frame.height, frame.width) != self.recorded:
            raise WmpcError(
                f"{self.name} has a picture of {frame.height} x {frame.width} at {now:.4f} s, "
                f"the recording says {self.recorded[0]} x {self.recorded[1]}"
            )
        if getattr(frame, "rotation", 0):
            raise WmpcError(
                f"{self.name} is played turned by {frame.rotation} degrees: encode it so"
            )
        return now

    def _converter(self) -> Any:
        """Frame to picture (H, W, 3); one scaler for all frames, since making one is slow."""
        reformatter = extra("av.video.reformatter", "decoding video")
        scaler, kinds = reformatter.VideoReformatter(), reformatter.Interpolation
        height, width = self.shape[1:3]
        how = kinds.BILINEAR  # of an unscaled picture: the same bits as `frame.to_ndarray("rgb24")`
        if (height, width) != self.recorded:  # without these flags, colours come out blurred
            how = kinds.AREA if height * width < np.prod(self.recorded) else kinds.BILINEAR
            how = how | kinds.ACCURATE_RND | kinds.FULL_CHR_H_INT | kinds.FULL_CHR_H_INP

        def convert(frame: Any) -> np.ndarray:
            return scaler.reformat(frame, width, height, "rgb24", interpolation=how).to_ndarray()

        return convert


@contextmanager
def opened(place: Place, inside: str) -> Iterator[tuple[Any, Any]]:
    """Open a video file, closed when the context ends.

    Args:
        place: the file, or a folder it lies in.
        inside: its name in that folder.

    Yields:
        PyAV's container and its first stream of pictures.

    Raises:
        WmpcError: there is no such file, or it has no pictures.
    """
    av, name = extra("av", "reading video"), place.name(inside)
    with place.open(inside) as stream:  # which says if there is no such file
        file: Any = f"file:{name}" if place.is_local else stream
        with av.open(file, options={"format_whitelist": CONTAINERS}) as container:
            if not container.streams.video:
                raise WmpcError(f"{name} is damaged: it has no video stream")
            yield container, container.streams.video[0]


def deep_grey(place: Place, inside: str) -> str | None:
    """Say why the pictures of a video are no colours: grey of more than 8 bits, which is depth.

    Args:
        place: the folder of the recording.
        inside: the video.

    Returns:
        A sentence; None where they are colours, or grey as a camera has it.
    """
    with damage(place.name(inside)), opened(place, inside) as (_, stream):
        pixels = stream.codec_context.format
        if pixels is None or len(pixels.components) != 1 or pixels.components[0].bits <= 8:
            return None
        bits = pixels.components[0].bits
        return f"its video holds grey of {bits} bits ({pixels.name}): depth, no colour picture"


def nearest(wanted: float, last: Any, now: Any) -> Any:
    """Choose the nearer in time of two neighbouring frames.

    Args:
        wanted: seconds.
        last: time and frame before; None where there is none.
        now: time and frame at or after.

    Returns:
        One of the two; the later where both are equally near.
    """
    return last if last and wanted - last[0] < abs(now[0] - wanted) else now
