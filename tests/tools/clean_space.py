"""Serve a Space's folder from a new virtual environment that has nothing but its requirements; takes minutes.

    python -m instaflow_demo space --to my-space --for docker
    PYTHONPATH=.:tests python tests/tools/clean_space.py my-space

Prints how long installing took, how large it is, and when the page and an image were there.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

from served import free_port

DRAW = """
import json, sys
from gradio_client import Client
run = Client(sys.argv[1], verbose=False).predict("A big dog", seed=7, api_name="/generate")
print(json.dumps([run["results"][0]["model"], len(run["results"][0]["images"][0]["image"])]))
"""


def main() -> None:
    space = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="clean-space-") as place:
        python = str(install(space, Path(place, "venv")))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        served = {"HOME": place, "TMPDIR": place, "SPACE_ID": "me/demo", "GRADIO_SERVER_PORT": str(port)}
        begin = time.monotonic()
        with subprocess.Popen([python, "app.py"], cwd=space, env=bare(served)) as app:
            try:
                wait(url, app)
                told(f"page after {time.monotonic() - begin:.1f} s")
                begin = time.monotonic()
                done = subprocess.run([python, "-c", DRAW, url], env=bare({}), capture_output=True, check=True)
                model, characters = json.loads(done.stdout)
                told(f"{model} drew {characters} characters of PNG, {time.monotonic() - begin:.1f} s after the page")
            finally:
                app.terminate()


def install(space: Path, folder: Path) -> Path:
    """The interpreter of a new environment with the requirements of the folder."""
    begin = time.monotonic()
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "--no-compile", "-r", space / "requirements.txt"]
    subprocess.run(command, check=True)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    told(f"installed in {time.monotonic() - begin:.0f} s, {size / 1e6:.0f} MB")
    return python


def bare(settings: dict[str, str]) -> dict[str, str]:
    """This environment without what could lead to other modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | settings


def wait(url: str, app: subprocess.Popen) -> None:
    while app.poll() is None:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30):
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("The app ended before its page was there.")


def told(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
