"""How somebody's model is shown: a camera of ours, and what should not be seen."""

import mujoco

UNSEEN_GROUP = 4
"""Geoms and sites of this group are not drawn."""


def look_from_above(model: mujoco.MjModel, x: float, y: float, size: float) -> None:
    """Aim the free camera (index -1) straight down at a square.

    Args:
        model: changed in place.
        x: of the square's middle, m.
        y: of the square's middle, m.
        size: of its sides, m; north (y) is up.
    """
    model.vis.global_.orthographic = 1
    model.vis.global_.fovy = size
    model.vis.global_.azimuth, model.vis.global_.elevation = 90.0, -90.0
    model.stat.center[:] = x, y, 0.0
    model.stat.extent = size


def hide_site(model: mujoco.MjModel, index: int) -> None:
    """Leave a site out of every picture.

    Args:
        model: changed in place.
        index: of the site.
    """
    model.site_group[index] = UNSEEN_GROUP


def hide_geom(model: mujoco.MjModel, index: int) -> None:
    """Leave a geom out of every picture.

    Args:
        model: changed in place.
        index: of the geom.
    """
    model.geom_group[index] = UNSEEN_GROUP
