"""S4, «Флагманы образования» in a region, May to November. Each group's organisations get the
text for the group; four stages without a date are visible drafts that never go out; what has gone
out stands on the public page and in the Atom feed, as text to copy."""

import os
import sys
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from story import Story, browse, expect  # noqa: E402

ATOM = "{http://www.w3.org/2005/Atom}"
SCHOOLS = [f"school-{i}@schools.example.test" for i in range(1, 9)]
STUDENTS = [f"college-{i}@colleges.example.test" for i in range(1, 4)] + [
    f"university-{i}@universities.example.test" for i in range(1, 3)]
BUSINESS = ["office@chamber.example.org", "office@union.example.org"]
DRAFTS = ["«Точка роста»: эффективные практики", "Областной конкурс «Лидер в образовании»",
          "Тренд-сессия специалистов общего образования", "День образовательной агломерации"]
LEADER = 5  # its number


def feed(story):
    page = browse(f"{story.public}/feed.atom")
    assert page.headers["Content-Type"].startswith("application/atom+xml"), page.headers["Content-Type"]
    return [entry.find(ATOM + "title").text for entry in ElementTree.fromstring(page.body).iter(ATOM + "entry")]


def spring(story):
    story.launch()
    expect("before the date", story.until("2023-05-14 12:00"), [])
    expect("an empty feed", feed(story), [])
    sent = story.until("2023-05-15 12:00")
    expect("15 May", sent.addresses(), sorted(SCHOOLS + STUDENTS))
    for letter in sent:
        to_students = letter.address in STUDENTS
        expect(f"{letter}: the group's text", "довести до студентов" in letter.words, to_students)
        expect(f"{letter}: the teachers' text", "довести до директора, его заместителей и педагогов" in letter.words, not to_students)
        # told, not asked
        assert not letter.links("answer") and "/u/" not in letter.text, letter.text
    sent = story.until("2023-05-16 12:00")
    expect("16 May", sent.addresses(), BUSINESS)
    assert all("предпринимателей" in letter.text for letter in sent)


def published(story):
    titles = feed(story)
    expect("stages in the feed", len(titles), 3)
    expect("drafts in the feed", [title for title in titles if title in DRAFTS], [])
    page = browse(f"{story.public}/c/{story.slug}")
    assert "Область стала участником проекта" in page.words, page
    assert not [draft for draft in DRAFTS if draft in page.words], page
    # what stands there is for everybody: no recipient's name, no link of anybody's
    assert "Школа № 1" not in page.words and "/a/" not in page.html, page


def drafts(story):
    said = story.bed.run("campaign", "rounds", story.slug).stdout
    expect("drafts staff see", [draft for draft in DRAFTS if draft not in said], [])
    for day in ("2023-06-15", "2023-08-31"):
        expect(f"nothing until {day}", story.until(day + " 12:00"), [])
    expect("rounds", sorted(story.bed.rows("SELECT state, count(*) FROM round GROUP BY state")),
           [("draft", 4), ("open", 3), ("planned", 1)])


def one_gets_its_date(story):
    """The contest of leaders, for schools and colleges, is fixed for 20 September."""
    story.bed.run("campaign", "stage", story.slug, str(LEADER), "--at", "2023-09-20 10:00")
    expect("before it", story.until("2023-09-19 12:00"), [])
    sent = story.until("2023-09-20 12:00")
    expect("20 September", sent.addresses(), sorted(SCHOOLS + [a for a in STUDENTS if "college" in a]))
    assert DRAFTS[1] in browse(f"{story.public}/c/{story.slug}").words
    expect("the other drafts", story.until("2023-11-19 12:00"), [])


def autumn(story):
    sent = story.until("2023-11-20 12:00")
    expect("20 November, everybody", sent.addresses(), sorted(SCHOOLS + STUDENTS + BUSINESS))
    expect("stages in the feed", len(feed(story)), 5)
    expect("and no more", story.until("2023-12-20 12:00"), [])


def main():
    with Story("s4-flagships-region", "s4-groups.csv", start="2023-05-12 09:30", zone="Asia/Yekaterinburg") as story:
        spring(story)
        published(story)
        drafts(story)
        one_gets_its_date(story)
        autumn(story)


main()
