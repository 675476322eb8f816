"""The command line: the same service as the page, without a browser."""

from .cli.commands import main

if __name__ == "__main__":
    main()
