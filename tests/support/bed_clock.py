"""Simulated time: every Vestnik program of a bed reads its wall clock through one file
(VESTNIK_CLOCK: 8 bytes, milliseconds to add). Nobody sleeps until a deadline; the test
goes there, and what is due happens.

    bed.clock.jump_to("2023-05-15 09:00")          # before the first program: into the past, too
    …
    bed.clock.jump_to("2023-05-27 09:00")          # from then on only forward
    bed.clock.jump_to("2023-05-30 12:00", "Asia/Kamchatka")
    bed.clock.forward(hours=2)

Time runs on between the jumps. Monotonic time, the relay's and the databases' are real."""
import datetime
import struct
import time
import zoneinfo


class Clock:
    def __init__(self, path, zone="Europe/Moscow"):
        self.path, self.zone = path, zone
        self.offset_ms = 0
        self.running = False  # programs have read it: no way back
        with open(path, "wb") as f:
            f.write(struct.pack("=q", 0))

    def now_ms(self):
        return int(time.time() * 1000) + self.offset_ms

    def now(self, zone=None):
        """Wall time in the zone, as a datetime."""
        return datetime.datetime.fromtimestamp(self.now_ms() / 1000, zoneinfo.ZoneInfo(zone or self.zone))

    def ms(self, wall, zone=None):
        """"2023-05-27 09:00" in the zone, as milliseconds since 1970."""
        local = datetime.datetime.fromisoformat(wall).replace(tzinfo=zoneinfo.ZoneInfo(zone or self.zone))
        return int(local.timestamp() * 1000)

    def text(self, ms, zone=None):
        """The other way round, to the minute."""
        return datetime.datetime.fromtimestamp(ms / 1000, zoneinfo.ZoneInfo(zone or self.zone)).strftime("%Y-%m-%d %H:%M")

    def jump_to(self, wall, zone=None):
        self.set(self.ms(wall, zone) - int(time.time() * 1000))

    def forward(self, **span):
        """days=, hours=, minutes=, seconds="""
        self.set(self.offset_ms + int(datetime.timedelta(**span).total_seconds() * 1000))

    def set(self, offset_ms):
        assert offset_ms >= self.offset_ms or not self.running, \
            f"time does not go back: it is {self.now()}"
        self.offset_ms = offset_ms
        with open(self.path, "r+b") as f:  # in place: programs have it mapped
            f.write(struct.pack("=q", offset_ms))
