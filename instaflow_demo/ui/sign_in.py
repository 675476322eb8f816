"""Signing in with Hugging Face, which a Space may offer: whoever does is one visitor, wherever they come from."""

import gradio as gr
from gradio import oauth
from markupsafe import Markup

from .listeners import QUIET
from .text import TEXTS, Language, requested_language

_IN, _OUT = "/login/huggingface?_target_url=/", "/logout?_target_url=/"


def build_sign_in(page: gr.Blocks) -> None:
    """Add the link that signs in, or out. Gradio's button has one language, and takes any other for a name."""
    page.load(_greet, None, gr.HTML("", elem_id="sign-in"), **QUIET)


def _greet(request: gr.Request) -> str:
    return sign_in_html(find_user(request), requested_language(request.headers))


def find_user(request: gr.Request) -> str:
    """The name of whoever has signed in; empty for others."""
    signed = oauth._get_valid_oauth_info_from_session(getattr(request, "session", None) or {})
    return str((signed or {}).get("userinfo", {}).get("preferred_username", ""))


def sign_in_html(user: str, language: Language) -> Markup:
    """Who is signed in, and the way out or in."""
    words = TEXTS[language]
    if user:
        return Markup('<p class="note">{} · <a href="{}">{}</a></p>').format(user, _OUT, words["sign_out"])
    return Markup('<p class="note"><a href="{}">{}</a></p>').format(_IN, words["sign_in"])
