"""What agents of an evaluation are taught by: its recordings, through its trained encoder."""

from wmpc.agents.completion import when_needed
from wmpc.agents.encoded import Encoded, encode_training_episodes
from wmpc.agents.entrant import Setting
from wmpc.agents.meaning import Complete
from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel


def encode_recordings(setting: Setting) -> tuple[LearnedModel, Encoded]:
    """Encode the training episodes of an evaluation.

    Args:
        setting: with a model and its episodes.

    Returns:
        The trained encoder, and the episodes through it.

    Raises:
        WmpcError: there is no model, or there are no episodes.
    """
    if setting.model is None or setting.episodes is None:
        raise WmpcError("this agent learns from recorded episodes: it needs a run and its dataset")
    return setting.model, encode_training_episodes(setting.model, setting.episodes())


def find_completion(setting: Setting, pictures: bool = False) -> Complete | None:
    """Find what completes goals said in part.

    Args:
        setting: with a model and its episodes, or without.
        pictures: whether they are completed to pictures.

    Returns:
        It; None where there are no recordings to do it from.
    """
    if setting.model is None or setting.episodes is None:
        return None
    return when_needed(setting.model, setting.episodes, pictures)
