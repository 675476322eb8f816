"""The folder that a Hugging Face Space, or a server with Docker, builds the page from: written, checked, pushed."""

from .checks import Report, check
from .folder import write
from .hosts import HOSTS, PYTHON, Host
from .preload import list_preloads
from .push import push

__all__ = ["HOSTS", "PYTHON", "Host", "Report", "check", "list_preloads", "push", "write"]
