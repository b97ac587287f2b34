"""All offline scores of a model and its planner on the held-out episodes of a dataset."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wmpc.agents.encoded import check_dataset
from wmpc.agents.goal_policy import train_goal_policy
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.taught import fit_cost
from wmpc.errors import WmpcError
from wmpc.evaluation.offline.actions import DECISIONS, ActionScore, MakeAgent, score_actions
from wmpc.evaluation.offline.ranks import Ranks, score_ranks
from wmpc.evaluation.offline.readout import Readout, fit_linear_probe, score_readout
from wmpc.evaluation.offline.retrieval import Retrieval, score_retrieval
from wmpc.evaluation.offline.rollouts import Rollouts, score_rollouts
from wmpc.evaluation.offline.seen import FRAMES, Seen, see
from wmpc.evaluation.offline.surprise import Surprise, score_surprise
from wmpc.planners.costs import GoalCost
from wmpc.planners.problem import Planner
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel, trained_on


@dataclass(frozen=True)
class OfflineScores:
    """What recordings say of a model and an agent. A score that could not be computed is None, and
    `notes` say why."""

    episodes: tuple[int, ...]
    """The held-out episodes that it is of."""
    blocks: int
    """k, from a decision to its goal."""
    readout: Readout | None = None
    rollouts: Rollouts | None = None
    surprise: Surprise | None = None
    retrieval: Retrieval | None = None
    actions: tuple[ActionScore, ...] = ()
    """Towards goals k blocks ahead, then one block ahead."""
    ranks: Ranks | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Turn the scores into plain JSON values.

        Returns:
            Its fields, by name.
        """
        return _plain(asdict(self))


def score_offline(
    model: LearnedModel,
    episodes: Episodes,
    planner: Planner | None = None,
    cost: GoalCost | None = None,
    *,
    agent: MakeAgent | None = None,
    blocks: int = 5,
    horizon: int = 8,
    decisions: int = DECISIONS,
    cloning: int = 1000,
    frames: int = FRAMES,
    seed: int = 0,
    progress: Tell = quiet,
) -> OfflineScores:
    """Score a model and its planner on held-out episodes, without a simulator.

    What is measured is of held-out episodes alone; what it is compared with (means, spreads, a
    linear probe, a cloned policy, other actions) comes from training episodes alone.

    Args:
        model: the world model.
        episodes: recordings like those that it was trained on.
        planner: what searches for actions, with `wmpc.agents.mpc.MPCAgent`'s defaults; None, and no
            `agent`: nothing is asked for actions.
        cost: of a goal; None: the latent distance.
        agent: makes the agent of a decision instead, of its seed.
        blocks: k, from a decision to its goal.
        horizon: blocks that rollouts are imagined for.
        decisions: of the agent, for each distance of the goal.
        cloning: steps of training a policy beside the agent; 0: none.
        frames: to encode, of held-out and of training episodes, at most so many of each.
        seed: of whatever is drawn.
        progress: told what is being computed.

    Returns:
        The scores.

    """
    held, train = see_split(model, episodes, frames, progress)
    if agent is None and planner is not None:
        agent = _planning(model, planner, fit_cost(cost, model, lambda: episodes))
    return score_seen(
        held, train, agent, blocks=blocks, horizon=horizon, decisions=decisions, cloning=cloning,
        seed=seed, progress=progress,
    )  # fmt: skip


def score_seen(
    held: Seen,
    train: Seen,
    agent: MakeAgent | None,
    *,
    blocks: int = 5,
    horizon: int = 8,
    decisions: int = DECISIONS,
    cloning: int = 1000,
    seed: int = 0,
    progress: Tell = quiet,
) -> OfflineScores:
    """Do what `score_offline` does with episodes that are encoded already.

    Args:
        held: the held-out episodes.
        train: the training episodes.
        agent: makes the agent of a decision, of its seed; None: nothing is asked for actions.
        blocks: k, from a decision to its goal.
        horizon: blocks that rollouts are imagined for.
        decisions: of the agent, for each distance of the goal.
        cloning: steps of training a policy beside the agent; 0: none.
        seed: of whatever is drawn.
        progress: told what is being computed.

    Returns:
        The scores.
    """
    ids = tuple(held.ids.tolist())
    probe = fit_linear_probe(train)
    notes = [] if probe else ["Neither proprio nor state was recorded: no probe was fitted."]
    found: dict[str, Any] = {"readout": score_readout(held, probe, seed) if probe else None}
    if not held.acted:
        notes.append("No actions were recorded: whatever needs them was left out.")
        return OfflineScores(ids, blocks, **found, notes=tuple(notes))
    progress(Progress("rollouts, surprise and retrieval"))
    found |= {
        "rollouts": score_rollouts(held, train, probe, horizon, seed),
        "surprise": score_surprise(held, train, blocks, seed),
        "retrieval": score_retrieval(held, seed),
    }
    if agent is not None:
        policy = None
        if cloning:
            progress(Progress("a cloned policy"))
            policy = train_goal_policy(
                train.encoded, held.model.context, within=blocks, steps=cloning, seed=seed
            )
        progress(Progress("decisions"))
        scored = [
            score_actions(held, train, agent, k, policy=policy, count=decisions, seed=seed)
            for k in dict.fromkeys((blocks, 1))
        ]
        found["actions"] = tuple(score for score in scored if score is not None)
        if isinstance(agent(seed), MPCAgent):
            found["ranks"] = score_ranks(held, train, agent, blocks, count=decisions, seed=seed)
        else:
            notes.append("The agent does not plan: no candidates were ranked.")
        if scored[0] is None:
            notes.append(
                f"No held-out episode has {blocks} blocks after a whole context: nothing was asked "
                "of the agent that far ahead."
            )
    lacking = [name for name in ("rollouts", "surprise", "retrieval") if found[name] is None]
    if lacking:
        notes.append(f"The held-out episodes are too short for {', '.join(lacking)}.")
    return OfflineScores(ids, blocks, **found, notes=tuple(notes))


def _planning(model: LearnedModel, planner: Planner, cost: GoalCost | None) -> MakeAgent:
    return lambda seed: MPCAgent(model, planner, cost=cost, seed=seed)


def see_split(
    model: LearnedModel, episodes: Episodes, frames: int = FRAMES, progress: Tell = quiet
) -> tuple[Seen, Seen]:
    """Encode held-out and training episodes.

    Args:
        model: the frozen model.
        episodes: the recordings.
        frames: of each, at most.
        progress: told that it begins.

    Returns:
        The held-out episodes, and the training episodes.

    Raises:
        WmpcError: the dataset does not fit the model, or one of the two has no episode.
    """
    check_dataset(model, episodes)
    split = {"held-out": episodes.held_out_ids, "training": trained_on(model, episodes)}
    for what, ids in split.items():
        if not len(ids):
            raise WmpcError(
                f"{episodes.path} has {len(episodes)} episodes and no {what} one; every tenth is "
                "held out, so record or import at least 10"
            )
    progress(Progress("encoding recorded frames"))
    return (
        see(model, episodes, split["held-out"], frames),
        see(model, episodes, split["training"], frames),
    )


def _plain(value: Any) -> Any:
    """JSON values of nested tuples and mappings."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value
