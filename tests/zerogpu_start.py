"""Start a program as a ZeroGPU Space does, where torch has no CUDA: `python tests/zerogpu_start.py PYTHON app.py ...`.

In that mode `spaces` cannot be imported beside such a torch. Where it finds none it leaves tensors alone, and all the
rest is what it is on a Space: the call, the fork, the queues and the device API.
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())
    sys.modules["torch"] = None
    import spaces  # noqa: F401

    del sys.modules["torch"]
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
