"""How the page looks: gradio's default theme with enough contrast for everyone (WCAG AA), light and dark."""

# gradio's themes are public, and not exported by its types
# pyright: reportPrivateImportUsage=false

from pathlib import Path

import gradio as gr
from gradio.themes.utils import fonts

STYLE = Path(__file__).with_name("style.css")


def build_theme() -> gr.themes.Base:
    """Fonts come with gradio, so the page asks no other host for anything; its semi-bold files lack most letters."""
    red = {"background_fill": "#b91c1c", "background_fill_hover": "#991b1b", "text_color": "#ffffff"}
    orange = {"background_fill": "#c2410c", "background_fill_hover": "#9a3412", "text_color": "#ffffff"}
    buttons = {
        f"button_{kind}_{name}{mode}": value
        for kind, colours in (("primary", orange), ("cancel", red))
        for name, value in colours.items()
        for mode in ("", "_dark")
    }
    return gr.themes.Default(
        primary_hue="orange",
        neutral_hue="stone",
        radius_size="lg",
        font=(fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"),
    ).set(
        body_text_color_subdued="#57534e",
        body_text_color_subdued_dark="#a8a29e",
        block_info_text_color="#57534e",
        block_info_text_color_dark="#a8a29e",
        block_label_text_color="#44403c",
        block_label_text_color_dark="#d6d3d1",
        block_title_text_color="#44403c",
        block_title_text_color_dark="#d6d3d1",
        checkbox_background_color_selected="#c2410c",
        checkbox_background_color_selected_dark="#c2410c",
        checkbox_border_color_selected="#c2410c",
        checkbox_border_color_selected_dark="#c2410c",
        checkbox_label_background_fill_selected="#fff7ed",
        checkbox_label_background_fill_selected_dark="#3b2115",
        checkbox_label_border_color_selected="#c2410c",
        checkbox_label_border_color_selected_dark="#ea580c",
        checkbox_label_text_color_selected="#1c1917",
        checkbox_label_text_color_selected_dark="#f5f5f4",
        slider_color="#c2410c",
        slider_color_dark="#ea580c",
        **buttons,
    )
