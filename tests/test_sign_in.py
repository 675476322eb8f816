"""Signing in with Hugging Face, with a stand-in of its server on loopback."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from served import App, running_app

from instaflow_demo.ui.sign_in import sign_in_html
from instaflow_demo.ui.text import LANGUAGES, TEXTS

FLAGS = ("--offline", "--models", "instaflow-mini")
SPACE = {"SPACE_ID": "a/b", "SYSTEM": "spaces", "SPACE_HOST": "a-b.hf.space"}


class Provider(BaseHTTPRequestHandler):
    """What Hugging Face tells of its addresses."""

    def do_GET(self) -> None:
        here = f"http://127.0.0.1:{self.server.server_address[1]}"
        names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
        told = json.dumps({"issuer": here} | {name: f"{here}/{name}" for name in names}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@contextmanager
def provider() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser that does not follow."""

    def redirect_request(self, *_: object) -> None:
        return None


def sent_to(app: App, path: str) -> str:
    """Where a request is sent on to."""
    try:
        urllib.request.build_opener(Stay).open(app.url + path, timeout=60)
    except urllib.error.HTTPError as error:
        return error.headers["location"] or ""
    return ""


def parts(app: App) -> set[str]:
    return {part["props"].get("elem_id", "") for part in json.loads(app.get("/config")[1])["components"]}


def test_a_space_that_offers_it_sends_visitors_to_hugging_face(tmp_path: Path) -> None:
    pytest.importorskip("authlib")
    pytest.importorskip("itsdangerous")
    with provider() as there:
        given = {"OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "quiet-secret", "OAUTH_SCOPES": "openid profile"}
        with running_app(tmp_path, *FLAGS, **SPACE, **given, OPENID_PROVIDER_URL=there) as app:
            assert "sign-in" in parts(app)
            target = urllib.parse.urlsplit(sent_to(app, "/login/huggingface?_target_url=/"))
            assert f"http://{target.netloc}{target.path}" == f"{there}/authorization_endpoint"
            assert urllib.parse.parse_qs(target.query)["client_id"] == ["id"]
            assert sent_to(app, "/logout").endswith("/")
            assert app.get("/")[0] == 200, "nobody has to"
    assert "quiet-secret" not in (tmp_path / "app.log").read_text(encoding="utf-8")


def test_a_space_that_does_not_offer_it_has_no_link(tmp_path: Path) -> None:
    with running_app(tmp_path, *FLAGS, **SPACE) as app:
        assert "sign-in" not in parts(app)
        assert "public" in parts(app)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_link_is_in_the_visitors_language_and_names_are_text(language: str) -> None:
    assert TEXTS[language]["sign_in"] in sign_in_html("", language)
    signed_in = sign_in_html("<b>ana", language)
    assert "&lt;b&gt;ana" in signed_in
    assert TEXTS[language]["sign_out"] in signed_in
