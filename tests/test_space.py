"""The folder of a Space: what is in it, that nothing else is needed to serve the page, and how it gets to the Hub."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from conditions import Condition, a_file, full, read_only, without
from gradio_client import Client
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from served import ROOT, environment, running_app
from small_sd import save_published
from terminal import started
from tiny_hub import tiny_hub
from tiny_spaces import TinySpaces, tiny_spaces

from instaflow_demo.cli.commands import HostName
from instaflow_demo.errors import SpaceRefused
from instaflow_demo.registry import MODELS
from instaflow_demo.space import HOSTS, check
from instaflow_demo.space.contents import imported_libraries, list_files
from instaflow_demo.space.documents import documents
from instaflow_demo.space.installed import Installed

ZEROGPU = HOSTS["zerogpu"]
MB = 1_000_000


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, as the command line writes it."""
    place = tmp_path_factory.mktemp("space")
    done = started(place, "space", "--to", "written")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in place.iterdir() if path.name not in ("home", "none")] == ["written"]
    return place / "written"


@pytest.fixture
def copy(space: Path, tmp_path: Path) -> Path:
    """One of its own, whose files may be removed and replaced, but not written into."""
    return shutil.copytree(space, tmp_path / "copy", copy_function=os.link)


def put(path: Path, content: bytes | str) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def front(folder: Path) -> dict:
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])


# ---------------------------------------------------------------- what is in it


def test_what_only_developers_need_is_not_there(space: Path) -> None:
    there = {path.relative_to(space).as_posix() for path in space.rglob("*")}
    assert {"app.py", "LICENSE", "README.md", "requirements.txt", "instaflow_demo/ui/page.js"} <= there
    parts = {part for path in there for part in Path(path).parts}
    assert not parts & {"tests", "training", "evaluation", "cli", "docs", "sheets", "judge", "__pycache__", ".ci"}
    assert not [path for path in there if path.endswith((".ipynb", ".zip", ".xz"))]


def test_files_are_small_enough_for_a_space(space: Path) -> None:
    sizes = [path.stat().st_size for path in space.rglob("*") if path.is_file()]
    assert max(sizes) < 10 * MB
    assert sum(sizes) < 300 * MB


def test_a_file_that_lies_beside_the_code_comes_and_one_of_a_developer_s_tools_does_not(tmp_path: Path) -> None:
    """Whatever a later module imports or reads, nobody has to remember it here."""
    for name, text in {
        "app.py": "def main():\n    from instaflow_demo import ui",
        "instaflow_demo/__init__.py": "",
        "instaflow_demo/ui/__init__.py": "from . import later",
        "instaflow_demo/ui/later.py": "",
        "instaflow_demo/ui/script.js": "",
        "instaflow_demo/ui/fonts/one.woff2": "",
        "instaflow_demo/ui/.hidden": "",
        "instaflow_demo/training/__init__.py": "",
        "instaflow_demo/training/data.json": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    code = {path.relative_to("instaflow_demo").as_posix() for path in list_files(tmp_path) if len(path.parts) > 1}
    assert code == {"__init__.py", "ui/__init__.py", "ui/later.py", "ui/script.js", "ui/fonts/one.woff2"}


def test_the_readme_names_every_model_with_its_licence_and_leads_nowhere_else(space: Path) -> None:
    text = (space / "README.md").read_text(encoding="utf-8")
    for spec in MODELS.values():
        assert any(spec.licence in line and spec.title in line for line in text.splitlines()), spec.id
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("https://")]
    assert len(links) == sum(spec.shipped for spec in MODELS.values())
    assert all((space / link).is_file() for link in links)
    assert "CC BY 4.0" in text  # of whose icons the models learned


def test_the_front_matter_is_the_project_s_and_the_host_s(space: Path) -> None:
    project, here = front(ROOT), front(space)
    assert here == project | {"suggested_hardware": "zero-a10g"}
    assert here["python_version"] == "3.12"


@pytest.mark.parametrize("version", ["2.8.0", "2.9.1", "2.10.0", "2.11.0"])
def test_zerogpu_gets_a_pytorch_that_it_offers(space: Path, version: str) -> None:
    asked = required((space / "requirements.txt").read_text())
    assert asked["torch"].specifier.contains(version)
    assert not asked["torch"].specifier.contains("2.13.0")
    assert "spaces" not in asked  # which is there, and must not be pinned


def required(text: str) -> dict[str, Requirement]:
    lines = [line.partition("  #")[0] for line in text.splitlines() if line and line[0] not in "#-"]
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def test_a_space_without_a_gpu_downloads_no_cuda() -> None:
    made = documents(ROOT, HOSTS["cpu"])
    assert made["requirements.txt"].startswith("--extra-index-url https://download.pytorch.org/whl/cpu\n")
    assert required(made["requirements.txt"]) == required((ROOT / "requirements.txt").read_text())
    assert "suggested_hardware: cpu-basic" in made["README.md"]


def test_a_dockerfile_serves_the_port_that_the_space_asks_for() -> None:
    made = documents(ROOT, HOSTS["docker"])
    told = yaml.safe_load(made["README.md"].split("---\n")[1])
    assert (told["sdk"], told["app_port"]) == ("docker", 7860)
    assert not told.keys() & {"sdk_version", "python_version", "app_file", "suggested_hardware"}
    lines = made["Dockerfile"].splitlines()
    assert "FROM python:3.12-slim" in lines
    assert "EXPOSE 7860" in lines
    assert "GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860" in made["Dockerfile"]
    assert '"$TORCH_INDEX"' in made["Dockerfile"].replace("{", "").replace("}", "")
    assert lines.index("USER user") < lines.index("COPY --chown=user . .")
    assert json.loads(lines[-1].removeprefix("CMD ")) == ["python", "app.py"]
    assert ".git*" in made[".dockerignore"].splitlines()


def test_visitors_can_sign_in_where_that_is_asked_for() -> None:
    for name, brought in (("zerogpu", False), ("docker", True)):  # gradio's own Spaces have what it takes
        made = documents(ROOT, HOSTS[name], login=True)
        assert yaml.safe_load(made["README.md"].split("---\n")[1])["hf_oauth"] is True
        assert ("gradio[oauth]" in made["requirements.txt"].splitlines()) is brought
        assert "hf_oauth" not in documents(ROOT, HOSTS[name])["README.md"]


# ---------------------------------------------------------------- nothing else is needed


@pytest.fixture(scope="module")
def alone(space: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which nothing can be imported that the folder's own requirements do not bring."""
    asked = required((space / "requirements.txt").read_text()).values()
    brought = Installed.by(map(str, asked)).names
    refused = {
        library
        for library, names in packages_distributions().items()
        if brought.isdisjoint(str(canonicalize_name(name)) for name in names)
    }
    assert {"pytest", "peft", "sentence_transformers", "playwright"} <= refused
    place = tmp_path_factory.mktemp("alone")
    path = without("openvino", place / "none")  # models would be converted in the background
    lines = [
        (place / "none" / "sitecustomize.py").read_text(),
        f"for name in {sorted(refused)}: sys.modules.setdefault(name, None)",
    ]
    (place / "none" / "sitecustomize.py").write_text("\n".join(lines))
    return environment(place) | {"PYTHONPATH": path}


IMPORT_ALL = """
import importlib, pathlib, sys
names = [".".join(path.with_suffix("").parts) for path in pathlib.Path("instaflow_demo").rglob("*.py")]
for name in sorted(names):
    if not name.endswith("backends.openvino"):
        importlib.import_module(name.removesuffix(".__init__"))
here = pathlib.Path.cwd()
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] == "instaflow_demo":
        assert pathlib.Path(module.__file__).is_relative_to(here), name
        paths = [value for value in vars(module).values() if isinstance(value, pathlib.Path)]
        missing = [path for path in paths if path.is_relative_to(here) and not path.exists()]
        assert not missing, (name, missing)
print(len(names))
"""


def test_every_module_finds_what_it_imports_and_reads(space: Path, alone: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=space,
        env=alone,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def useless_home(folder: Path) -> Condition:
    """One that may only be read, or is none where this machine allows no mounts."""
    try:
        return read_only(folder).or_skip()
    except pytest.skip.Exception:
        return a_file(folder)


def test_the_folder_alone_serves_the_page_and_draws(space: Path, alone: dict[str, str], tmp_path: Path) -> None:
    """As on a Space: every visitor is a stranger, and nothing can be kept in the home."""
    condition = useless_home(tmp_path)
    own = ("HF_HOME", "INSTAFLOW_DEMO_HOME", "XDG_CACHE_HOME")
    given = {name: value for name, value in condition.applied(alone).items() if name not in own}
    settings = {"SPACE_ID": "me/demo", "TMPDIR": str(tmp_path)}
    with running_app(tmp_path, prefix=condition.prefix, given=given, root=space, **settings) as app:
        assert app.get("/")[0] == 200
        assert app.get("/preview.jpg")[0] == 200
        run = Client(app.url, verbose=False).predict("A big dog", seed=7, api_name="/generate")
        assert run["results"][0]["images"][0]["image"].startswith("data:image/png")
    assert "Traceback" not in (tmp_path / "app.log").read_text(errors="replace")
    check(space, ZEROGPU)  # and left the folder as it was


# ---------------------------------------------------------------- what is checked


def change_readme(field: str, value: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / "README.md").read_text(encoding="utf-8")
        put(folder / "README.md", re.sub(rf"^{field}:.*$", f"{field}: {value}", text, count=1, flags=re.M))

    return change


def change_requirements(before: str, after: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / "requirements.txt").read_text(encoding="utf-8")
        put(folder / "requirements.txt", re.sub(before, after, text))

    return change


def replace_file(name: str, content: bytes | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink() if content is None else put(folder / name, content)

    return change


WEIGHTS = "assets/models/sd-mini/unet/diffusion_pytorch_model-00001-of-00005.safetensors"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (replace_file("assets/one.bin", bytes(11 * MB)), "assets/one.bin has 11.0 MB, and a Space takes 10 MB a file"),
        (change_readme("python_version", "'3.10'"), "A Space cannot have “python_version: 3.10” in its front matter"),
        (change_readme("sdk_version", "5.0.0"), "A Space cannot have “sdk_version: 5.0.0”"),
        (change_readme("colorFrom", "mauve"), "A Space cannot have “colorFrom: mauve”"),
        (change_readme("short_description", "x" * 61), "A Space cannot have “short_description: xxx"),
        (change_readme("app_file", "main.py"), "A Space cannot have “app_file: main.py”"),
        (change_requirements("torch>=2.8", "torch>=2.9"), "requirements.txt rules out torch 2.8.0"),
        (change_requirements("psutil.*", ""), "imports psutil, which requirements.txt does not bring"),
        (
            replace_file("instaflow_demo/new.py", b"def f():\n    import peft"),
            "instaflow_demo/new.py imports peft, which",
        ),
        (replace_file("instaflow_demo/old.py", b"import distutils"), "instaflow_demo/old.py imports distutils, which"),
        (replace_file(WEIGHTS, b"cut off"), "Stable Diffusion mini has a damaged file"),
        (replace_file(WEIGHTS, None), "Stable Diffusion mini lacks its file"),
        (replace_file("LICENSE", None), "The Space would lack LICENSE"),
        (replace_file("assets/models/pd-mini/README.md", None), "The Space would lack assets/models/pd-mini/README.md"),
    ],
)
def test_what_would_go_wrong_is_found(copy: Path, change: Callable[[Path], None], said: str) -> None:
    change(copy)
    with pytest.raises(SpaceRefused) as refused:
        check(copy, ZEROGPU)
    assert said in str(refused.value)
    assert str(refused.value).count(":") <= 4  # and nothing else is


def test_every_fault_is_named_at_once(copy: Path) -> None:
    replace_file("LICENSE", None)(copy)
    change_readme("sdk_version", "5.0.0")(copy)
    with pytest.raises(SpaceRefused, match=r"sdk_version.* LICENSE"):
        check(copy, ZEROGPU)


def test_the_code_has_a_function_for_zerogpu_and_other_hosts_need_no_package_for_it(space: Path) -> None:
    assert (space / "instaflow_demo" / "zerogpu" / "lending.py").is_file()
    assert not check(space, ZEROGPU).note


def test_zerogpu_starts_no_code_that_has_no_function_for_it(copy: Path) -> None:
    put(copy / "app.py", re.sub(r"^ *import spaces.*$", "", (copy / "app.py").read_text(encoding="utf-8"), flags=re.M))
    used = [path for path in copy.rglob("*.py") if "spaces" in imported_libraries(path)]
    for path in used:
        put(path, "")
    assert "ZeroGPU starts no Space without a function for it" in check(copy, ZEROGPU).note
    assert not check(copy, HOSTS["cpu"]).note


def test_a_library_that_a_host_brings_need_not_be_required(copy: Path) -> None:
    put(copy / "app.py", (copy / "app.py").read_text(encoding="utf-8") + "\nimport spaces\n")
    assert not check(copy, ZEROGPU).note
    with pytest.raises(SpaceRefused, match=r"app\.py imports spaces"):
        check(copy, replace(ZEROGPU, brings=()))


# ---------------------------------------------------------------- what the command refuses


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    done = started(tmp_path, "space", "--to", "full")
    assert (done.returncode, "There is something in" in done.stderr) == (2, True)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_every_host_can_be_named() -> None:
    assert {host.value for host in HostName} == HOSTS.keys()


def test_an_empty_command_says_what_to_name(tmp_path: Path) -> None:
    done = started(tmp_path, "space")
    assert (done.returncode, "name a folder with --to, a Space with --push" in done.stderr) == (2, True)


def test_nothing_is_left_of_a_folder_that_finds_no_room(tmp_path: Path) -> None:
    condition = Condition(full(tmp_path / "disk", left=500_000)).or_skip()
    script = f'"$@"; code=$?; ls -A "{tmp_path}/disk" >&2; exit $code'
    command = [sys.executable, "-m", "instaflow_demo", "space", "--to", str(tmp_path / "disk" / "space")]
    done = subprocess.run(
        [*condition.prefix, "sh", "-c", script, "sh", *command],
        env=environment(tmp_path) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1
    said, *left = done.stderr.splitlines()
    assert "cannot be written to" in said
    assert "make room" in said
    assert left == ["full"]  # which makes it so


# ---------------------------------------------------------------- on the Hub


@pytest.fixture
def spaces() -> Iterator[TinySpaces]:
    with tiny_spaces() as spaces:
        yield spaces


def test_a_push_makes_the_space_and_replaces_what_was_there(spaces: TinySpaces, tmp_path: Path) -> None:
    spaces.files = {".gitattributes": b"", "README.md": b"old", "old/code.py": b""}
    done = started(tmp_path, "space", "--to", "here", "--push", "me/demo", "--private", **spaces.settings)
    assert done.returncode == 0, done.stderr
    assert f"The Space is at {spaces.url}/spaces/me/demo" in done.stdout
    assert spaces.created["hardware"] == "zero-a10g"
    assert (spaces.created["sdk"], spaces.created["visibility"]) == ("gradio", "private")
    written = {path.relative_to(tmp_path / "here").as_posix(): path for path in (tmp_path / "here").rglob("*")}
    assert spaces.files == {name: path.read_bytes() for name, path in written.items() if path.is_file()}
    assert len(spaces.commits) == 1


@pytest.mark.parametrize(
    ("refusal", "settings", "said"),
    [
        (None, {"HF_TOKEN": "hf_of_nobody"}, "run “hf auth login” with a token that may write"),
        ((402, "PRO is needed"), {}, "The Hub does not give you me/demo (PRO is needed)"),
        ((403, "Not yours"), {}, "The Hub does not give you me/demo (Not yours)"),
        ((500, "Out of order"), {}, "The Hub does not take me/demo (Out of order)"),
        (None, {"HF_HUB_OFFLINE": "1"}, "me/demo cannot be reached, because HF_HUB_OFFLINE"),
        (None, {"HF_ENDPOINT": "http://127.0.0.1:9"}, "me/demo could not be pushed"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(
    spaces: TinySpaces,
    space: Path,
    tmp_path: Path,
    refusal: tuple[int, str] | None,
    settings: dict[str, str],
    said: str,
) -> None:
    spaces.refusal = refusal
    done = pushed(tmp_path, space, "me/demo", **spaces.settings | settings)
    assert said in done.stdout
    assert not spaces.files


def test_a_name_that_no_space_can_have_is_a_sentence(spaces: TinySpaces, space: Path, tmp_path: Path) -> None:
    assert "“my demo!” cannot be a Space's name" in pushed(tmp_path, space, "my demo!", **spaces.settings).stdout


PUSH = """
import sys
from pathlib import Path
from instaflow_demo.cli.commands import HostName
from instaflow_demo.errors import SpaceRefused
from instaflow_demo.space import HOSTS, push
try:
    push(Path(sys.argv[1]), sys.argv[2], HOSTS["zerogpu"], private=False)
except SpaceRefused as error:
    print(error)
"""


def pushed(folder: Path, space: Path, name: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What comes of pushing a folder that is written already."""
    done = subprocess.run(
        [sys.executable, "-c", PUSH, str(space), name],
        env=environment(folder) | {"PYTHONPATH": str(ROOT)} | settings,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_published_models_are_preloaded_in_the_files_that_the_engine_reads(tmp_path: Path) -> None:
    repository = save_published(tmp_path / "repository")
    for name in ("safety_checker/config.json", "safety_checker/model.fp16.safetensors", "v1-5-pruned.ckpt"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_bytes(b"{}")
    for name in ("config.json", "diffusion_pytorch_model.safetensors", "README.md"):  # as the tiny decoder's has them
        (repository / name).write_bytes(b"{}")
    with tiny_hub(repository) as hub:
        done = started(tmp_path, "space", "--to", "here", "--preload", "2rf", **hub.settings)
    assert done.returncode == 0, done.stderr
    assert "Fetched while it is built: XCLiu/2_rectified_flow_from_sd_1_5 " in done.stdout
    entries = dict(entry.split(" ") for entry in front(tmp_path / "here")["preload_from_hub"])
    assert list(entries) == [MODELS["2rf"].source, "CompVis/stable-diffusion-safety-checker", "madebyollin/taesd"]
    files = entries[MODELS["2rf"].source].split(",")
    assert {"model_index.json", "unet/config.json", "safety_checker/model.fp16.safetensors"} <= set(files)
    assert "v1-5-pruned.ckpt" not in files
    assert all((repository / name).is_file() for name in files)
    assert entries["madebyollin/taesd"].split(",") == [
        "config.json",
        "diffusion_pytorch_model.safetensors",
        "model_index.json",
    ]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--preload", "sd-mini"], "“sd-mini” is not a model that can be preloaded: choose from instaflow-0.9b, 2rf"),
        (["--preload", "text2im"], "“text2im” is not a model that can be preloaded"),
        (
            ["--preload", "2rf", "--for", "docker"],
            "--preload is for Spaces that Hugging Face builds without",
        ),
    ],
)
def test_what_cannot_be_preloaded_is_a_sentence(tmp_path: Path, flags: list[str], said: str) -> None:
    done = started(tmp_path, "space", "--to", "here", *flags)
    assert (done.returncode, said in done.stderr) == (2, True)
    assert not (tmp_path / "here").exists()
