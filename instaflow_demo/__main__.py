"""`python -m instaflow_demo`: the command line."""

from .cli.commands import app
from .cli.exits import run

if __name__ == "__main__":
    run(app)
