"""Build an object from its config: a mapping with `_target_` and constructor arguments.

A checkpoint's config names what to build; only names inside `wm` are honoured, so that loading
somebody's checkpoint cannot run anything else.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from wm.errors import WmError


def build(config: Mapping[str, Any], **arguments: Any) -> Any:
    """Call `config["_target_"]` with the other entries and `arguments`."""
    config = dict(config)
    target = config.pop("_target_", None)
    if not isinstance(target, str) or not target.startswith("wm.") or target.count(".") < 2:
        raise WmError(f"_target_ is {target!r}; a model's parts are named wm.<module>.<Class>")
    module, name = target.rsplit(".", 1)
    try:
        factory = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise WmError(f"_target_ {target!r} does not exist in this version of wmpc") from error
    try:
        return factory(**config, **arguments)
    except TypeError as error:
        raise WmError(f"{target} does not take these arguments: {error}") from error
