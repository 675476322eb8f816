"""Saved images: whole or not at all, never over another file, never too many, and enough in each to make it again."""

import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conditions import Condition, mounted
from PIL import Image
from served import ROOT

from instaflow_demo import gallery as module
from instaflow_demo.errors import StorageFull
from instaflow_demo.events import ImageReady
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.measure import Timing

SAVE_MANY = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from test_gallery import ready
from instaflow_demo.gallery import Gallery
for seed in range(int(sys.argv[2])):
    print(Gallery(Path(sys.argv[1])).save(ready(seed), {"seed": seed}).name, flush=True)
"""

DIE_WRITING = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from test_gallery import die_writing
die_writing(Path(sys.argv[1]))
"""


def ready(seed: int = 0, size: int = 64) -> ImageReady:
    image = Image.effect_noise((size, size), 50).convert("RGB")
    return ImageReady("sd-mini", 0, seed, image, Timing(1, 1, 0.0, 0.0, 0.0, True), sha256="")


class Torn(Image.Image):
    """An image whose process is killed when it has been written in part."""

    def save(self, fp, *_: object, **__: object) -> None:
        fp.write(b"\x89PNG, and no more")
        fp.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def die_writing(folder: Path) -> None:
    Gallery(folder).save(replace(ready(), image=Torn()), {})


def start(folder: Path, count: int, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", SAVE_MANY, str(folder), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("prompt", ["a dog", "um cão", "犬 🐕‍🦺", 'say "hi" \\ <b>', "line\nbreak", "x" * 500])
def test_metadata_comes_back_as_it_was(tmp_path: Path, prompt: str) -> None:
    event = ready()
    path = Gallery(tmp_path).save(event, {"prompt": prompt, "seed": 2**32 - 1, "guidance": 1.5})
    read = read_metadata(path)
    assert (read["prompt"], read["seed"], read["guidance"]) == (prompt, 2**32 - 1, 1.5)
    assert Image.open(path).tobytes() == event.image.tobytes()
    assert read["note"] == "AI generated"


def test_other_tools_can_read_the_prompt_and_the_settings(tmp_path: Path) -> None:
    path = Gallery(tmp_path).save(ready(), {"prompt": "um cão", "negative_prompt": "blue", "steps": 7, "size": 256})
    with Image.open(path) as image:
        prompt, negative, settings = image.info["parameters"].split("\n")
    assert (prompt, negative) == ("um cão", "Negative prompt: blue")
    assert {"Steps: 7", "Size: 256x256"} <= set(settings.split(", "))


def test_the_folder_is_the_owner_s_alone(tmp_path: Path) -> None:
    assert Gallery(tmp_path / "new").save(ready(), {}).parent.stat().st_mode & 0o077 == 0


def test_other_images_have_no_metadata(tmp_path: Path) -> None:
    ready().image.save(tmp_path / "plain.png")
    ready().image.save(tmp_path / "plain.jpg")
    assert read_metadata(tmp_path / "plain.png") == read_metadata(tmp_path / "plain.jpg") == {}


def test_two_processes_never_take_the_same_name(tmp_path: Path) -> None:
    both = [start(tmp_path, 40) for _ in range(2)]
    names = [name for process in both for name in process.communicate(timeout=240)[0].split()]
    assert len(names) == len(set(names)) == 80
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def no_hard_links(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_is_taken_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Names meet once in four billion microseconds, so let the random part be used up again and again."""
    drawn = iter(["a", "same", "b", "same", "other"])
    monkeypatch.setattr(module.secrets, "token_hex", lambda _: next(drawn))
    monkeypatch.setattr(module, "datetime", type("Still", (), {"now": lambda _: datetime(2026, 1, 1, tzinfo=UTC)}))
    if not links:
        monkeypatch.setattr("os.link", no_hard_links)
    paths = [Gallery(tmp_path).save(ready(seed), {"seed": seed}) for seed in (1, 2)]
    assert [read_metadata(path)["seed"] for path in paths] == [1, 2]
    assert set(tmp_path.iterdir()) == set(paths)


def test_a_process_killed_in_the_middle_of_a_file_leaves_no_image(tmp_path: Path) -> None:
    process = subprocess.run([sys.executable, "-c", DIE_WRITING, str(tmp_path)], cwd=ROOT, check=False, timeout=240)
    assert process.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("*.png")) == []


def test_the_oldest_images_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("mine.png", "notes.txt", "20260101-holiday.png"):
        (tmp_path / name).write_bytes(b"not ours")
    gallery = Gallery(tmp_path, max_images=3)
    paths = [gallery.save(ready(seed), {}) for seed in range(5)]
    assert [path.exists() for path in paths] == [False, False, True, True, True]
    assert len(list(tmp_path.iterdir())) == 3 + 3


def test_what_a_crash_left_is_swept_away_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".partial-0123").write_bytes(b"half")
    gallery = Gallery(tmp_path)
    gallery.save(ready(), {})
    assert (tmp_path / ".partial-0123").exists()  # another process may be writing it now
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 7200)
    gallery.save(ready(), {})
    assert not (tmp_path / ".partial-0123").exists()


def limit_file_size() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of a file fails a write as a full disk does, in its middle."""
    process = start(tmp_path, 1, preexec_fn=limit_file_size, stderr=subprocess.PIPE)
    errors = process.communicate(timeout=240)[1]
    assert process.returncode == 1
    assert "StorageFull: The image could not be saved in" in errors
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFull, match="choose another folder"):
        Gallery(tmp_path / "file" / "images").save(ready(), {})


def test_a_kept_image_is_the_file_that_was_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the byte, and without encoding it again; the shown file may go."""
    shown, kept = Gallery(tmp_path / "shown"), Gallery(tmp_path / "kept", max_images=2)
    event = ready()
    event = replace(event, path=shown.save(event, {"seed": 7}))
    assert event.path
    content = event.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(module, "encode_png", lambda *_: pytest.fail("it is encoded again"))
        paths = [kept.keep(event) for _ in range(3)]
    event.path.unlink()
    assert [path.exists() for path in paths] == [False, True, True]
    assert [path.read_bytes() for path in paths[1:]] == [content, content]
    assert event.path.name not in {path.name for path in paths}


def test_an_image_without_a_file_is_kept_with_its_metadata(tmp_path: Path) -> None:
    path = Gallery(tmp_path).keep(replace(ready(), metadata={"seed": 7}))
    assert read_metadata(path)["seed"] == 7


def test_an_image_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    event = replace(ready(), path=tmp_path / "gone.png")
    with pytest.raises(StorageFull, match="could not be saved in"):
        Gallery(tmp_path / "kept").keep(event)
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_disk_without_hard_links_that_is_full_is_left_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", no_hard_links)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageFull):
        Gallery(tmp_path).save(ready(), {})
    assert list(tmp_path.iterdir()) == []


FILL = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from test_gallery import ready
from instaflow_demo.errors import StorageFull
from instaflow_demo.gallery import Gallery, read_metadata
for folder in map(Path, sys.argv[1:]):
    before = set(folder.iterdir()) if folder.is_dir() else set()
    try:
        for seed in range(1000):
            Gallery(folder, remedy="set THIS").save(ready(seed), {"seed": seed})
    except StorageFull as error:
        print(error)
    for image in set(folder.iterdir()) - before if folder.is_dir() else ():
        assert "seed" in read_metadata(image)
"""


@pytest.mark.parametrize(
    ("options", "then", "why"),
    [
        ("size=200k", "true", "No space left on device"),
        ("size=1m,nr_inodes=4", "true", "No space left on device"),
        ("size=1m,ro", "true", "Read-only file system"),
        ("size=1m", "touch images", "Not a directory"),
    ],
)
def test_a_folder_that_takes_no_more_is_named_and_holds_whole_images_only(
    tmp_path: Path, options: str, then: str, why: str
) -> None:
    disk = tmp_path / "disk"
    condition = Condition(mounted(disk, options, then)).or_skip()
    places = [str(disk / "images"), str(disk / "images" / "deeper")]
    command = [*condition.prefix, sys.executable, "-c", FILL, *places]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    for place, line in zip(places, done.stdout.splitlines(), strict=True):
        assert line.startswith(f"The image could not be saved in {place} (")
        assert line.endswith("): free some space or set THIS.")
    assert why in done.stdout


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "images")
    gallery.save(ready(), {}).unlink()
    gallery.folder.rmdir()
    assert gallery.save(ready(), {}).is_file()


@pytest.mark.parametrize("name", ["x" * 300, "/".join(["y" * 200] * 30)])
def test_a_name_that_is_too_long_is_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageFull, match="File name too long"):
        Gallery(tmp_path / name).save(ready(), {})
