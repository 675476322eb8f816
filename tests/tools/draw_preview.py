"""Draw assets/preview.jpg, the picture that messengers show of a link to the page: the stored run, in a browser.

python tests/tools/draw_preview.py
"""

import base64
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from chromium import headless

from instaflow_demo.registry import DEFAULT_MODELS, MODELS
from instaflow_demo.results.stored_run import FOLDER, StoredImage, load_stored_run
from instaflow_demo.ui.html.hero import hero_html
from instaflow_demo.ui.link_preview import PICTURE
from instaflow_demo.ui.text import format_seconds

STYLE = """
body { margin: 0; background: #0f0e0d; color: #fafaf9; font-family: sans-serif; }
.hero { display: flex; align-items: center; gap: 32px; padding: 34px 48px 20px; }
h1 { font-size: 52px; margin: 0; white-space: nowrap; }
h1 em { font-style: normal; color: #fb923c; } svg { height: 76px; } .dot { fill: #a8a29e; } .curve { stroke: #a8a29e; }
.straight { stroke: #fb923c; } .head { fill: #fb923c; }
main { display: flex; gap: 36px; padding: 0 48px; } figure { margin: 0; } img { width: 344px; border-radius: 20px; }
figcaption { font-size: 25px; padding-top: 12px; } b { font-size: 33px; }"""


def main() -> None:
    stored = load_stored_run(FOLDER / "en", DEFAULT_MODELS)
    if stored is None:
        raise SystemExit("There is no stored run: run tests/tools/store_first_run.py first.")
    figures = "".join(figure(image) for image in stored.images)
    with headless() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(f"<style>{STYLE}</style>{hero_html('en')}<main>{figures}</main>")
        page.screenshot(path=PICTURE, type="jpeg", quality=88)


def figure(image: StoredImage) -> str:
    picture = base64.b64encode(image.path.read_bytes()).decode()
    steps = image.measurement.steps
    return (
        f'<figure><img src="data:image/webp;base64,{picture}"><figcaption>{MODELS[image.model].title}<br>'
        f"<b>{format_seconds('en', image.measurement.seconds_per_image)}</b> · {steps} step{'s' * (steps > 1)}"
        "</figcaption></figure>"
    )


if __name__ == "__main__":
    main()
