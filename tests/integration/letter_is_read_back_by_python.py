"""A letter is read by Python's email package, strictly: no defects, everything as it was meant."""
import email
import email.header
import email.policy
import email.utils
import json
import os
import subprocess
import sys

PRINT = os.path.join(os.environ["VESTNIK_BIN"], "print_letter")
FIELDS = {
    "recipient": {"name": "n", "municipality": "m"},
    "monitoring": {"date": "2023-05-12", "registered": 21, "low": True},
    "groups": [],
    "deadline": {"at": 1685458800000},
    "link": {"answer": "https://portal.example.org/a/1"},
}
failures = []


def check(what, got, want):
    if got != want:
        failures.append(f"{what}: got {got!r}, want {want!r}")


def run(*args):
    return subprocess.run([PRINT, *args], check=True, stdout=subprocess.PIPE).stdout


def names(message, field):
    """Display names by RFC 2047's rules: before 3.13 the new parser leaves blanks between encoded
    words of an address (gh-92081), so the old one reads them."""
    old = email.message_from_bytes(bytes(message.original))
    pairs = email.utils.getaddresses([str(old[field]).replace("\r\n", "")])
    return [str(email.header.make_header(email.header.decode_header(name))) for name, _ in pairs]


def read(*args):
    raw = run(*args)
    for number, line in enumerate(raw.split(b"\r\n"), 1):
        if len(line) > 998 or b"\r" in line or b"\n" in line or any(b > 126 for b in line):
            failures.append(f"{args}: line {number} is not fit for the wire: {line[:80]!r}")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    message.original = raw
    for part in message.walk():
        check(f"{args}: defects of {part.get_content_type()}", part.defects, [])
        for name, value in part.items():
            check(f"{args}: defects of {name}", list(value.defects), [])
    return message


def the_whole_letter():
    message = read()
    check("subject", message["subject"],
          "О результатах информационной поддержки конкурса «Флагманы образования»: "
          "Примерный муниципальный округ")
    check("from", names(message, "from"), ["Министерство образования"])
    check("from", message["from"].addresses[0].addr_spec, "outreach@ministry.example.org")
    check("to", names(message, "to"),
          ["Управление образования администрации Примерного муниципального округа"])
    check("to", message["to"].addresses[0].addr_spec, "head@school1.example.org")
    check("date", message["date"].datetime.isoformat(), "2023-05-15T10:00:00+03:00")
    check("message-id", message["message-id"], "<12.1.k4n2v6q0abcdefgh@ministry.example.org>")
    check("auto-submitted", message["auto-submitted"], "auto-generated")
    check("list-id", message["list-id"], "<flagships-2023.ministry.example.org>")
    check("list-unsubscribe", message["list-unsubscribe"],
          "<https://portal.example.org/u/12.1.k4n2v6q0abcdefgh>")
    check("list-unsubscribe-post", message["list-unsubscribe-post"], "List-Unsubscribe=One-Click")
    for name in set(message.keys()):
        check(f"{name} stands once", len(message.get_all(name)), 1)
    check("structure", [p.get_content_type() for p in message.walk()],
          ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
           "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"])
    files = list(message.iter_attachments())
    check("files", [f.get_filename() for f in files], ["Результаты мониторинга.pdf", "form.xlsx"])
    check("content", files[0].get_content(), bytes(i * 7 % 251 for i in range(30000)))
    check("name for old programs", files[0].get_param("name"), "Rezultaty monitoringa.pdf")
    text = message.get_body(("plain",)).get_content()
    check("text", text.replace("\r\n", "\n"), run("--text").decode().replace("\r\n", "\n"))
    html = message.get_body(("html",)).get_content()
    check("html", html.replace("\r\n", "\n"), run("--html").decode().replace("\r\n", "\n"))
    for word in ["01-12/345", "15 мая 2023 г.", "на № 01-12/298", "Заместитель министра",
                 "Исполнитель", "+7 (000) 000-00-02", "Результаты мониторинга.pdf", "coordinator@"]:
        check(f"text has {word}", word in text, True)
        check(f"html has {word}", word in html, True)
    for tag in ["<img", "<script", "src=", "url(", "@import", "<link"]:
        check(f"html has {tag}", tag in html, False)


def hostile_values():
    hostile = ["x\r\nBcc: victim@example.org", "\"quoted\" \\ <b@c.org>", "a" * 10000, "ж" * 5000,
               "\u202egpj.exe", "\u2066x\u2069", "=?UTF-8?B?DQpCY2M6?=", "a\tb", "(comment)", "x,y;z:",
               "\u2028line", "\x7f", "é" * 60, "📧" * 60, " lead", "<b>bold</b>&amp;"]
    for name in hostile:
        fields = json.loads(json.dumps(FIELDS))
        fields["recipient"]["municipality"] = name
        message = read("--name", name, "--fields", json.dumps(fields))
        check(f"{name[:30]!r}: Bcc", message["bcc"], None)
        check(f"{name[:30]!r}: recipients", [a.addr_spec for a in message["to"].addresses],
              ["head@school1.example.org"])
        shown = names(message, "to")[0]
        if len(name) < 60 and not any(c in name for c in "\r\n\t\u202e\u2066\u2028\x7f"):
            check("name", shown, name.strip())
        html = message.get_body(("html",)).get_content()
        check(f"{name[:30]!r}: markup", "<b>bold" in html, False)


def file_names():
    for name in ["a b.pdf", "a'b.pdf", "Приказ № 202 от 05.03.2024.pdf", "ж" * 95 + ".docx", "100%.xlsx",
                 "без окончания", "(1);=.pdf", "é.pdf"]:
        message = read("--file", name)
        check("file name", next(message.iter_attachments()).get_filename(), name)


the_whole_letter()
hostile_values()
file_names()
for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
