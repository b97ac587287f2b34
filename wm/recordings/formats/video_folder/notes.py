"""What there is to be known of a folder of videos, in sentences."""

from collections.abc import Iterator

from wmpc.wm.recordings.formats.video_folder.layout import Layout
from wmpc.wm.recordings.formats.video_folder.table import Table
from wmpc.wm.recordings.roles import Roles


def note_tables(
    head: Table | None, frames: int, merged: bool, trimmed: int, roles: Roles
) -> Iterator[str]:
    """Say how the rows of tables go with the frames of videos, and whether they hold actions.

    Args:
        head: the table of one episode; None: there is none.
        frames: T+1 of that episode.
        merged: whether tables have a clock of their own.
        trimmed: frames left out in all.
        roles: what a person says of the columns.

    Yields:
        One sentence after the other, without a capital letter.
    """
    if trimmed:
        yield (
            f"{trimmed} frames are left out that not all cameras have, or that lie before their "
            "table begins or after it ends"
        )
    if head is None:
        yield "there is no table, and so no actions: pictures alone are read"
        return
    acted = any(name == "action" or name in roles.actions for name in head.columns)
    if merged:
        yield (
            "the tables have a clock of their own: each frame gets the last value at or before it, "
            "proprioception is interpolated linearly, and gaps of more than "
            f"{roles.gap_s:g} s are refused (gap_s=...)"
        )
    else:
        timed = "row t of a table is frame t of videos"
        yield "time stamps pick the frames" if head.times is not None else timed
        if acted and head.rows == frames:
            yield "the action of the last row leads nowhere that was recorded: left out"
    if not acted:
        yield (
            "no column is called as actions are (action, action_0, ...), so there are none: "
            f"actions=[...] names them, of {', '.join(head.columns) or 'no column'}"
        )


def note_files(layout: Layout, has_log: bool) -> Iterator[str]:
    """Say which files are not read.

    Args:
        layout: the files of the folder.
        has_log: whether a table that is not called as a video is holds the rows of all.

    Yields:
        One sentence after the other, without a capital letter.
    """
    if layout.others and not has_log:
        some = ", ".join(layout.others[:5])
        yield (
            f"tables without a video are left out: {some}; a table is called as its video is, or "
            "has a column episode" if not layout.tables
            else f"tables without a video are left out: {some}"
        )  # fmt: skip
    if layout.alone:
        yield f"videos without a table are left out: {', '.join(layout.alone[:5])}"
