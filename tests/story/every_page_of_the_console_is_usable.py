"""Every page a person can reach by links from the first one, with S3 under way: no dead link, nothing wrong in the
browser's console, no request to another host, WCAG 2.2 AA as far as rules can tell, nothing wider than a phone,
no piece of a template left over, in both languages. VESTNIK_PICTURES=<folder> keeps a picture of each."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
import browser  # noqa: E402
from bed import free_port, wait_for  # noqa: E402
from story import Story  # noqa: E402

PASSWORD = "gorod-more-veter-17"
CONSOLE = free_port()
# What must be among them: the walk does not end at a broken menu.
KINDS = """/ /campaigns /campaigns/# /campaigns/#/answers /campaigns/#/municipalities /campaigns/#/calls /campaigns/#/report
 /asks/# /mail /mail/# /compose /compose/probnaya/letter /compose/probnaya/audience /compose/probnaya/dates
 /compose/probnaya/check /directory /directory/import /directory/# /log /delivery/# /status /relays /relays/main /dead /webhooks
 /webhooks/# /webhooks/#/change /suppressions /accounts /accounts/# /keys /audit /approvals /personal /password"""


def data(story):
    """A bit of everything: letters, an answer, a mail to decide on, a bounce, a draft, an account, a key, an excluded address."""
    bed = story.bed
    story.launch()
    first = {letter.address: letter for letter in story.until("2023-04-10 12:00")}
    story.bounce(first["education-05@district.example.org"])
    story.until("2023-04-11 10:00")
    story.reply(first["education-04@district.example.org"], "56")
    story.wait_ask("mo-04", "received")
    story.telephone("mo-06", "И. О. Фамилия", "registered=3", "measures=Собрания")
    bed.run("suppression", "add", "nobody@example.org", "--reason", "просил не писать")
    bed.run("api-key", "add", "сайт", "--scopes", "campaign.read")
    bed.run("account", "add", "sekretar", "--role", "staff", "--name", "И. О. Фамилия", "--password-file", "-", text=PASSWORD + "\n")
    bed.run("account", "add", "admin", "--role", "admin", "--name", "И. О. Фамилия", "--password-file", "-", text=PASSWORD + "\n")


def main():
    with Story("s3-flagships", "schools.csv", start="2023-04-10 09:30",
               settings={"console": {"listen": f"127.0.0.1:{CONSOLE}"}}) as story:
        data(story)
        wait_for(lambda: [r for r in story.bed.ready() if r[0] == "console"], "the console")
        browser.play("support/browser/every_page.mjs", f"http://127.0.0.1:{CONSOLE}", patience_s=600, VESTNIK_LOGIN="admin",
                     VESTNIK_PASSWORD=PASSWORD, VESTNIK_KINDS=" ".join(KINDS.split()), VESTNIK_DRAFT="Пробная")
    print("ok")


main()
