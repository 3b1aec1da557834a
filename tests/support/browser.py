"""Runs a scene (tests/**/*.mjs) in a real browser: node, playwright-core, Debian's Chromium.

    browser.play("story/the_console_carries_s3.mjs", url, VESTNIK_PASSWORD=…)

What the scene prints is shown; that it failed fails the test. VESTNIK_PICTURES=<folder> keeps pictures."""
import os
import shutil
import subprocess

from bed import SOURCE, skip

NODE = os.path.join(SOURCE, "build", "test-env", "node")
CHROMIUM = os.environ.get("VESTNIK_CHROMIUM", "/usr/bin/chromium")


def play(scene, url, patience_s=150, **environment):
    if not os.path.exists(CHROMIUM) or shutil.which("node") is None:
        skip("no chromium or no node: deploy/install-packages.sh --tests")
    if not os.path.isdir(os.path.join(NODE, "node_modules", "playwright-core")):
        skip("no playwright-core: tests/run.sh fetches it")
    done = subprocess.run(["node", os.path.join(SOURCE, "tests", scene)], text=True, timeout=patience_s, check=False,
                          env=dict(os.environ, VESTNIK_URL=url, VESTNIK_NODE=NODE, VESTNIK_CHROMIUM=CHROMIUM, **environment),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout, end="")
    assert done.returncode == 0, f"{scene}: exit {done.returncode}\n{done.stdout[-4000:]}"
