"""Videos whose frames can be told apart, and tables beside them."""

from fractions import Fraction

import av
import numpy as np

SIZE = 32


def film(path, frames, fps=10):
    """Every frame is of one grey, 20 more than the one before: told apart whatever the codec."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for k in range(frames):
            picture = np.full((SIZE, SIZE, 3), 20 + 20 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def greys(frames):
    return np.rint((np.asarray(frames).mean((1, 2, 3)) - 20) / 20).astype(int).tolist()


def table(path, rows, extra="", **columns):
    columns = {"action_0": np.arange(rows) / 8, "action_1": -np.arange(rows) / 4} | columns
    lines = [",".join(columns) + extra]
    lines += [",".join(map(str, row)) + extra for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")


def phone(path, steps):
    """A video whose frames are `steps` seconds apart; a grey each."""
    times = np.concatenate([[0], np.cumsum(steps)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90000)
        for k, time in enumerate(times):
            picture = np.full((SIZE, SIZE, 3), 20 + 10 * k, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.time_base, frame.pts = Fraction(1, 90000), round(time * 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return times
