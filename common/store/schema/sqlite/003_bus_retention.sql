-- Retention of the embedded bus. Written by bus/embedded_retention.c alone,
-- but may_be_cut_off by whoever subscribes.

-- may_be_cut_off: when it is too far behind, this group's position is moved
-- forward; for any other group publishing on the topic stops. cut_ms: last time.
ALTER TABLE bus_group ADD COLUMN may_be_cut_off INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bus_group ADD COLUMN cut_ms INTEGER NOT NULL DEFAULT 0;

-- Topics nobody may publish on, because a group is too far behind.
CREATE TABLE bus_stop (
  topic TEXT NOT NULL PRIMARY KEY,
  grp TEXT,                          -- NULL: nobody ever subscribed
  messages INTEGER NOT NULL, bytes INTEGER NOT NULL, -- behind
  since_ms INTEGER NOT NULL
);
