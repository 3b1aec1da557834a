-- The delivery log by state: what went wrong is rare, and found without walking over what went well.
-- history is only ever added to, and the four states of an ordinary letter are left out: the
-- pipeline pays for an entry only where a letter had trouble. Terms one by one, not NOT IN (001).
CREATE INDEX history_trouble ON history (state, time_ms, key, dispatch)
  WHERE state <> 0 AND state <> 1 AND state <> 4 AND state <> 5;
-- one letter's story: what came back about it
CREATE INDEX mail_in_delivery ON mail_in (delivery, id) WHERE delivery IS NOT NULL;
