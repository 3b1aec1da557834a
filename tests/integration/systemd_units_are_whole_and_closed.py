"""The units in deploy/systemd as systemd reads them: nothing unknown in them, every program
there with the options given, every service with a unit, and hardly anything allowed that a
service does not need."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import ALL_SERVICES, BIN, SOURCE, skip  # noqa: E402

UNITS = os.path.join(SOURCE, "deploy", "systemd")
INSTALLED = "/usr/local/bin/"
EXPOSURE_MOST = 20  # tenths, of 10.0; systemd calls less than 2.5 safe


def analyze(folder, *words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, cwd=folder, timeout=60,
                          env=dict(os.environ, SYSTEMD_UNIT_PATH=folder + ":", SYSTEMD_COLORS="0"))


def main():
    if shutil.which("systemd-analyze") is None:
        skip("systemd-analyze is not here")
    with tempfile.TemporaryDirectory(prefix="vestnik-units-") as folder:
        shutil.copytree(UNITS, folder, dirs_exist_ok=True)
        names = []
        for path in sorted(glob.glob(os.path.join(folder, "*.service"))):
            with open(path) as f:
                text = f.read()
            command, = re.findall(r"^ExecStart=(.*)$", text, re.M)
            assert command.startswith(INSTALLED), command
            program, *words = command.removeprefix(INSTALLED).split()
            told = subprocess.run([os.path.join(BIN, program), "--help"], capture_output=True, text=True).stdout
            for word in words:
                assert word.startswith("%") or word in told, f"{program} knows no {word}"
            with open(path, "w") as f:
                f.write(text.replace(INSTALLED, os.path.abspath(BIN) + "/"))
            names.append(os.path.basename(path).replace("@.", "@1."))
        for service in ALL_SERVICES:
            assert f"vestnik-{service}@1.service" in names, f"no unit for {service}"
        done = analyze(folder, "verify", "--man=no", "vestnik.target", *names)
        assert done.returncode == 0 and done.stderr.strip() == "", done.stderr
        for name in names:
            done = analyze(folder, "security", "--offline=true", f"--threshold={EXPOSURE_MOST}", name)
            assert done.returncode == 0, f"{name}:\n" + done.stdout[-3000:] + done.stderr
            print(name, done.stdout.strip().splitlines()[-1])


main()
