"""Load a predictor of LeWM (arXiv 2603.19312) as its authors' code saves it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.predictors.causal_transformer import CausalTransformer

BLOCK = {
    "adaLN_modulation.1": "modulation.1",
    "attn.norm": "renorm1",
    "attn.to_qkv": "qkv",
    "attn.to_out.0": "out",
    "mlp.net.0": "renorm2",
    "mlp.net.1": "mlp.0",
    "mlp.net.4": "mlp.3",
}
"""Their modules in a layer, and ours."""


def from_lewm(state: Mapping[str, Tensor], head_width: int = 64) -> CausalTransformer:
    """Return a predictor that computes the same as one that LeWM's authors' code saved.

    The action encoder's 1 x 1 convolution and the projection's BatchNorm are folded into their
    neighbours.

    Args:
        state: of a `LeWM` module of stable-worldmodel 0.1.1, of which `predictor.*`,
            `action_encoder.*` and, if there, `pred_proj.*` are read.
        head_width: numbers of an attention head, which the state does not tell.

    Returns:
        The predictor, in evaluation, in the type and on the device of the state.

    Raises:
        WmpcError: when the state lacks tensors of these or has them of other shapes, such as where
            input, hidden and output sizes differ or `head_width` does not divide that of the
            attention.
    """
    try:
        return _convert(state, head_width)
    except (KeyError, RuntimeError) as error:
        raise WmpcError(
            f"these are not the weights of a LeWM predictor of stable-worldmodel 0.1.1, with equal"
            f" input, hidden and output sizes and heads of {head_width}: {error}"
        ) from error


def _convert(state: Mapping[str, Tensor], head_width: int) -> CausalTransformer:
    layers = {key.split(".")[3] for key in state if key.startswith("predictor.transformer.layers.")}
    qkv = state["predictor.transformer.layers.0.attn.to_qkv.weight"]
    _, context, width = state["predictor.pos_embedding"].shape
    conv, hidden = state["action_encoder.patch_embed.weight"].squeeze(-1), "action_encoder.embed.0"
    ours = {
        "position": state["predictor.pos_embedding"][0],
        "action.0.weight": state[f"{hidden}.weight"] @ conv,
        "action.0.bias": state[f"{hidden}.weight"] @ state["action_encoder.patch_embed.bias"]
        + state[f"{hidden}.bias"],
    }
    names = {"predictor.transformer.norm": "norm", "action_encoder.embed.2": "action.2"}
    for i in range(len(layers)):
        for theirs, mine in BLOCK.items():
            names[f"predictor.transformer.layers.{i}.{theirs}"] = f"blocks.{i}.{mine}"
    ours |= {
        f"{mine}.{kind}": state[f"{theirs}.{kind}"]
        for theirs, mine in names.items()
        for kind in ("weight", "bias")
        if kind == "weight" or not mine.endswith("qkv")
    }
    head = _head(state, width)
    model = CausalTransformer(
        latent=width,
        action=conv.shape[1],
        context=context,
        width=width,
        depth=len(layers),
        heads=qkv.shape[0] // (3 * head_width),
        head_width=head_width,
        mlp=state["predictor.transformer.layers.0.mlp.net.1.weight"].shape[0],
        action_mlp=state[f"{hidden}.weight"].shape[0],
        head=len(head["outlet.0.weight"]) if "outlet.3.weight" in head else 0,
        renormalise=True,
    ).to(qkv)
    model.load_state_dict(ours | head)
    return model.eval()


def _head(state: Mapping[str, Tensor], width: int) -> dict[str, Tensor]:
    """Our outlet from their projection: nothing, or linear, BatchNorm, GELU, linear."""
    if "pred_proj.net.0.weight" not in state:
        identity = torch.eye(width).to(state["predictor.pos_embedding"])
        return {"outlet.0.weight": identity, "outlet.0.bias": identity.new_zeros(width)}
    norm = {name: state[f"pred_proj.net.1.{name}"] for name in ("weight", "bias")}
    norm |= {name: state[f"pred_proj.net.1.running_{name}"] for name in ("mean", "var")}
    gain = norm["weight"] / (norm["var"] + 1e-5).sqrt()
    bias = (state["pred_proj.net.0.bias"] - norm["mean"]) * gain + norm["bias"]
    return {
        "outlet.0.weight": state["pred_proj.net.0.weight"] * gain[:, None],
        "outlet.0.bias": bias,
        "outlet.3.weight": state["pred_proj.net.3.weight"],
        "outlet.3.bias": state["pred_proj.net.3.bias"],
    }
