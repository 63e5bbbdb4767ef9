"""A page in a real browser: headless Chromium, spoken to by its DevTools protocol.

The protocol is at https://chromedevtools.github.io/devtools-protocol/.
"""

import asyncio
import json
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECONDS = 120
LOUD = {"error", "warning", "assert"}


class Page:
    """One page of a browser. console: what it complained about."""

    def __init__(self, runner: asyncio.Runner, socket: Any) -> None:
        self.runner, self.socket = runner, socket
        self.number = 0
        self.console: list[str] = []
        self.opened = 0
        self.loaded: set[str] = set()
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command, and wait for its answer."""
        return self.runner.run(asyncio.wait_for(self._send(method, parameters), SECONDS))

    async def _send(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.number += 1
        await self.socket.write_message(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = await self._next()
            if message.get("id") == self.number:
                assert "error" not in message, (method, message["error"])
                result: dict[str, Any] = message["result"]
                return result

    async def _next(self) -> dict[str, Any]:
        text = await self.socket.read_message()
        assert text is not None, "the browser has ended"
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Page.lifecycleEvent" and told["name"] == "load":
            self.loaded.add(told["loaderId"])
        elif event == "Runtime.exceptionThrown":
            thrown = told["exceptionDetails"]
            self.console.append(thrown.get("exception", thrown).get("description", thrown["text"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] in LOUD:
            self.console.append(told["entry"]["text"])
        elif event == "Runtime.consoleAPICalled" and told["type"] in LOUD:
            self.console.append(" ".join(str(each.get("value", each)) for each in told["args"]))

    def open(self, address: str) -> None:
        """Load a page, and wait until it and its pictures are there."""
        self.opened += 1
        page, mark, fragment = address.partition("#")
        # With a number of its own it is another address, and not another place in the same page.
        loading = self.send("Page.navigate", url=f"{page}?{self.opened}{mark}{fragment}")["loaderId"]
        self.runner.run(asyncio.wait_for(self._until_loaded(loading), SECONDS))
        self.evaluate("typeof ready === 'undefined' || ready.then(() => true)")

    async def _until_loaded(self, loading: str) -> None:
        while loading not in self.loaded:
            await self._next()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, which may be a promise."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a condition of JavaScript holds, and then for what is drawn of it."""
        look = f"{{ ({condition}) ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(look, 20); }}"
        self.evaluate(f"new Promise(done => {{ const look = () => {look}; look(); }})")

    def text(self, selector: str) -> str:
        """The text of an element, as it is shown."""
        found: str = self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")
        return " ".join(found.split())

    def enter(self, selector: str, value: object) -> None:
        """Give a control a value, as a hand does."""
        self.evaluate(
            f"(control => {{ control.value = {json.dumps(str(value))};"
            "for (const event of ['input', 'change']) control.dispatchEvent(new Event(event, {bubbles: true})); })"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    def press(self, selector: str, key: str, times: int = 1) -> None:
        """Press a key in a control."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        code = {"ArrowRight": 39, "ArrowLeft": 37, "Tab": 9, "Enter": 13, " ": 32}[key]
        for _ in range(times):
            text = {"text": "\r"} if key == "Enter" else {}
            self.send("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def click(self, selector: str) -> None:
        """Click an element."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def drag(self, start: tuple[float, float], stop: tuple[float, float], steps: int = 8) -> None:
        """Move the mouse with its button down, from one place of the window to another."""
        (x, y), (to_x, to_y) = start, stop
        self._mouse("mouseMoved", x, y)
        self._mouse("mousePressed", x, y)
        for step in range(1, steps + 1):
            self._mouse("mouseMoved", x + (to_x - x) * step / steps, y + (to_y - y) * step / steps)
        self._mouse("mouseReleased", to_x, to_y)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def resize(self, width: int, height: int = 1000, scheme: str = "light") -> None:
        """The size of the window in pixels, and whether it is light or dark."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        """Write the whole page as a PNG."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(b64decode(shot["data"]))


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A page of a browser of its own, whose profile is in a folder."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-extensions"]
    profile = folder / "profile"
    command = [str(CHROMIUM), *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with asyncio.Runner() as runner:
            socket = runner.run(_connected(profile / "DevToolsActivePort"))
            yield Page(runner, socket)
            socket.close()
    finally:
        process.terminate()
        process.wait(SECONDS)


def opened(browser: Page, file: Path) -> Iterator[Page]:
    """A file, opened anew in a wide window; nothing that a test does may be an error in its console."""
    browser.resize(1400)
    browser.open(file.as_uri())
    yield browser
    assert browser.console == []


async def _connected(told: Path) -> Any:
    from tornado.httpclient import AsyncHTTPClient
    from tornado.websocket import websocket_connect

    late = time.monotonic() + SECONDS
    while not told.is_file() or "\n" not in told.read_text(encoding="utf-8"):
        assert time.monotonic() < late, "the browser does not start"
        await asyncio.sleep(0.05)
    port = told.read_text(encoding="utf-8").split()[0]
    pages = json.loads((await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json")).body)
    address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
    return await websocket_connect(address, max_message_size=1 << 28)
