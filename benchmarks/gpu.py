"""What a GPU does: training, planning, sampling, equality with the CPU, resuming.

    python benchmarks/gpu.py [train] [plan] [resident] [equal] [resume] [device=cuda] [smoke]

Prints a Markdown table of the sections asked for, all by default, on one H100 or H200 within 7
minutes, no section over 3. Needs torch, numpy, PyYAML and this repository; nothing is downloaded,
and the package need not be installed. Without a GPU it says so and ends well. `device=cpu smoke`
runs the same code on tiny sizes, whose numbers mean nothing.

Shares of the peak count what torch's FlopCounterMode counts of a step, forwards and backwards, over
NVIDIA's dense figures for both cards (SXM): 989 TFLOP/s in bf16 and 67 in fp32, where TF32 stays
off, as it is for everybody who does not switch it on.
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import wmpc  # noqa: F401, I001  (before torch: it sets how long its threads wait)

import torch
from torch.utils.flop_counter import FlopCounterMode

from gpu_bench import Bench, dataset, preset_of, stepper
from wmpc.planners import CEM, Box, Problem
from wmpc.planners.costs import latent_distance
from wmpc.wm.data import Batch, Windows, open_episodes
from wmpc.wm.models.dynamics import LatentDynamics, compile_rollouts
from wmpc.wm.models.predictors import CausalTransformer
from wmpc.wm.training.learner import Learner

PEAK = {torch.float32: 67e12, torch.bfloat16: 989e12}
"""FLOP/s of an H100 or H200 (SXM), dense."""
VIT_S = {
    "_target_": "wmpc.wm.models.encoders.ViTEncoder",
    "patch": 16,
    "width": 384,
    "depth": 12,
    "heads": 6,
}
TINY_VIT = {
    "_target_": "wmpc.wm.models.encoders.ViTEncoder",
    "patch": 16,
    "width": 24,
    "depth": 1,
    "heads": 2,
}
TINY = {"width": 24, "depth": 1, "heads": 2, "head_width": 8, "mlp": 32}

Row = tuple[str, str]
"""What was done, and its number."""


def train(bench: Bench) -> Iterator[Row]:
    """Frames a second of whole training steps, batches on the card."""
    tiny = {
        "predictor": {"_target_": "wmpc.wm.models.predictors.CausalTransformer", **TINY},
        "latent": 16,
    }
    cases = [("small, 64 px", "small", 64, 64, {}), ("lewm, 224 px", "lewm", 224, 128, {})]
    cases.append(("lewm with a ViT-S, 224 px", "lewm", 224, 128, {"encoder": VIT_S}))
    if bench.smoke:
        vit = tiny | {"encoder": TINY_VIT}
        cases = [("small", "small", 32, 2, {}), ("lewm", "lewm", 32, 2, vit)]
    for title, preset, size, windows, changes in cases:
        for dtype in (torch.float32, torch.bfloat16):
            if bench.late:
                yield f"{title}, {dtype}", "left out: no time"
                continue
            learner = bench.learner(preset, size, **changes).to(bench.device).train()
            step, _ = stepper(learner, bench.batch(learner, windows), dtype)
            counter = FlopCounterMode(display=False)
            with counter:
                step()
            taken = bench.seconds(step)
            flops = counter.get_total_flops() / taken
            frames = windows * learner.objective.window(learner.model)
            share = f"{flops / PEAK[dtype]:.1%} of the peak" if not bench.smoke else "no peak"
            name = str(dtype).removeprefix("torch.")
            said = f"{frames / taken:,.0f} frames/s, {flops / 1e12:.2f} TFLOP/s, {share}"
            yield f"{title}, batch {windows}, {name}", said


def plan(bench: Bench) -> Iterator[Row]:
    """CEM with LeWM's predictor, a plan of 5 blocks from 3 frames."""
    samples, iterations = (8, 2) if bench.smoke else (300, 30)
    for mode in (None, "default", "reduce-overhead"):
        title = f"CEM {samples} x {iterations}, {'eager' if mode is None else f'compiled, {mode}'}"
        if bench.late or (bench.smoke and mode is not None):
            yield title, "left out: no time"
            continue
        torch.manual_seed(0)
        sizes: dict[str, Any] = TINY if bench.smoke else {}
        predictor = CausalTransformer(16 if bench.smoke else 192, 10, 3, **sizes)
        predictor = predictor.to(bench.device).eval().requires_grad_(False)
        if mode is not None:
            compile_rollouts(predictor, mode)
        X = 16 if bench.smoke else 192
        latents = torch.randn(1, 3, 1, X, device=bench.device)
        executed = torch.randn(1, 2, 10, device=bench.device)
        one = torch.ones(10, device=bench.device)
        goal = torch.randn(1, 1, X, device=bench.device)
        problem = Problem(
            dynamics=LatentDynamics(predictor, latents, executed), cost=latent_distance(goal),
            horizon=5, actions=Box(-one, one), goal=goal,
        )  # fmt: skip
        planner = CEM(samples=samples, elites=max(2, samples // 10), iterations=iterations)

        def work(planner: CEM = planner, problem: Problem = problem) -> None:
            with torch.no_grad():
                planner.plan(problem, generator=torch.Generator().manual_seed(0))

        began = time.perf_counter()
        work()
        bench.wait()
        first, taken = time.perf_counter() - began, bench.seconds(work)
        yield title, f"{1e3 * taken:.1f} ms a plan (the first {first:.1f} s)"


def resident(bench: Bench) -> Iterator[Row]:
    """Batches drawn from pictures on the card, and from the file and copied there."""
    with tempfile.TemporaryDirectory() as folder:
        episodes, drawn = open_episodes(dataset(Path(folder), bench.smoke)), {}
        batch = 4 if bench.smoke else 128
        for where in ("device", "no"):
            windows = Windows(episodes, episodes.train_ids, 8)
            windows.keep(where, bench.device)
            step = iter(range(10**9))

            def work(windows: Windows = windows, step: Iterator[int] = step) -> torch.Tensor:
                found = windows.sample((0, next(step)), batch)["pixels"]
                return torch.as_tensor(found).to(bench.device)

            drawn[where] = work().cpu()
            title = "kept on the device" if where == "device" else "read and copied"
            taken = bench.seconds(work)
            yield f"windows of 8 frames, {title}", f"{batch * 8 / taken:,.0f} frames/s"
        same = torch.equal(drawn["device"], drawn["no"])
        yield "the same pictures either way", "yes" if same else "NO"


def equal(bench: Bench) -> Iterator[Row]:
    """What the CPU computes, beside it: latents, loss and gradients, fp32."""
    changes: dict[str, Any] = {"encoder": TINY_VIT, "latent": 16}
    changes["predictor"] = {
        "_target_": "wmpc.wm.models.predictors.CausalTransformer",
        **TINY,
        "dropout": 0.0,
    }
    cases = [("small", 32 if bench.smoke else 64, {}), ("lewm", 32, changes)]
    if not bench.smoke:
        cases[1] = ("lewm", 224, {"predictor": _without_dropout()})
    for preset, size, given in cases:
        found = []
        for device in (torch.device("cpu"), bench.device):
            learner = bench.learner(preset, size, **given).to(device).train()
            batch = {k: x.to(device) for k, x in bench.batch(learner, 4).items()}
            loss = learner.loss(Batch(batch), torch.Generator().manual_seed(0))["loss"]
            loss.backward()
            gradients = [p.grad.flatten() for p in learner.parameters() if p.grad is not None]
            z = learner.model.eval().encode(batch).detach()
            found.append([x.detach().cpu() for x in (z, loss, torch.cat(gradients))])
        for name, a, b in zip(("latents", "loss", "gradients"), *found, strict=True):
            away = float((a - b).norm() / a.norm())
            yield f"{preset}, {name}", f"{away:.1e} of their length apart"


def _without_dropout() -> dict[str, Any]:
    sizes = {"width": 192, "depth": 6, "heads": 16, "head_width": 64, "mlp": 2048, "dropout": 0.0}
    return {"_target_": "wmpc.wm.models.predictors.CausalTransformer", **sizes}


def resume(bench: Bench) -> Iterator[Row]:
    """Twelve steps against six, saved, restored on the device, and six more."""

    def begun() -> tuple[Learner, Callable[[], object], torch.optim.Optimizer]:
        learner = bench.learner("small", 32 if bench.smoke else 64).to(bench.device).train()
        batch = bench.batch(learner, 4 if bench.smoke else 64)
        return learner, *stepper(learner, batch, torch.float32)

    whole, step, _ = begun()
    for _ in range(12):
        step()
    first, step, optimizer = begun()
    for _ in range(6):
        step()
    buffer = io.BytesIO()
    torch.save({"model": first.state_dict(), "optimizer": optimizer.state_dict()}, buffer)
    buffer.seek(0)
    state = torch.load(buffer, map_location="cpu", weights_only=True)
    second, step, optimizer = begun()
    second.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])  # once the parameters are on the device
    for _ in range(6):
        step()
    pairs = zip(whole.state_dict().values(), second.state_dict().values(), strict=True)
    away = max(float((a.double() - b.double()).abs().max()) for a, b in pairs)
    yield "weights after resuming, largest difference", f"{away:.1e}"
    yield "the same by wmpc.wm.training.run.train, interrupted", _trained(bench)


def _trained(bench: Bench) -> str:
    """The largest difference, where what `train` needs beyond torch is there."""
    try:
        from wmpc.wm.training.run import train as fit
    except ImportError as error:
        return f"left out: {error.name} is missing"

    def stop(line: dict[str, Any]) -> None:
        if line["step"] == 7:
            raise KeyboardInterrupt

    config = preset_of("tiny")
    given: dict[str, Any] = {"steps": 12, "batch": 8, "save_every": 6, "log_every": 1}
    given["accelerator"] = bench.device.type
    with tempfile.TemporaryDirectory() as folder:
        episodes = open_episodes(dataset(Path(folder), True))
        try:
            whole = fit(episodes, Path(folder) / "whole", *config, **given)
        except PackageNotFoundError as error:
            return f"left out: {error.name} is not installed"
        try:
            fit(episodes, Path(folder) / "cut", *config, report=stop, **given)
        except KeyboardInterrupt:
            cut = fit(episodes, Path(folder) / "cut", *config, **given)
        pairs = zip(whole.state_dict().values(), cut.state_dict().values(), strict=True)
        return f"{max(float((a.double() - b.double()).abs().max()) for a, b in pairs):.1e}"


SECTIONS = {f.__name__: f for f in (train, plan, resident, equal, resume)}


def main(words: list[str]) -> int:
    """Run the sections asked for; 2 where a word is unknown."""
    options = [w for w in words if w == "smoke" or w.startswith("device=")]
    chosen = [w for w in words if w not in options] or list(SECTIONS)
    if unknown := [w for w in chosen if w not in SECTIONS]:
        print(f"there is no section {unknown[0]!r}; allowed: {', '.join(SECTIONS)}")
        return 2
    device = torch.device(next((w[7:] for w in options if w != "smoke"), "cuda"))
    if device.type == "cuda" and not torch.cuda.is_available():
        print("no GPU: not measured")
        return 0
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
    print(f"{name}, torch {torch.__version__}\n\n| section | what | result |\n|---|---|---|")
    for section in chosen:
        bench = Bench(device, "smoke" in options)
        for what, result in SECTIONS[section](bench):
            print(f"| {section} | {what} | {result} |", flush=True)
        print(f"| {section} | seconds | {time.perf_counter() - bench.began:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
