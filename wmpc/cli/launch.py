"""Run the jobs of a sweep with a launcher plugin of hydra's, such as joblib, submitit or ray."""

import io
import multiprocessing
from contextlib import redirect_stderr
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.errors import HydraException, MissingConfigException
from hydra.types import HydraContext, RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from wmpc.cli.compose import Job
from wmpc.cli.presets import Presets
from wmpc.cli.run_verb import run_verb
from wmpc.cli.words import Line, unknown
from wmpc.errors import WmpcError


def launch(verb: str, line: Line, jobs: list[Job]) -> int:
    """Hand jobs to a launcher plugin of hydra's.

    What a launcher writes for itself goes to a temporary folder, unless hydra.sweep.dir=... says
    where: for a cluster that must be a folder which all machines see.

    Args:
        verb: of all jobs.
        line: the command line, whose words for hydra describe the launcher.
        jobs: the points of the sweep.

    Returns:
        The first exit code that is not 0, else 0.

    Raises:
        WmpcError: there is no such launcher, or its settings do not fit.
    """
    presets = Presets.of(verb, line)
    with TemporaryDirectory(prefix="wmpc-sweep-") as folder, presets.search_path():
        quiet = ["hydra/job_logging=none", "hydra/hydra_logging=none", "hydra.output_subdir=null"]
        words = [f"hydra.sweep.dir='{folder}'", *quiet, *line.hydra]
        hydra: Any = GlobalHydra.instance().hydra
        try:
            config = hydra.compose_config(presets.name, words, RunMode.MULTIRUN)
        except MissingConfigException as error:
            group, _, name = str(error.missing_cfg_file).rpartition("/")
            known = hydra.config_loader.get_group_options(group, ObjectType.CONFIG)
            raise unknown(
                group, name, [*known, f"others by pip install hydra-{name}-launcher"]
            ) from None
        except (HydraException, OmegaConfBaseException) as error:
            said = str(error).splitlines()[0]
            raise WmpcError(f"{' '.join(line.hydra)} does not fit: {said}") from None
        launcher = Plugins.instance().instantiate_launcher(
            config=config,
            hydra_context=HydraContext(hydra.config_loader, Callbacks()),
            task_function=partial(run_job, verb),
        )
        done = launcher.launch([job.words for job in jobs], initial_job_idx=0)
        with redirect_stderr(io.StringIO()):  # hydra writes there what a job raised, and raises it
            return next(filter(None, [job.return_value for job in done]), 0)


def run_job(verb: str, config: Any) -> int:
    """Run one job, in whatever process the launcher has made for it.

    Args:
        verb: of the job.
        config: as hydra composed it again from the job's words.

    Returns:
        The exit code.
    """
    OmegaConf.resolve(config)
    multiprocessing.set_start_method(None, force=True)  # joblib's is unknown to processes of ours
    return run_verb(verb, config) or 0
