"""What must not be in a log at its default level: what visitors ask for, and tokens. Real runs, and one that fails."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from served import App, running_app
from terminal import demo

PROMPT, AVOIDED = "a quokka named Zebedee", "Thermopylae"
TOKEN, KEY = "hf_" + "q" * 34, "api-key-7731"
SECRETS = (PROMPT, "Zebedee", AVOIDED, TOKEN, KEY)


def asked(app: App, **changes: Any) -> str:
    """What the page's API answers, to the end of the run."""
    config = json.loads(app.get("/config")[1])
    function = next(each for each in config["dependencies"] if each["api_name"] == "page")
    parts = {part["id"]: part["props"] for part in config["components"]}
    data = [changes.get(parts[i].get("elem_id", ""), parts[i].get("value")) for i in function["inputs"]]
    status, text = app.post("/gradio_api/call/page", {"data": data})
    if status != 200:
        return text
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{app.url}/gradio_api/call/page/{json.loads(text)['event_id']}", timeout=200) as answer:
        return answer.read().decode()


def test_the_app_s_log_holds_no_prompt_and_no_token(tmp_path: Path) -> None:
    with running_app(tmp_path, "--models", "instaflow-mini,2rf", HF_TOKEN=TOKEN, OPENAI_API_KEY=KEY) as app:
        made = asked(app, prompt=PROMPT, negative=AVOIDED, models=["instaflow-mini"])
        assert "seed" in made.lower() and "complete" in made
        assert "2rf" in asked(app, prompt=PROMPT, negative=AVOIDED, models=["2rf"]).lower(), "not on this machine"
        asked(app, prompt=PROMPT * 40, models=["instaflow-mini"])
        app.get(f"/gradio_api/file=/etc/{AVOIDED}?token={TOKEN}")
        app.post("/gradio_api/call/page", {"data": [PROMPT, TOKEN]})
        app.post("/gradio_api/queue/join", f'{{"data": ["{PROMPT}", NaN'.encode())
    log = (tmp_path / "app.log").read_text(errors="replace")
    assert "The page is at" in log
    assert [secret for secret in SECRETS if secret in log] == []


def test_the_command_line_s_errors_hold_no_prompt_and_no_token(tmp_path: Path) -> None:
    for model in ("instaflow-mini", "2rf"):  # which is not on this machine
        command = ["generate", PROMPT, "--negative-prompt", AVOIDED, "--no-save", "--model", model]
        done = demo(tmp_path, *command, HF_TOKEN=TOKEN, OPENAI_API_KEY=KEY)
        assert done.returncode == (0 if model == "instaflow-mini" else 1)
        assert [secret for secret in SECRETS if secret in done.stderr] == []
