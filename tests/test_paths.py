"""Paths as people write them are understood wherever one is given, or a sentence says what was named and what to do."""

import getpass
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file
from small_sd import save_published
from terminal import demo

from instaflow_demo.errors import InvalidRequest, ModelUnavailable
from instaflow_demo.machine import paths
from instaflow_demo.machine.paths import parse_path
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.locate import Weights, parse_folders

MODEL = MODELS["sd-1.5"]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9000000\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_published(tmp_path_factory.mktemp("published") / "my models" / "sd 15")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODELS", str(tmp_path / "models"))
    return tmp_path


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/sd15", "{home}/sd15"),
        ("~", "{home}"),
        ("'~/sd15/'", "{home}/sd15"),
        (' "/models/sd 15" ', "/models/sd 15"),
        ("“/models/sd15”", "/models/sd15"),
        ("‘/models/sd15’", "/models/sd15"),
        ("„/models/sd15“", "/models/sd15"),
        ("«/models/sd15»", "/models/sd15"),
        ("`/models/sd15`", "/models/sd15"),
        ("\ufeff\u202a/models/sd15\u202c\xa0", "/models/sd15"),
        ("/models/sd15///", "/models/sd15"),
        ("models/sd15", "models/sd15"),
        ("file:///models/my%20sd", "/models/my sd"),
        ("file://localhost/models/sd15", "/models/sd15"),
        ("FILE:/models/sd15", "/models/sd15"),
        ("$HOME/sd15", "{home}/sd15"),
        ("${MODELS}/sd15", "{home}/models/sd15"),
        ("$NO_SUCH_VARIABLE/sd15", "$NO_SUCH_VARIABLE/sd15"),
        ('/models/"quoted', '/models/"quoted'),
    ],
)
def test_a_path_is_what_its_writer_means(home: Path, written: str, meant: str) -> None:
    assert parse_path(written) == Path(meant.format(home=home))
    assert parse_path(Path(meant.format(home=home))) == Path(meant.format(home=home))


def test_a_user_s_folder_is_known_by_name() -> None:
    user = getpass.getuser()
    assert parse_path(f"~{user}/sd15") == Path(f"~{user}").expanduser() / "sd15"
    assert parse_path("~nobody-of-that-name/sd15") == Path("~nobody-of-that-name/sd15")


@pytest.mark.parametrize("name", ["$HOME", "a\\ b", "100%", "“x", "file"])
def test_what_is_there_under_that_very_name_is_meant(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert parse_path(f"{tmp_path}/{name}") == tmp_path / name


def test_what_a_shell_or_a_dropped_file_escapes_is_understood(tmp_path: Path) -> None:
    (tmp_path / "my models (old)").mkdir()
    assert parse_path(f"{tmp_path}/my\\ models\\ \\(old\\)") == tmp_path / "my models (old)"
    assert parse_path("C:\\models\\sd15") == Path("C:\\models\\sd15")


@pytest.mark.parametrize("long", ["x" * 5000, "/".join(["y" * 200] * 50), "zero\0byte"])
def test_no_text_is_too_odd_to_ask_for(long: str) -> None:
    path = parse_path(long)
    assert not paths.exists(path)
    assert not paths.is_folder(path)
    assert paths.absence(path)


# ---------------------------------------------------------------- a model's folder


def itself(folder: Path) -> Path:
    return folder


def hub_repository(folder: Path) -> Path:
    repository = folder.with_name("models--someone--sd")
    if not repository.exists():
        for commit in ("a" * 40, "b" * 40):
            shutil.copytree(folder, repository / "snapshots" / commit)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text("b" * 40 + "\n")
    return repository


def hub_of_one(folder: Path) -> Path:
    repository = folder.parent / "one" / "models--someone--other"
    shutil.copytree(folder, repository / "snapshots" / ("c" * 40), dirs_exist_ok=True)
    return repository


def hub_cache(folder: Path) -> Path:
    repository = folder.parent / "hf" / "hub" / f"models--{MODEL.source.replace('/', '--')}"
    shutil.copytree(folder, repository / "snapshots" / ("d" * 40), dirs_exist_ok=True)
    (repository.parent / "models--other--one/snapshots").mkdir(parents=True, exist_ok=True)
    return repository.parent.parent


def one_above(folder: Path) -> Path:
    shutil.copytree(folder, folder.parent / "unpacked" / "sd", dirs_exist_ok=True)
    return folder.parent / "unpacked"


UNDERSTOOD: list[Callable[[Path], Path]] = [
    itself,
    lambda folder: folder / "unet",
    lambda folder: folder / "text_encoder",
    lambda folder: folder / "model_index.json",
    lambda folder: folder / "unet/config.json",
    lambda folder: folder / "vae/diffusion_pytorch_model.safetensors",
    hub_repository,
    lambda folder: hub_repository(folder) / "snapshots",
    hub_of_one,
    hub_cache,
    lambda folder: hub_cache(folder) / "hub",
    one_above,
]


@pytest.mark.parametrize("named", UNDERSTOOD)
def test_the_folder_that_is_meant_is_found(published: Path, named: Callable[[Path], Path]) -> None:
    named_path = named(published)
    found = parse_folders([f'sd-1.5="{named_path}"'])["sd-1.5"]
    weights = Weights()
    weights.use_folder("sd-1.5", f" {named_path}/ ")
    files = weights.locate(MODEL)
    assert files.root == found
    assert {"unet", "vae", "tokenizer"} <= {path.name for path in found.iterdir()}
    if "snapshots" in found.parts:
        assert files.commit == found.name
        assert found.name != "a" * 40  # what “main” stands for, and not the first


def written(name: str, content: bytes | str = b"weights") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def two(folder: Path) -> Path:
    for name in ("first/unet", "second/vae"):
        (folder / name).mkdir(parents=True)
    return folder


def hub_of_two(folder: Path) -> Path:
    for commit in "ab":
        (folder / "models--a--b/snapshots" / (commit * 40) / "unet").mkdir(parents=True)
    return folder / "models--a--b"


def hub_of_none(folder: Path) -> Path:
    (folder / "models--a--b/snapshots").mkdir(parents=True)
    return folder / "models--a--b"


def one_network(folder: Path) -> Path:
    written("config.json", "{}")(folder)
    return written("diffusion_pytorch_model.safetensors")(folder).parent


REFUSED: list[tuple[Callable[[Path], Path], tuple[str, ...]]] = [
    (lambda folder: folder / "none", ("cannot be found (No such file or directory)", "name a folder that exists")),
    (lambda folder: folder / ("x" * 300), ("cannot be found (File name too long)",)),
    (written("dreamshaper_8.safetensors"), ("single file", "from_single_file", "--lora")),
    (written("v1-5-pruned.ckpt"), ("single file", "save_pretrained")),
    (lambda folder: written("loose/v1-5.safetensors")(folder).parent, ("v1-5.safetensors is a single file",)),
    (written("model.safetensors", POINTER), ("pointer of Git LFS", "git lfs pull")),
    (written("sd15.zip"), ("is an archive", "unpack it")),
    (written("sd15.tar.gz"), ("is an archive",)),
    (written("notes.txt"), ("is a file", "name the folder that has tokenizer")),
    (one_network, ("holds one network", "name the folder that it is a part of")),
    (two, ("holds several checkpoints (first, second)",)),
    (hub_of_two, ("several revisions", "“snapshots”")),
    (hub_of_none, ("holds no files", "download the model again")),
]


@pytest.mark.parametrize(("named", "said"), REFUSED)
def test_what_cannot_be_meant_is_a_sentence(
    tmp_path: Path, named: Callable[[Path], Path], said: tuple[str, ...]
) -> None:
    """The same on the command line, in the variable, on the page and for a fine-tune."""
    path = named(tmp_path)
    with pytest.raises(InvalidRequest) as given:
        parse_folders([f"sd-1.5={path}"])
    with pytest.raises(ModelUnavailable) as used:
        Weights().use_folder("sd-1.5", str(path))
    with pytest.raises(ModelUnavailable) as merged:
        Weights().locate_delta(MODELS["instaflow-0.9b"], str(path))
    for caught in (given, used, merged):
        for words in said:
            assert words in str(caught.value)
        assert str(caught.value).endswith(".")


def test_a_refiner_in_one_file_is_converted_as_what_it_is(tmp_path: Path) -> None:
    path = written("refiner.safetensors")(tmp_path)
    with pytest.raises(InvalidRequest, match="StableDiffusionXLImg2ImgPipeline"):
        parse_folders([f"{REFINER.id}={path}"])


def test_glide_as_it_was_published_is_told_how_it_is_converted(tmp_path: Path) -> None:
    base = written("base.pt")(tmp_path)
    for path in (tmp_path, base):
        with pytest.raises(ModelUnavailable, match=f"convert-glide {base}"):
            Weights().use_folder("text2im", str(path))


@pytest.mark.parametrize(
    "text",
    [
        "sd-1.5={0} 2rf={1}",
        "sd-1.5='{0}' 2rf=“{1}”",
        '"sd-1.5={0}" "2rf={1}"',
        "sd-1.5={0}\n  2rf={1}/\n",
        "sd-1.5={0}; 2rf={1}",
        "sd-1.5={0}:2rf={1}",
        "sd-1.5 = {0} , 2rf = {1}",
    ],
)
def test_the_variable_holds_several_folders_with_blanks_in_them(
    published: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("INSTAFLOW_DEMO_MODEL_DIRS", text.format(published, one_above(published)))
    assert parse_folders() == {"sd-1.5": published, "2rf": one_above(published) / "sd"}
    assert parse_folders(["sd-1.4=" + str(published)]) == {"sd-1.4": published}


@pytest.mark.parametrize("text", ["/models/sd15", "sd-9=/models/sd15", "sd-1.5=", "=/models"])
def test_a_value_that_names_no_model_is_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("INSTAFLOW_DEMO_MODEL_DIRS", text)
    with pytest.raises(InvalidRequest, match="is not like ID=FOLDER"):
        parse_folders()


# ---------------------------------------------------------------- other paths


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    folder = tmp_path / "my loras"
    folder.mkdir()
    save_file({}, folder / "ink.safetensors")
    return folder / "ink.safetensors"


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("{0}", 1.0),
        ("{0}:0.8", 0.8),
        ("'{0}:0.8'", 0.8),
        ("“{0}”:0.5", 0.5),
        (" {0} : -1 ", -1.0),
        ("file://{0}", 1.0),
        ("{0}/..", 1.0),
        ("{1}", 1.0),
        ("{1}:2", 2.0),
    ],
)
def test_a_lora_file_is_named_as_other_paths_are(lora: Path, text: str, scale: float) -> None:
    request = GenerationRequest.parse("a dog", "sd-1.5", loras=[text.format(lora, lora.parent).replace("/..", "")])
    assert [(each.path, each.scale) for each in request.loras] == [(lora, scale)]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (lambda folder: folder / "none.safetensors", "There is no safetensors file"),
        (written("old.pt"), "is a PyTorch file, in which code can hide"),
        (written("old.txt"), "There is no safetensors file"),
        (itself, "holds no safetensors file"),
    ],
)
def test_a_lora_file_that_is_none_is_a_sentence(tmp_path: Path, named: Callable[[Path], Path], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        GenerationRequest.parse("a dog", "sd-1.5", loras=[str(named(tmp_path))])


def test_every_option_of_the_command_line_takes_such_paths(tmp_path: Path, published: Path) -> None:
    """Quotes that no shell has taken off, a file:// address and a tilde, and a variable with blanks in its folders."""
    (tmp_path / "results").mkdir()
    listed = demo(
        tmp_path, "models", "--json", f"file://{tmp_path}/results/a%20b.json", "--model-dir", f"2rf='{published}'"
    )
    assert listed.returncode == 0, listed.stderr
    assert str(published).replace(" ", "") in listed.stdout.replace(" ", "")
    assert (tmp_path / "results/a b.json").is_file()
    drawn = demo(
        tmp_path, "generate", "a dog", "--out", f' "{tmp_path}/results/of mine" ', "--json", "'results/r.json'"
    )
    assert drawn.returncode == 0, drawn.stderr
    assert len(list((tmp_path / "results/of mine").glob("*.png"))) == 1
    assert (tmp_path / "results/r.json").is_file()
    beside = demo(tmp_path, "benchmark", "--compare", "“results/r.json”", "--repeats", "1")
    assert "cannot be read" not in beside.stderr  # it was found, and is of something else
    assert beside.returncode == 2
