"""Whatever a home folder is like, the same image comes, with OpenVINO and without; what cannot be kept is one note."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from conditions import HOMES, Condition, a_file, full, nobody_known, without
from served import ROOT, home_with_openvino, running_app

NOTE = "OpenVINO's networks cannot be kept in"
DRAW = """
import runpy
import sys
backends, result, *arguments = sys.argv[1:]
for backend in backends.split(","):
    sys.modules["openvino"] = None  # as if it were not installed
    if backend == "openvino":
        del sys.modules["openvino"]
    asked = ["--backend", "openvino"] * (backend == "openvino")  # the default one never waits for a conversion
    sys.argv = ["instaflow_demo", *arguments, *asked, "--json", f"{result}-{backend}.json"]
    try:
        runpy.run_module("instaflow_demo", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code:
            raise
    print(end="\\f")
"""
NOTEBOOK = """
from instaflow_demo.cli import notebook
notebook.run(notebook.load("instaflow-mini"), "a big dog", 1, display_images=False)
print("drawn")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that others may write to as well, as one for temporary files is."""
    made = tmp_path_factory.mktemp("homes")
    made.chmod(0o1777)
    return made


BACKENDS = ("eager", "openvino") if find_spec("openvino") else ("eager",)


def settings(folder: Path, *, openvino: bool, **variables: str) -> dict[str, str]:
    """An environment in which nothing but HOME says where to keep things."""
    path = [str(ROOT)] if openvino else [without("openvino", folder / "none"), str(ROOT)]
    left_out = ("INSTAFLOW_DEMO_HOME", "XDG_CACHE_HOME", "HF_HOME", "TORCHINDUCTOR_CACHE_DIR", "GRADIO_TEMP_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    own = {"PYTHONPATH": os.pathsep.join(path), "TMPDIR": str(folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return kept | own | variables


@dataclass(frozen=True)
class Drawn:
    """An image's SHA-256, what drew it, and what was said."""

    sha256: str
    backend: str
    said: str


def drawn(folder: Path, condition: Condition, *backends: str, **variables: str) -> dict[str, Drawn]:
    """What the command line draws under a condition, in one process: first as if OpenVINO were not installed."""
    result = folder / str(len(list(folder.iterdir())))
    command = ["generate", "A big dog", "--seed", "7", "--images", "2", "--no-save"]
    done = subprocess.run(
        [*condition.prefix, sys.executable, "-c", DRAW, ",".join(backends), str(result), *command],
        env=condition.applied(settings(folder, openvino="openvino" in backends, **variables)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for backend, said in zip(backends, done.stdout.split("\f"), strict=False):
        (one,) = json.loads(Path(f"{result}-{backend}.json").read_text())["results"]
        found[backend] = Drawn(one["images"][0]["sha256"], one["backend"], said)
    return found


@cache
def usual(folder: Path) -> dict[str, Drawn]:
    """What is drawn where all is well, the conversion shared with whatever else tests it."""
    home_with_openvino(folder / "usual/.cache/instaflow_demo")
    found = drawn(folder, Condition(variables={"HOME": str(folder / "usual")}), *BACKENDS)
    assert {backend: each.backend for backend, each in found.items()} == dict(zip(BACKENDS, BACKENDS, strict=True))
    assert not any("cannot be kept" in each.said for each in found.values())
    return found


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.__name__)
def test_the_image_does_not_depend_on_the_home(folder: Path, tmp_path: Path, home: Callable[[Path], Condition]) -> None:
    for backend, here in drawn(folder, home(tmp_path).or_skip(), *BACKENDS).items():
        openvino = backend == "openvino"
        assert here.sha256 == usual(folder)[backend].sha256
        assert here.said.count("cannot be kept in") == openvino  # once, and not with each image
        assert openvino == (NOTE in here.said and "set INSTAFLOW_DEMO_HOME" in here.said)


def test_no_variable_that_names_a_folder_can_stop_it(folder: Path, tmp_path: Path) -> None:
    names = ("INSTAFLOW_DEMO_HOME", "HF_HOME", "TORCHINDUCTOR_CACHE_DIR", "MPLCONFIGDIR", "TORCH_HOME")
    condition = a_file(tmp_path)
    odd = dict.fromkeys(names, f"{condition.variables['HOME']}/below") | {"XDG_CACHE_HOME": "not/absolute"}
    assert drawn(folder, condition, "eager", **odd)["eager"].sha256 == usual(folder)["eager"].sha256
    assert not (folder / "not").exists()


def test_a_user_whom_nobody_knows_leaves_no_folder_called_tilde(folder: Path, tmp_path: Path) -> None:
    condition = Condition(nobody_known(), {"HOME": None}).or_skip()
    code = "from instaflow_demo.machine import caches; print(caches.home(), caches.hub_dir(), caches.converted_dir())"
    done = subprocess.run(
        [*condition.prefix, sys.executable, "-c", code],
        env=condition.applied(settings(folder, openvino=False)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.startswith("/nonexistent") for path in done.stdout.split()] == [True] * 3
    assert not list(tmp_path.iterdir())


def test_a_notebook_draws_without_a_home(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        env=a_file(tmp_path).applied(settings(folder, openvino=False)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("drawn\n")


@pytest.mark.parametrize("home", [HOMES[0], HOMES[-1]], ids=lambda home: home.__name__)
def test_the_page_is_there_without_a_home(folder: Path, tmp_path: Path, home: Callable[[Path], Condition]) -> None:
    """Also where gradio's own folder among the temporary files is another user's."""
    condition = home(tmp_path).or_skip()
    theirs = folder / "gradio"
    theirs.mkdir(exist_ok=True)
    given = settings(folder, openvino=False, GRADIO_TEMP_DIR=str(tmp_path / "file" / "gradio"))
    with running_app(tmp_path, "--offline", prefix=condition.prefix, given=condition.applied(given)) as app:
        assert app.get("/")[0] == 200


def test_a_page_that_may_write_nowhere_says_so(folder: Path) -> None:
    """Every folder for temporary files is full, and so is the one it is run in."""
    if ROOT.is_relative_to("/tmp") or Path(sys.executable).is_relative_to("/tmp"):
        pytest.skip("the demo itself is among the temporary files")
    prefix = [word for place in ("/tmp", "/var/tmp", "/usr/tmp") if Path(place).is_dir() for word in full(Path(place))]
    condition = Condition(prefix, {"TMPDIR": "/tmp", "HOME": "/tmp"}).or_skip()
    command = ["sh", "-c", 'cd /tmp && exec "$@"', "sh", sys.executable, str(ROOT / "app.py"), "--offline"]
    done = subprocess.run(
        [*condition.prefix, *command],
        env=condition.applied(settings(folder, openvino=False)),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no folder for temporary files" in done.stderr
    assert "set TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr
