-- Messages on their way to Kafka. Written by whoever publishes in a transaction
-- (bus/kafka_outbox.c), deleted by the pump of the row's owner once the broker has
-- confirmed them. AUTOINCREMENT: an id that came twice would let a pump that was
-- frozen delete another message than the one it sent.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner TEXT NOT NULL,               -- the process whose pump sends it; its lease is lease.name
  topic TEXT NOT NULL,               -- without the prefix of bus_url
  key TEXT, ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,
  content_type TEXT,                 -- NULL: application/json
  headers TEXT,                      -- JSON object of strings
  logged_ms INTEGER NOT NULL,
  refused TEXT,                      -- why the broker will never take it: kept to be seen
  data BLOB
);
CREATE INDEX outbox_owner ON outbox (owner, id);

-- bus/kafka_gap.c: messages a group could not read, because the topic's retention
-- had passed it.
CREATE TABLE bus_gap (
  topic TEXT NOT NULL, grp TEXT NOT NULL, part INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, -- offsets missed
  noticed_ms INTEGER NOT NULL,
  PRIMARY KEY (topic, grp, part, first)
) WITHOUT ROWID;
