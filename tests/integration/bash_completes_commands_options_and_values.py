"""bash, with the completion script loaded, completes commands, options and values,
and deploy/completion/vestnik.bash is what the program prints."""

import os
import subprocess
import sys
import tempfile

BIN = os.path.join(os.environ["VESTNIK_BIN"], "vestnik")
SHIPPED = os.path.join(os.environ["VESTNIK_SOURCE"], "deploy", "completion", "vestnik.bash")


def script():
    return subprocess.run([BIN, "completion", "bash"], check=True, capture_output=True, text=True).stdout


def complete(text, words, folder):
    """What Tab offers after `words` (the last one is being typed)."""
    program = text + """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_vestnik 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""
    out = subprocess.run(["bash", "--norc", "-c", program, "-", *words], cwd=folder, check=True,
                         capture_output=True, text=True).stdout
    return set(line for line in out.splitlines() if line)


def expect(text, words, want, folder="/", exactly=False):
    got = complete(text, words, folder)
    want = set(want)
    if (got != want) if exactly else not want <= got:
        sys.exit(f"{words}: got {sorted(got)}, want {'exactly ' if exactly else ''}{sorted(want)}")


def main():
    text = script()
    with open(SHIPPED, encoding="utf-8") as f:
        if f.read() != text:
            sys.exit("deploy/completion/vestnik.bash is old: vestnik completion bash > it")
    expect(text, ["vestnik", ""], ["help", "completion"])
    expect(text, ["vestnik", "comp"], ["completion"], exactly=True)
    expect(text, ["vestnik", "completion", ""], ["bash"], exactly=True)
    expect(text, ["vestnik", "completion", "--js"], ["--json"], exactly=True)
    expect(text, ["vestnik", "--lang", ""], ["ru", "en"], exactly=True)
    expect(text, ["vestnik", "--lang", "=", "r"], ["ru"], exactly=True)
    expect(text, ["vestnik", "--lang", "ru", "comp"], ["completion"], exactly=True)
    expect(text, ["vestnik", "--lang", "=", "ru", "comp"], ["completion"], exactly=True)
    expect(text, ["vestnik", "down", ""], ["--json", "--help"])
    expect(text, ["vestnik", "webhook", ""], ["add", "list", "change"])
    expect(text, ["vestnik", "log", "--state", "acc"], ["accepted"], exactly=True)
    expect(text, ["vestnik", "log", "--state", "=", "fai"], ["failed"], exactly=True)
    expect(text, ["vestnik", "log", "--campaign", ""], [], exactly=True)
    expect(text, ["vestnik", "nonsense", ""], [], exactly=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("two words.yaml", "other.txt"):
            open(os.path.join(folder, name), "w").close()
        expect(text, ["vestnik", "--config", "two"], ["two words.yaml"], folder, exactly=True)


main()
