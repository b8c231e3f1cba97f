"""Resolve the dependencies anew and write uv.lock without any index address.

uv records where each file was downloaded. Those addresses belong to the machine that resolved, not to the project,
so only file names, sizes and hashes are kept; `scripts/setup.sh` installs by name, version and hash.
"""

import re
import subprocess
import sys
from pathlib import Path

lock = Path(__file__).parents[1] / "uv.lock"
lock.unlink(missing_ok=True)  # a lock without addresses cannot be extended, only made anew
subprocess.run(
    [Path(sys.executable).with_name("uv"), "lock", "--quiet", "--no-config", *sys.argv[1:]], check=True, cwd=lock.parent
)
text = lock.read_text()
text = re.sub(r'registry = "[a-z]+://[^"]+"', 'registry = "packages"', text)
text = re.sub(r'url = "[a-z]+://[^"]*/([^"/]+)"', r'path = "\1"', text)
assert "://" not in text, "an address is left in uv.lock"
lock.write_text(text)
