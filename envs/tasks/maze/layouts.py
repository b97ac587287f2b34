"""Layouts of mazes as text, and the shortest ways in them.

`u`, `medium` and `large` are those of D4RL (Fu et al., arXiv 2004.07219).
"""

from functools import lru_cache

import numpy as np

from wmpc.errors import WmpcError

LAYOUTS = {
    "u": "#####/#...#/###.#/#...#/#####",
    "medium": "########/#..##..#/#..#...#/##...###/#..#...#/#.#..#.#/#...#..#/########",
    "large": "############/#....#.....#/#.##.#.#.#.#/#......#...#/#.####.###.#/#..#.#.....#/"
    "##.#.#.#.###/#..#...#...#/############",
    "random": "#########/#.?.?.?.#/#?#?#?#?#/#.?.?.?.#/#?#?#?#?#/#.?.?.?.#/#?#?#?#?#/#.?.?.?.#/"
    "#########",
}
"""Rows from above: `#` wall, `.` free, `?` wall or free, drawn for every episode."""
SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))


def read_layout(text: str) -> np.ndarray:
    """Read a maze.

    Args:
        text: rows of `#`, `.` and `?` with `/` between them; walls all around.

    Returns:
        (R, C), a letter each.

    Raises:
        WmpcError: rows differ in length, there is another letter, or a hole in the border; two `?`
            are beside each other, or free cells are apart.
    """
    rows = [list(row) for row in text.split("/")]
    letters = {letter for row in rows for letter in row}
    if len({len(row) for row in rows}) != 1 or not {"#", "."} <= letters <= set("#.?"):
        raise WmpcError(
            f"The maze {text!r} came; give one of {', '.join(LAYOUTS)}, or rows of one length of "
            "'#' (wall), '.' (free) and '?' (drawn), with '/' between them."
        )
    grid = np.array(rows)
    if np.any([grid[0] != "#", grid[-1] != "#"]) or np.any(grid[:, [0, -1]] != "#"):
        raise WmpcError(f"The maze {text!r} has a hole in its border: put '#' all around.")
    drawn = grid == "?"
    if (drawn[1:] & drawn[:-1]).any() or (drawn[:, 1:] & drawn[:, :-1]).any():
        raise WmpcError(f"The maze {text!r} has a '?' beside another: put a '.' between them.")
    free = grid != "#"
    row, column = np.argwhere(free)[0].tolist()
    steps, _ = search_breadth_first(free.tobytes(), grid.shape, row, column)
    if (steps[free] == grid.size).any():
        raise WmpcError(
            f"The maze {text!r} has cells that no way leads to: open a wall, or fill them."
        )
    return grid


@lru_cache(1024)
def search_breadth_first(
    free: bytes, shape: tuple[int, int], row: int, column: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the shortest way from every cell to one cell.

    Args:
        free: which cells are, a byte each.
        shape: (R, C), of the maze.
        row: of the cell.
        column: of the cell.

    Returns:
        Steps (R, C), R C where there is no way, and the next cell (R, C, 2), itself there.
    """
    is_free = np.frombuffer(free, bool).reshape(shape)
    steps = np.full(shape, is_free.size)
    nearer = np.moveaxis(np.indices(shape), 0, -1).copy()
    steps[row, column] = 0
    reached = [(row, column)]
    for cell in reached:
        for side in SIDES:
            beside = (cell[0] + side[0], cell[1] + side[1])
            if is_free[beside] and steps[beside] == is_free.size:
                steps[beside], nearer[beside] = steps[cell] + 1, cell
                reached.append(beside)
    return steps, nearer
