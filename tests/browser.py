"""System Chromium for the tests of pages: started offline, driven over its DevTools protocol, one tab at a time.

Nothing but the browser itself is needed: the protocol is JSON over a local socket. `make test` brings it where packages
can be installed. Where it is missing the tests are skipped and the summary says so in capitals with the remedy; where
it could have been installed (root in CI) they fail.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from websockets.sync.client import ClientConnection, connect

REMEDY = "{} is missing: as root, `apt-get install {}`"
#: Begins the reason of a skipped test, so that the summary finds it.
SKIPPED = "NOT TESTED"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--remote-debugging-port=0", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
_SECONDS = 60


def executable() -> str:
    """The path of Chromium. Where there is none the test is skipped, or fails, with the remedy."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None) or missing("Chromium", "chromium")


def program(name: str, package: str) -> str:
    """The path of another program that a test drives; as `executable`."""
    return shutil.which(name) or missing(name, package)


def missing(what: str, package: str) -> NoReturn:
    """Skip the test; fail it where CI runs as root, because there the program could have been installed."""
    remedy = REMEDY.format(what, f"{package} fonts-noto-cjk" if package == "chromium" else package)
    if os.environ.get("CI") == "true" and os.geteuid() == 0:
        pytest.fail(remedy)
    pytest.skip(f"{SKIPPED}: {remedy}")


@contextmanager
def chromium() -> Iterator[Tab]:
    """A tab of a browser that cannot reach any network. Browser and profile are gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [executable(), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_endpoint(Path(profile), process), max_size=None) as socket:
                yield Tab(socket)
        finally:
            process.terminate()
            process.wait(timeout=_SECONDS)


def _endpoint(profile: Path, process: subprocess.Popen) -> str:
    """The browser's own socket, which it names in its profile once it listens."""
    named = profile / "DevToolsActivePort"
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        lines = named.read_text().split() if named.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise AssertionError(f"Chromium did not start (exit code {process.poll()})")


class Tab:
    """One tab. `requests` and `messages` are what the current page asked for and what its console said."""

    def __init__(self, socket: ClientConnection):
        self._socket, self._next, self._session = socket, 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.requests: list[str] = []
        self.messages: list[str] = []
        self._loaded = False
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> dict:
        """One command of the protocol and its result. Raises AssertionError when the browser refuses it."""
        self._next += 1
        message = {"id": self._next, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=_SECONDS))
            if answer.get("id") == self._next:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict) -> None:
        said = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])
            case "Runtime.exceptionThrown":
                self.messages.append(str(said["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "warning"):
                self.messages.append(str(said["args"]))
            case "Log.entryAdded" if said["entry"]["level"] in ("error", "warning"):
                self.messages.append(said["entry"]["text"])
            case "Page.loadEventFired":
                self._loaded = True

    def open(self, path: Path, width: int = 1280, height: int = 900, javascript: bool = True) -> None:
        """Show a file and wait until it has loaded."""
        mobile = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setScriptExecutionDisabled", value=not javascript)
        self._go(lambda: self.call("Page.navigate", url=path.resolve().as_uri()))

    def follow(self, selector: str) -> None:
        """Click the first link that the selector finds and wait for its page."""
        self._go(lambda: self.run(f"document.querySelector(`{selector}`).click()"))

    def _go(self, leave: Callable[[], object]) -> None:
        self.requests, self.messages, self._loaded = [], [], False
        leave()
        deadline = time.monotonic() + _SECONDS
        while not self._loaded:
            assert time.monotonic() < deadline, "the page did not load"
            self._note(json.loads(self._socket.recv(timeout=_SECONDS)))

    def run(self, expression: str) -> object:
        """The value of a JavaScript expression (awaited), run from outside: the page's policy does not forbid it."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release one key: Tab, Enter or Space."""
        codes = {"Tab": 9, "Enter": 13, "Space": 32}
        text = {"Enter": "\r", "Space": " "}.get(key, "")
        name = " " if key == "Space" else key
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=name, code=key, windowsVirtualKeyCode=codes[key], text=text
            )

    def pdf(self) -> bytes:
        """The page as it prints, on the paper that its own style asks for."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
