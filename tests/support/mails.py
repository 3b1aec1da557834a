"""Mails as they come back: reports, complaints, absences, replies."""
import base64
import hashlib
import hmac
import io
import itertools
import time
import zipfile
from email.message import EmailMessage
from email.utils import formatdate
from xml.sax.saxutils import escape

numbers = itertools.count(1)


def bounce(message_id, recipient, status="5.1.1", action="failed", words="550 5.1.1 User unknown", extra=""):
    """A report by RFC 3464 about a letter of ours; message_id None: it returns no head."""
    n = next(numbers)
    returned = "" if message_id is None else (
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\n"
        f"To: {recipient}\r\nSubject: letter\r\n\r\n")
    return (f"Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"
            f"To: outreach@ministry.example.org\r\nSubject: Undelivered Mail Returned to Sender\r\n"
            f"Date: {formatdate()}\r\nMessage-ID: <report-{n}-{time.time_ns()}@mx.example.org>\r\n"
            f"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n{extra}"
            f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            f"--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system. {recipient}: {words}\r\n"
            f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; {words}\r\n\r\n{returned}--b--\r\n").encode()


def complaint(message_id, recipient):
    return (f"From: fbl@provider.example.org\r\nTo: abuse@ministry.example.org\r\nSubject: FW: letter\r\n"
            f"Date: {formatdate()}\r\nMessage-ID: <fbl-{next(numbers)}-{time.time_ns()}@provider.example.org>\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            f"--b\r\nContent-Type: text/plain\r\n\r\nabuse report\r\n"
            f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: fbl/1\r\n"
            f"Version: 1\r\nOriginal-Rcpt-To: {recipient}\r\n\r\n"
            f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{message_id}>\r\nTo: {recipient}\r\n"
            f"Subject: letter\r\n\r\ntext\r\n--b--\r\n").encode()


def letter(sender, text, reply_to=None, subject="Re: запрос", to="outreach@ministry.example.org", dmarc="pass",
           authserv="mx.ministry.example.org", files=(), auto=None, extra=()):
    """A person's mail; reply_to: Message-ID of ours that it answers. dmarc None: no such field.
    files: (name, type, bytes)."""
    m = EmailMessage()
    if dmarc is not None:
        domain = sender.rsplit("@", 1)[1].rstrip(">")
        m["Authentication-Results"] = f"{authserv}; spf=pass smtp.mailfrom={domain}; dmarc={dmarc} header.from={domain}"
    m["Received"] = "from mail.school.test by mx.ministry.example.org; " + formatdate()
    m["From"] = sender
    m["To"] = to
    m["Subject"] = subject
    m["Date"] = formatdate()
    m["Message-ID"] = f"<person-{next(numbers)}-{time.time_ns()}@school.test>"
    if reply_to:
        m["In-Reply-To"] = m["References"] = f"<{reply_to}>"
    if auto:
        m["Auto-Submitted"] = auto
    for name, value in extra:
        m[name] = value
    m.set_content(text)
    for name, kind, data in files:
        main, sub = kind.split("/")
        m.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return m.as_bytes()


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(key_file, ask, values):
    """The Excel form of an ask as a person filled it in (common/answer/workbook.h): values by field."""
    with open(key_file) as f:
        key = bytes.fromhex(f.read().strip())
    mac = hmac.new(key, b"workbook\0" + str(ask).encode(), hashlib.sha256).digest()[:10]
    code = f"{ask}." + base64.b32encode(mac).decode().lower()
    rows = [["vestnik-form", code]] + [["field:" + name, "label", str(value)] for name, value in values.items()] + [["end"]]
    body = "".join(f'<row r="{n}">' + "".join(
        f'<c r="{"ABC"[i]}{n}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for i, cell in enumerate(row)) + "</row>"
        for n, row in enumerate(rows, 1))
    space = "http://schemas.openxmlformats.org/"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{space}package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{XLSX}.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml"'
        ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{space}package/2006/relationships"><Relationship Id="r1" Type="{space}'
        'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}spreadsheetml/2006/main" xmlns:r="{space}officeDocument/2006/'
        'relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}package/2006/relationships"><Relationship Id="r1" '
        f'Type="{space}officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return out.getvalue()
