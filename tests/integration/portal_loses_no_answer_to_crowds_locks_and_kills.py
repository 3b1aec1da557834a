"""Many answers at the same moment, also to one request; the store locked by somebody else for a while; the
portal killed in the middle: what was thanked for is there, once, numbered without gaps, with its event."""
import concurrent.futures
import http.client
import os
import sqlite3
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from bed import kill, wait_for  # noqa: E402
from portal_bed import PortalBed, want  # noqa: E402

SCHOOLS = 12


def answer(bed, ask, figure, name):
    return bed.post(bed.answer(ask), {"f.registered": str(figure), "f.measures": "Провели", "name": name}, follow=False).status


def whole(bed, asks):
    """Versions without gaps, one that counts, an event for each."""
    for ask in asks:
        rows = bed.answers(ask)
        want(f"versions of {ask}", [v for v, *_ in rows], list(range(1, len(rows) + 1)))
        want(f"counting of {ask}", sum(state == "counts" for _, _, state, _, _ in rows), min(1, len(rows)))
        want(f"events of {ask}", bed.value("SELECT count(*) FROM bus_vestnik_status WHERE key = ?", f"a{ask}"), len(rows))


with PortalBed() as bed, concurrent.futures.ThreadPoolExecutor(24) as pool:
    bed.store(schools=SCHOOLS)
    asks = [bed.ask(f"s{i}") for i in range(1, SCHOOLS + 1)]
    # different people, different requests; then ten to one request
    want("a crowd", set(pool.map(lambda a: answer(bed, a, 10 + a, f"Человек {a}"), asks)), {303})
    same = list(pool.map(lambda i: answer(bed, asks[0], 100 + i, f"Другой {i}"), range(10)))
    want("ten to one", set(same), {303})
    want("all are kept", len(bed.answers(asks[0])), 11)
    want("the first counts", [r[3]["registered"] for r in bed.answers(asks[0]) if r[2] == "counts"], [10 + asks[0]])
    whole(bed, asks)

    # somebody holds the write lock: answers wait for it, reading goes on
    db = sqlite3.connect(bed.store_url.removeprefix("sqlite:"), timeout=30, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("BEGIN IMMEDIATE")
    waiting = [pool.submit(answer, bed, ask, 50, f"Человек {ask}") for ask in asks[1:4]]
    want("reading meanwhile", bed.get(bed.answer(asks[5])).status, 200)
    want("sent, not yet recorded", [len(bed.answers(ask)) for ask in asks[1:4]], [1, 1, 1])
    db.execute("ROLLBACK")
    db.close()
    want("answers then", [w.result() for w in waiting], [303] * 3)
    whole(bed, asks)

    # kill -9 in the middle, three times
    thanked, stop = [], threading.Event()

    def go_on(ask):
        figure = 1000
        while not stop.is_set() and len(bed_answers) < 3:
            figure += 1
            try:
                if answer(bed, ask, figure, f"Человек {ask}") == 303:
                    thanked.append((ask, figure))
            except (OSError, http.client.HTTPException):
                pass

    bed_answers = []
    workers = [pool.submit(go_on, ask) for ask in asks[4:8]]
    for _ in range(3):
        before = len(thanked)
        wait_for(lambda: len(thanked) >= before + 8, "answers between two kills")
        kill(bed.portal)
        bed.change("DELETE FROM service_instance WHERE service = 'portal'")
        bed.open_portal()
        bed_answers.append(1)
    stop.set()
    for worker in workers:
        worker.result()
    for ask, figure in thanked:
        want(f"what was thanked for: {ask}, {figure}", sum(r[3].get("registered") == figure for r in bed.answers(ask)), 1)
    whole(bed, asks)
    print(f"{len(thanked)} answers thanked for around three kills")
