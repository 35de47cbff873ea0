"""A headless Chromium, and servers to look at: what the tests of the console share."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import axe_core_python
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

AXE = open(os.path.join(os.path.dirname(axe_core_python.__file__), "axe.min.js"), encoding="utf-8").read()
PATIENCE = 60


class Failure(Exception):
    """What a test found."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def wait(what, condition, patience=PATIENCE):
    """Waits for a condition.

    Returns: how long it took, in seconds.
    """
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > patience:
            raise Failure(f"waited in vain for {what}")
        time.sleep(0.03)
    return time.monotonic() - start


class Server:
    """A puffin-server in a temporary folder."""

    def __init__(self, program, *options, password=None, port=0, http=0, data=None):
        self.folder = None if data else tempfile.TemporaryDirectory(prefix="puffin-console-")
        self.data = data or os.path.join(self.folder.name, "puffin.json")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PUFFIN_")}
        if password:
            path = self.data + ".password"
            with open(path, "w", encoding="utf-8") as file:
                file.write(password)
            environment["PUFFIN_AUTH_PASSWORD_FILE"] = path
        command = [program, "--port", str(port), "--data", self.data, "--metrics", "--metrics-port", str(http), *options]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.log = ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        wait("the start of a server", lambda: "Ready" in self.log or self.process.poll() is not None)
        expect(self.process.poll() is None, f"the server ended: {self.log}")
        self.port = int(re.search(r"Server starting on \S+:(\d+)", self.log).group(1))
        self.http = int(re.search(r"https?://\S+:(\d+)/", self.log).group(1))

    def read(self):
        for line in self.process.stderr:
            self.log += line.decode(errors="replace")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http}/"

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def run(self, *commands):
        """Sends requests of words, and takes the first line of each reply."""
        with self.connect() as connection:
            file = connection.makefile("rwb")
            replies = []
            for words in commands:
                words = [word if isinstance(word, bytes) else word.encode() for word in words]
                file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
                file.flush()
                replies.append(file.readline().strip().decode(errors="replace"))
            return replies

    def load(self):
        """Sends changes and reads until `stop` of what it returns."""
        return Load(self)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        if self.folder:
            self.folder.cleanup()


class Load:
    """A client that is busy."""

    def __init__(self, server):
        self.isOn = True
        self.connection = server.connect()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        number = 0
        file = self.connection.makefile("rwb")
        while self.isOn:
            requests = "".join(f'SET user:{(number + index) % 500} "{{\\"id\\":{index}}}"\nGET user:{index}\nGET user:{index + 100}\n' for index in range(8))
            file.write(requests.encode())
            file.flush()
            for _ in range(24):
                file.readline()
            number += 8
            time.sleep(0.005)

    def stop(self):
        self.isOn = False
        self.thread.join()
        self.connection.close()


class Browser:
    """One window."""

    def __init__(self, width, height, isDark=False, isStill=False):
        options = Options()
        options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--lang=en-GB"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")))
        self.size = (width, height)
        self.resize(width, height)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if isDark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if isStill else "no-preference"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, url):
        self.driver.get(url)

    def js(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def isSeen(self, selector):
        return self.js("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def press(self, *names):
        for name in names:
            self.driver.switch_to.active_element.send_keys(getattr(Keys, name, name))

    @property
    def focused(self):
        return self.js("const e = document.activeElement; return e.id || e.getAttribute('aria-label') || e.textContent.slice(0, 60) || e.tagName")

    @property
    def sentence(self):
        return self.text("#sentence")

    @property
    def tabs(self):
        return self.js("return [...document.querySelectorAll('[role=tab]')].filter((tab) => !tab.hidden).map((tab) => tab.id.slice(4))")

    def choose(self, tab):
        self.js("document.getElementById('tab-' + arguments[0]).click()", tab)
        wait(f"the tab {tab}", lambda: self.isSeen(f"#panel-{tab}") and self.js("return document.getElementById('panel-' + arguments[0]).childElementCount", tab) > 0)

    def picture(self, path):
        """The whole page, however long it is."""
        width, height = self.size
        self.resize(width, max(self.js("return document.documentElement.scrollHeight"), height))
        # The charts are drawn again for the new size.
        self.js("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))")
        self.driver.save_screenshot(path)
        self.resize(width, height)

    def expectNoOverflow(self, what):
        width = self.js("return document.documentElement.scrollWidth - innerWidth")
        expect(width <= 0, f"{what}: the page is {width} pixels wider than the window")

    def expectAccessible(self, what):
        """Has axe-core look at the page as it is."""
        self.js(AXE)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then((result) => done(result.violations.map("
            "(one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.target + ' ' + node.failureSummary).join('; ')}`)), (error) => done([String(error)]))")
        expect(found == [], f"{what}: axe: {json.dumps(found, indent=1)}")

    def expectQuiet(self, what, allowed=()):
        """The browser has reported no error: no refused script or style, no exception."""
        lines = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        lines = [line for line in lines if not any(word in line for word in allowed)]
        expect(lines == [], f"{what}: the browser says {lines}")

    def requested(self):
        """The addresses of all requests since the last call."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found
