"""A second device on any machine: `away`, computed on the CPU, whose tensors mix with none of it.

It stands for a GPU in tests of what runs on one: a tensor made without its device, or a latent
handed to numpy, is refused as it would be there. Numbers are those of the CPU. A process has room
for one such device, from the import of this module on.
"""

from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils import backend_registration

NAME = "away"
BETWEEN = {"aten::_to_copy", "aten::copy_", "aten::_copy_from"}
"""Operations that take tensors of two devices."""
INDEXING = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
"""Operations whose indices may lie on the CPU, as on a GPU."""
RESHAPING = {"aten::view", "aten::_unsafe_view", "aten::_reshape_alias"}

seen: set[str] = set()
"""Names of the operations that ran there."""
_raw: dict[int, torch.Tensor] = {}
"""By the address of a storage there, which holds nothing: the tensor on the CPU."""


def is_away(x: torch.Tensor) -> bool:
    return x.device.type == NAME


def wrap(raw: torch.Tensor) -> torch.Tensor:
    """A tensor there that is computed as `raw`."""
    empty = torch._C._acc.create_empty_tensor(raw.shape, raw.dtype)
    _raw[empty.untyped_storage()._cdata] = raw
    return empty


def unwrap(x: Any) -> Any:
    return _raw[x.untyped_storage()._cdata] if isinstance(x, torch.Tensor) and is_away(x) else x


def run(op: Any, *args: Any, **kwargs: Any) -> Any:
    """Any operation, on the CPU; RuntimeError where its tensors lie on two devices."""
    name = op.name().split(".")[0]
    seen.add(name)
    flat, spec = pytree.tree_flatten((args, kwargs))
    tensors = [x for x in flat if isinstance(x, torch.Tensor)]
    here = [x for x in tensors if not is_away(x) and x.dim()]
    mixed = here and any(map(is_away, tensors))
    if mixed and name not in BETWEEN and not (name in INDEXING and is_away(tensors[0])):
        raise RuntimeError(f"{name}: tensors on {NAME} and on the cpu")
    device = kwargs.get("device")
    away = device is None or torch.device(device).type == NAME
    if name == "aten::_copy_from":
        unwrap(args[1]).copy_(unwrap(args[0]))
        return args[1]
    plain = [torch.device("cpu") if isinstance(x, torch.device) else unwrap(x) for x in flat]
    raw_args, raw_kwargs = pytree.tree_unflatten(plain, spec)
    if name in RESHAPING:  # torch decides by strides, which are not told there
        op, raw_kwargs = torch.Tensor.reshape, {}
    out = op(*raw_args, **raw_kwargs)
    given = {id(unwrap(x)): x for x in tensors}

    def returned(x: Any) -> Any:
        if not isinstance(x, torch.Tensor):
            return x
        return given.get(id(x)) if id(x) in given else wrap(x) if away else x

    return pytree.tree_map(returned, out)


def written_out() -> list[Any]:
    """The operations that torch would write out in others, by strides and by results of size 0
    that grow, which are not told there: they are run as they are."""
    keys, found = ("CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional"), []
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    for name in torch._C._dispatch_get_all_op_names():
        if name == "aten::detach" or not name.startswith("aten::"):  # it shares all
            continue
        if any(has(name, key) for key in keys):
            base, _, overload = name.removeprefix("aten::").partition(".")
            op = getattr(getattr(torch.ops.aten, base), overload or "default")
            if not any(r.alias_info and r.alias_info.is_write for r in op._schema.returns):
                found.append(op)
    return found


def direct(op: Any) -> Any:
    return lambda *args, **kwargs: run(op, *args, **kwargs)


class Module(backend_registration._DummyBackendModule):
    """What `torch.cuda` is to cuda: here nothing is random."""

    def get_rng_state(self, device: Any = None) -> torch.Tensor:
        return torch.empty(0, dtype=torch.uint8)

    def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None:
        pass


backend_registration._setup_privateuseone_for_python_backend(NAME, backend_module=Module())
_any, _aten = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
_any.fallback(run, "PrivateUse1")
for _op in written_out():
    _aten.impl(_op.name().removeprefix("aten::"), direct(_op), "PrivateUse1")
# A module that moves keeps its parameters, of which an optimiser may know, as on the way to a GPU:
torch.__future__.set_swap_module_params_on_conversion(True)
