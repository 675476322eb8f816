"""`python -m tests.soak`: see command.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # where pytest finds what tests share

if __name__ == "__main__":
    from soak.command import main

    sys.exit(main())
