-- REST API: whose claim an Idempotency-Key is until it is answered (a process that died leaves its own
-- behind), and what its lists and look-ups go by.
ALTER TABLE api_request ADD COLUMN holder TEXT; -- daemon_instance of the console that works on it
-- Each notice is a campaign of its own: the list of campaigns steps over a million of them.
CREATE INDEX campaign_kind ON campaign (kind, id);
-- From a task (source#id) to the notice the planner made of it.
CREATE INDEX campaign_notice ON campaign (created_by) WHERE kind = 'notice';
