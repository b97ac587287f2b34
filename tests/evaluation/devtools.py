"""A headless Chromium, driven over its own protocol: JSON through a pipe, nothing to install.

https://chromedevtools.github.io/devtools-protocol
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 60
"""Longest wait for an answer."""


def program():
    """The browser's path: $CHROMIUM, or the first known name on the PATH; None where there is
    none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One process and one tab; what its console complains of gathers in `complaints`."""

    def __init__(self, folder):
        at, back = os.pipe(), os.pipe()
        self.ask, self.answer, self.rest, self.number = at[1], back[0], b"", 0
        self.complaints, self.session, self.loaded = [], None, False

        def descriptors():  # Chromium reads from 3 and writes to 4
            ours = os.dup(at[0]), os.dup(back[1])
            ours = [os.dup(each) if each in (3, 4) else each for each in ours]
            os.dup2(ours[0], 3)
            os.dup2(ours[1], 4)

        words = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
        words += ["--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--hide-scrollbars"]
        words += ["--disable-extensions", "--disable-background-networking"]
        words += ["--no-sandbox"] if os.geteuid() == 0 else []
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        self.process = subprocess.Popen(
            [program(), *words, "about:blank"],
            preexec_fn=descriptors,
            close_fds=False,
            stderr=subprocess.DEVNULL,
            **quiet,
        )
        os.close(at[0])
        os.close(back[1])
        targets = self("Target.getTargets")["targetInfos"]
        tab = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method, **parameters):
        """One command and its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.ask, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while (said := self._next(until)).get("id") != self.number:
            pass
        assert "error" not in said, f"{method}: {said['error']}"
        return said["result"]

    def open(self, file, *, width, height, dark=False, phone=False, scale=1):
        """Show a file of this machine, and wait until it is there."""
        self.complaints.clear()
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}
        self("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self("Emulation.setEmulatedMedia", features=[scheme])
        self.loaded, until = False, time.monotonic() + SECONDS
        self("Page.navigate", url=Path(file).resolve().as_uri())
        while not self.loaded:
            self._next(until)

    def run(self, script):
        """The value of a JavaScript expression; a promise is awaited."""
        words = {"awaitPromise": True, "returnByValue": True}
        result = self("Runtime.evaluate", expression=script, **words)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def picture(self, path, *, full=False):
        """A screenshot as PNG, of the window or of the whole page."""
        shot = self("Page.captureScreenshot", captureBeyondViewport=full)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def print(self):
        """The page as the bytes of a PDF."""
        return base64.b64decode(self("Page.printToPDF", printBackground=False)["data"])

    def close(self):
        """End the process."""
        self.process.terminate()
        self.process.wait(SECONDS)
        os.close(self.ask)
        os.close(self.answer)

    def _next(self, until):
        """The next message; complaints and the end of loading are noted on the way."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.answer], [], [], max(0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            found = os.read(self.answer, 1 << 20)
            assert found, "Chromium ended"
            self.rest += found
        one, self.rest = self.rest.split(b"\0", 1)
        said = json.loads(one)
        method, given = said.get("method"), said.get("params", {})
        if method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(given["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(given["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.complaints.append(given["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True
        return said
