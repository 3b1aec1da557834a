"""S3 in the browser alone: from the spreadsheet to the report. A secretary drags the directory in, writes the letter with its
preview, chooses who gets it, sets the deadline, reads the summary, launches, watches the letters go (the console is
killed meanwhile: the live log comes back by itself), one addressee answers on a phone, one by mail; staff confirm the
mail, note a telephone call, read the report. Real services, a real SMTP server, simulated days."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
import browser  # noqa: E402
from bed import SOURCE, free_port, wait_for  # noqa: E402
from story import Story, expect  # noqa: E402

PASSWORD = "gorod-more-veter-17"
SCENE = "story/the_console_carries_s3_in_a_browser.mjs"
SLUG = "flagmany-obrazovaniya"
CONSOLE = free_port()


def play(story, part, **environment):
    browser.play(SCENE, f"http://127.0.0.1:{CONSOLE}", VESTNIK_PART=part, VESTNIK_PASSWORD=PASSWORD, VESTNIK_SLUG=SLUG,
                 VESTNIK_CAMPAIGN=os.path.join(SOURCE, "config", "campaigns", "s3-flagships"),
                 VESTNIK_SHEET=os.path.join(SOURCE, "config", "demo", "schools.csv"),
                 VESTNIK_HOSTS=f"127.0.0.1:{story.portal_port}", **environment)


def console_pid(story):
    return str(next(row["pid"] for row in story.bed.json("status") if row.get("service") == "console"))


def main():
    with Story("s3-flagships", None, start="2023-04-10 09:30", settings={"console": {"listen": f"127.0.0.1:{CONSOLE}"}}) as story:
        for login, role in (("sekretar", "staff"), ("operator", "operator"), ("rukovoditel", "read-only")):
            story.bed.run("account", "add", login, "--role", role, "--name", "И. О. Фамилия", "--password-file", "-",
                          text=PASSWORD + "\n")
        wait_for(lambda: [r for r in story.bed.ready() if r[0] == "console"], "the console")

        play(story, "launch", VESTNIK_CONSOLE_PID=console_pid(story))
        first = story.letters()
        expect("letters", len(first), 110)
        mo = {letter.address: letter for letter in first}

        story.until("2023-04-11 10:00")
        play(story, "answer", VESTNIK_LINK=mo["education-03@district.example.org"].links("answer")[0])
        expect("answered on the phone", story.asks(SLUG)["mo-03"][0], "confirmed")
        story.reply(mo["education-04@district.example.org"], "56")
        story.wait_ask("mo-04", "received", SLUG)
        play(story, "staff")
        expect("confirmed by staff", story.asks(SLUG)["mo-04"][0], "confirmed")
        expect("said on the telephone", story.asks(SLUG)["mo-05"][0], "confirmed")

        story.until("2023-04-21 12:00")
        story.until("2023-04-28 18:10")
        play(story, "report")
    print("ok")


main()
