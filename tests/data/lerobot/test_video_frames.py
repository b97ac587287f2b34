from fractions import Fraction

import av
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.video import Video

SIZE, FPS, COUNT = (48, 64), 10, 60
GREYS = [20 + 3 * i for i in range(COUNT)]
LONG = {"g": "25", "bf": "3", "b_strategy": "0"}


def video(folder, times=None, fps=FPS, **options):
    times = np.arange(COUNT) / FPS if times is None else times
    return Video(Place(str(folder)), "a.mp4", times, SIZE, fps, **options)


def greys(frames, rows):
    return [round(float(picture.mean())) for picture in frames.decode(np.asarray(rows))]


def near(found, wanted):
    assert len(found) == len(wanted)
    assert all(abs(a - b) <= 1 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("options", [{"g": "2"}, LONG, {"g": "25", "bf": "0"}, {"g": "1"}])
def test_any_rows_are_found_in_one_pass(tmp_path, lerobot_sets, options):
    lerobot_sets.video(tmp_path / "a.mp4", GREYS, SIZE, FPS, options)
    frames, rng = video(tmp_path), np.random.default_rng(0)
    for count in (COUNT, 1, 2, 5, 20):
        rows = np.sort(rng.choice(COUNT, count, replace=False))
        near(greys(frames, rows), [GREYS[row] for row in rows])
    near([round(float(p.mean())) for p in frames[[7, 3, 7]]], [GREYS[row] for row in (7, 3, 7)])
    assert frames[:0].shape == (0, *SIZE, 3)


def test_frames_are_told_by_time_not_by_count(tmp_path, lerobot_sets):
    pts = [i + (i >= 30) for i in range(COUNT)]  # frame 30 was never recorded
    lerobot_sets.video(tmp_path / "a.mp4", GREYS, SIZE, FPS, LONG, pts=pts)
    frames = video(tmp_path)
    near(greys(frames, [29, 31, 32]), [GREYS[29], GREYS[30], GREYS[31]])
    with pytest.raises(WmpcError, match=r"no frame at 3\.0000 s: the nearest is at"):
        greys(frames, [29, 30, 31])


@pytest.mark.parametrize("first", [3, 40])
def test_a_late_start_is_part_of_the_time(tmp_path, lerobot_sets, first):
    pts = [first + i for i in range(COUNT)]
    lerobot_sets.video(tmp_path / "a.mkv", GREYS, SIZE, FPS, LONG, pts=pts)
    times = (first + np.arange(COUNT)) / FPS
    frames = Video(Place(str(tmp_path)), "a.mkv", times, SIZE)
    near(greys(frames, [0, 1, 30, 59]), [GREYS[row] for row in (0, 1, 30, 59)])
    early = Video(Place(str(tmp_path)), "a.mkv", np.arange(COUNT) / FPS, SIZE)
    with pytest.raises(WmpcError, match=r"no frame at 0\.0000 s"):
        greys(early, [0])


def test_a_time_between_two_frames_is_none_of_them(tmp_path, lerobot_sets):
    lerobot_sets.video(tmp_path / "a.mp4", GREYS, SIZE, FPS)
    near(greys(video(tmp_path, np.arange(COUNT) / FPS + 0.02), range(9)), GREYS[:9])
    near(greys(video(tmp_path, np.arange(1, COUNT) / FPS - 0.02), range(9)), GREYS[1:10])
    with pytest.raises(WmpcError, match="no frame at"):
        greys(video(tmp_path, np.arange(COUNT) / FPS + 0.04), range(9))
    with pytest.raises(WmpcError, match="one frame for two rows"):
        greys(video(tmp_path, [0.3, 0.31], tolerance=0.05), [0, 1])


def test_times_must_ascend(tmp_path, lerobot_sets):
    lerobot_sets.video(tmp_path / "a.mp4", GREYS, SIZE, FPS)
    for times in ([0.0, 0.0], [0.2, 0.1], [0.0, np.nan]):
        with pytest.raises(WmpcError, match="do not ascend"):
            video(tmp_path, times)


def test_another_size_or_rate_is_refused(tmp_path, lerobot_sets):
    lerobot_sets.video(tmp_path / "a.mp4", GREYS, (64, 48), FPS)
    with pytest.raises(WmpcError, match="has pictures of 64 x 48, the recording says 48 x 64"):
        greys(video(tmp_path), [0])
    lerobot_sets.video(tmp_path / "a.mp4", GREYS, SIZE, 30)
    with pytest.raises(WmpcError, match="has 30 frames a second, the recording says 10"):
        greys(video(tmp_path), [0])


@pytest.mark.parametrize("part", [0.0, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("flags", [{}, {"movflags": "faststart"}])
def test_a_truncated_file_never_gives_another_frame(tmp_path, lerobot_sets, part, flags):
    lerobot_sets.video(tmp_path / "b.mp4", GREYS, SIZE, FPS)
    target = av.open(str(tmp_path / "a.mp4"), "w", options=flags)
    with av.open(str(tmp_path / "b.mp4")) as whole, target as copy:
        stream = copy.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: int(len(data) * part)])
    seen, error = [], ""
    try:
        for picture in video(tmp_path).decode(np.arange(COUNT)):
            seen.append(round(float(picture.mean())))
    except WmpcError as raised:
        error = str(raised)
    near(seen, GREYS[: len(seen)])
    # Of the last percent, an index at the end may lose nothing but its remarks.
    assert "a.mp4" in error or (part > 0.9 and len(seen) == COUNT)


def test_a_playlist_is_no_video(tmp_path, lerobot_sets):
    lerobot_sets.video(tmp_path / "b.mp4", GREYS, SIZE, FPS)
    name = tmp_path / "b.mp4"
    (tmp_path / "a.mp4").write_text(f"ffconcat version 1.0\nfile '{name}'\n")
    with pytest.raises(WmpcError, match=r"a\.mp4 is damaged"):
        greys(video(tmp_path), [0])


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (250, 200, 30), (10, 120, 200), (128, 128, 128)]


TAGS = {"ITU601": 6, "ITU709": 1, "MPEG": 1, "JPEG": 2}


@pytest.mark.parametrize(
    ("space", "span", "tagged"),
    [
        ("ITU601", "MPEG", True),
        ("ITU601", "JPEG", True),
        ("ITU709", "MPEG", True),
        ("ITU709", "JPEG", True),
        ("ITU601", "MPEG", False),  # what a file without tags is taken for
    ],
)
def test_colours_come_out_as_they_went_in(tmp_path, space, span, tagged):
    picture = np.repeat(np.uint8([COLOURS]), 16, 1).repeat(32, 0)  # stripes, 16 pixels each
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "4"})
        stream.height, stream.width, stream.pix_fmt = 32, 16 * len(COLOURS), "yuv420p"
        if tagged:
            stream.codec_context.colorspace = TAGS[space]
            stream.codec_context.color_range = TAGS[span]
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=space, dst_color_range=span)
        frame.pts, frame.time_base = 0, Fraction(1, FPS)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    frames = Video(Place(str(tmp_path)), "a.mp4", [0.0], picture.shape[:2], FPS)
    for view, shape in ((frames, picture.shape), (frames.resized(16, 48), (16, 48, 3))):
        width = shape[1] // len(COLOURS)
        middle = view[0][shape[0] // 2, width // 2 :: width].astype(int)
        assert np.abs(middle - COLOURS).max() <= 5
