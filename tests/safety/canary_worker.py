"""Texts in files name a module that must not run: canary_worker.py KIND SOUND FOLDER MOST

KIND is `artefacts` or a format of recordings, SOUND where a sound copy lies. All texts at once, and
then MOST of them one by one, are replaced by names of the module `canary_xyz`, which lies in
the current directory and on `sys.path`; the commands that read the file are run. Prints what an
audit hook saw that should not have happened, and how many commands were run. The hook cannot be
removed, so this runs in a process of its own.
"""

import contextlib
import copy
import io
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

import h5py
from spoil import hashed

CANARY = "canary_xyz"
NAMES = [f"{CANARY}:Zen-v0", CANARY, f"{CANARY}.run", f"{CANARY}:run"]
PLANTED = "import pathlib\npathlib.Path(__file__).with_name('it-ran').write_text('x')\nrun = exit\n"
RUNS = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"}
"""Audit events of programs that are started. FFmpeg and others start by subprocess.Popen."""
PROGRAMS = ("ffmpeg", "ldconfig", "gcc", "uname", "file")
"""What libraries start: a video's encoder, and the search for a shared library."""


def watch(folder, seen):
    """Note what is imported, started and written that should not be."""
    inside = str(folder.resolve())
    allowed = (inside, "/dev/", os.environ.get("HOME", "/nowhere") + "/.cache", "/tmp/")

    def hook(event, arguments):
        if event == "import" and str(arguments[0]).split(".")[0] == CANARY:
            seen.append(f"imported {arguments[0]}")
        elif event in RUNS:
            seen.append(f"{event} {arguments[:1]}")
        elif event == "subprocess.Popen" and not any(p in str(arguments[1]) for p in PROGRAMS):
            seen.append(f"started {str(arguments[1])[:80]}")
        elif event == "open" and isinstance(arguments[0], str) and isinstance(arguments[1], str):
            path, mode = os.path.realpath(arguments[0]), arguments[1]
            if set(mode) & set("wax+") and not f"{path}/".startswith(allowed):
                seen.append(f"wrote {path}")
            if path == "/etc/passwd":
                seen.append(f"read {path}")

    sys.addaudithook(hook)


def poison(value, name, only=None):
    """A JSON value with `name` in place of its texts: of all, or of number `only` (a list that
    counts them down)."""
    if isinstance(value, dict):
        return {key: poison(inner, name, only) for key, inner in value.items()}
    if isinstance(value, list):
        return [poison(inner, name, only) for inner in value[:40]] + value[40:]
    if not isinstance(value, str):
        return value
    if value[:1] in "{[" and value[:1]:  # JSON within JSON, as Minari has it
        with contextlib.suppress(ValueError):
            return json.dumps(poison(json.loads(value), name, only))
    if only is not None:
        only[0] -= 1
        return name if only[0] == -1 else value
    return name


def texts(value):
    count = [0]
    poison(value, "", count)
    return -count[0]


def extended(value):
    """With the keys that name environments and what is built, which a sound file may lack."""
    env = {"id": "Hopper-v5", "entry_point": CANARY, "kwargs": {"xml_file": f"{CANARY}.xml"},
           "vector_entry_point": f"{CANARY}:run", "name": "Zen-v0",
           "additional_wrappers": [{"name": "x", "entry_point": f"{CANARY}:run"}]}  # fmt: skip
    more = {"env": "Hopper-v5", "env_spec": json.dumps(env), "env_id": "Hopper-v5", "id": "x",
            "env_name": "Hopper-v5", "env_kwargs": {"xml_file": "x"}, "kwargs": {"xml_file": "x"},
            "_target_": "x", "entry_point": "x", "robot_type": "x"}  # fmt: skip
    return {**more, **value} if isinstance(value, dict) else value


def variants(data, most):
    """Poisoned versions of a file with JSON in it: all texts at once, then `most` one by one."""
    lines = [json.loads(line) for line in data.splitlines()] if b"}\n{" in data else [None]
    value = lines if lines != [None] else json.loads(data)
    wrap = value if isinstance(value, list) else extended(value)
    for name in NAMES:
        yield poison(copy.deepcopy(wrap), name)
    for number in range(min(texts(wrap), most)):
        yield poison(copy.deepcopy(wrap), NAMES[number % 2], [number])


def write(path, value):
    if isinstance(value, list) and path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(line) + "\n" for line in value))
    else:
        path.write_text(json.dumps(hashed(value) if path.name == "m.json" else value))


def poison_hdf5(path, name):
    """All attributes of text of an HDF5 file."""
    with h5py.File(path, "r+") as file:

        def visit(_, node):
            for key, value in list(node.attrs.items()):
                if isinstance(value, str):
                    try:
                        node.attrs[key] = json.dumps(poison(extended(json.loads(value)), name))
                    except ValueError:
                        node.attrs[key] = name
            node.attrs["env_spec"] = json.dumps(poison(extended({"id": "x"}), name))

        visit("", file)
        file.visititems(visit)


def commands(kind, here, opened):
    """The commands that read it."""
    from tiny_artefacts import EVAL, QUICK, TRAIN

    run, m = here / "run", f"cases.path={here / 'm.json'}"
    small = ["cold=0", "videos=0", "reference.cases=0", f"folder={here / 'o'}", "overwrite=true"]
    out = f"out={here / 'out.html'}"
    if kind == "artefacts":
        state = ["train", *TRAIN, f"data={here / 'data'}", f"run={run}"]
        e = str(run / "eval/e")
        return {
            "data/meta.json": [["data", "inspect", str(here / "data")], ["data", "check",
                               str(here / "data"), out], state,
                               ["eval", "agent=random", f"data={here / 'data'}", "name=d", *small,
                                "cases.count=1"]],
            "run/config.json": [["plan", f"run={run}", "goal=frame:9:2", "budget=1", *QUICK],
                                ["report", f"run={run}", out], state,
                                ["eval", f"run={run}", m, *EVAL, "name=n", "overwrite=true"]],
            "run/train.jsonl": [state, ["report", f"run={run}", out]],
            "m.json": [["eval", "agent=random", m, "name=n", *small]],
            "run/eval/e/results.json": [["report", f"run={run}", out],
                                        ["report", "compare", e, e], ["report", "seeds", e, e]],
        }  # fmt: skip
    path = str(here / opened)
    return {
        "": [["data", "inspect", path], ["data", "check", path, out],
             ["data", "import", path, f"data={here / 'native'}", "size=32"],
             ["train", "model=tiny", f"data={path}", f"run={here / 'r'}", "view.size=32",
              "train.steps=1", "train.batch=2"]],
    }  # fmt: skip


def attempt(words, counts):
    from wmpc.cli.main import main

    error = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(error):
        code = main(words)
    counts[code] = counts.get(code, 0) + 1
    found = code == 1 and words[:2] == ["data", "check"] and not error.getvalue()  # a fault
    return [] if code in (0, 2) or found else [f"{words[:2]} {code} {error.getvalue()[-600:]}"]


def try_all(kind, sound, folder, most):
    """What happened that should not, and how often commands ended with which code."""
    here, seen, counts = folder / "here", [], {}
    opened = (sound / "opened").read_text() if kind != "artefacts" else ""
    source = sound if kind == "artefacts" else sound / "seed"

    def fresh():
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(source, here)

    fresh()
    (folder / f"{CANARY}.py").write_text(PLANTED)
    os.chdir(folder)
    sys.path.append(str(folder))
    watch(folder, seen)
    files = [path.relative_to(here) for path in here.rglob("*") if path.is_file()]
    groups = commands(kind, here, opened)
    for file in files:
        words = groups.get(str(file), groups.get("", []))
        if file.suffix in (".json", ".jsonl") and words:
            made = [lambda value=value, file=file: write(here / file, value)
                    for value in variants((source / file).read_bytes(), most)]  # fmt: skip
        elif file.suffix in (".hdf5", ".h5") and words:
            made = [lambda name=name, file=file: poison_hdf5(here / file, name) for name in NAMES]
        else:
            continue
        for number, spoil in enumerate(made):
            fresh()
            spoil()
            some = words if number < len(NAMES) else [words[number % len(words)]]
            for one in some:
                seen += attempt(one, counts)
    fresh()
    for path in [p for p in (here, *here.rglob("*")) if "v0" in p.name or p.suffix == ".npz"]:
        path.rename(path.with_name(f"{CANARY}-v0{path.suffix}"))  # a format told by its name
    for one in groups.get("", []):
        seen += attempt(
            [w.replace(opened, f"{CANARY}-v0.npz") if opened else w for w in one], counts
        )
    if (folder / "it-ran").exists() or CANARY in sys.modules:
        seen.append("the canary ran")
    return seen, counts


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found, codes = try_all(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    print(json.dumps({"seen": sorted(set(found)), "codes": codes}))
