-- The embedded bus (SQLite only): a log per topic, read by group and position.
-- Written by bus/bus_embedded.c alone. The last row of a log is never deleted:
-- an emptied table would start its ids again, below the groups' positions.

-- A group that subscribed once. pos: the last message it has finished; what all
-- groups of a topic have passed may be deleted. id also numbers its lock byte.
CREATE TABLE bus_group (
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL, grp TEXT NOT NULL,
  pos INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,          -- last subscribed
  UNIQUE (topic, grp)
);

-- Table of topic a.b: bus_a_b. CloudEvents attributes are columns.
CREATE TABLE bus_vestnik_tasks (
  id INTEGER PRIMARY KEY,
  key TEXT, ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,
  content_type TEXT,                 -- NULL: application/json
  headers TEXT,                      -- JSON object of strings
  logged_ms INTEGER NOT NULL,
  data BLOB
);
CREATE TABLE bus_vestnik_mail (
  id INTEGER PRIMARY KEY,
  key TEXT, ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,
  content_type TEXT, headers TEXT, logged_ms INTEGER NOT NULL, data BLOB
);
CREATE TABLE bus_vestnik_mail_urgent (
  id INTEGER PRIMARY KEY,
  key TEXT, ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,
  content_type TEXT, headers TEXT, logged_ms INTEGER NOT NULL, data BLOB
);
CREATE TABLE bus_vestnik_status (
  id INTEGER PRIMARY KEY,
  key TEXT, ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,
  content_type TEXT, headers TEXT, logged_ms INTEGER NOT NULL, data BLOB
);
CREATE TABLE bus_vestnik_dead (
  id INTEGER PRIMARY KEY,
  key TEXT, ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,
  content_type TEXT, headers TEXT, logged_ms INTEGER NOT NULL, data BLOB
);
