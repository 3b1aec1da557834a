#!/usr/bin/env python3
"""Where a campaign allows leaving and the portal's address is known, each letter
has one List-Unsubscribe of its own and List-Unsubscribe-Post (RFC 8058), and the
link in its text; where it does not, none of them."""
import email
import email.policy
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 5

with OddRelay() as relay, Bed({"public_url": "https://answers.ministry.example.org/"}) as bed:
    bed.relay(relay.port)
    bed.services()
    bed.directory(LETTERS)
    for slug, may_leave in (("may", True), ("must", False)):
        bed.launch(bed.campaign(slug, may_leave=may_leave))
        bed.wait_state(slug, "finished")
        letters = [email.message_from_bytes(raw, policy=email.policy.default) for raw in relay.letters]
        relay.letters.clear()
        assert len(letters) == LETTERS, f"{len(letters)} letters"
        links = set()
        for letter in letters:
            text = letter.get_body(("plain",)).get_content()
            found = letter.get_all("List-Unsubscribe") or []
            if not may_leave:
                assert not found and letter["List-Unsubscribe-Post"] is None and "/u/" not in text, letter.as_string()
                continue
            assert len(found) == 1 and letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", letter.as_string()
            link = re.fullmatch(r"<(https://answers\.ministry\.example\.org/u/[0-9]+\.[a-z2-7]{16})>", found[0]).group(1)
            assert link in text, text
            links.add(link)
        assert len(links) == (LETTERS if may_leave else 0), links
