-- The tables of the main job. Each names its writer; nobody else writes it.
-- Times are milliseconds since 1970 UTC (…_ms). JSON stands in TEXT.
-- states of a delivery: message/status.h, enum delivery_state

-- anyone, once: installation facts ('installation' = random id, …)
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) @CLUSTERED;

-- ---- directory: written by directory import (CLI, console) -----------------
CREATE TABLE organisation (
  id @ID,
  key TEXT NOT NULL UNIQUE,          -- stable key of the ministry (e.g. ИНН, own number)
  parent_key TEXT,                   -- organisation.key of the parent
  kind TEXT NOT NULL,                -- ministry, municipal-authority, school, college, …
  name TEXT NOT NULL,
  region TEXT, municipality TEXT,
  zone TEXT,                         -- IANA zone; NULL = the settings' zone
  extra TEXT NOT NULL DEFAULT '{}',  -- further columns of the sheet: JSON object of strings
  active BIGINT NOT NULL DEFAULT 1,
  revision BIGINT NOT NULL,          -- directory_revision.number that last changed it
  updated_ms BIGINT NOT NULL
);
CREATE INDEX organisation_parent ON organisation (parent_key);
CREATE INDEX organisation_kind ON organisation (kind, id);
CREATE TABLE contact (
  id @ID,
  organisation BIGINT NOT NULL,
  role TEXT NOT NULL,                -- coordinator (default), head, …
  name TEXT, position TEXT,
  address TEXT NOT NULL,             -- passed gate_address: punycode domain
  phone TEXT,
  active BIGINT NOT NULL DEFAULT 1,
  updated_ms BIGINT NOT NULL,
  UNIQUE (organisation, role)
);
CREATE INDEX contact_address ON contact (address);
CREATE TABLE directory_revision (
  number @ID, imported_ms BIGINT NOT NULL, source TEXT NOT NULL, actor TEXT,
  added BIGINT NOT NULL, changed BIGINT NOT NULL, unchanged BIGINT NOT NULL, skipped BIGINT NOT NULL
);
-- console, portal, intake, CLI; an address here gets no letters
CREATE TABLE suppression (
  address TEXT PRIMARY KEY, reason TEXT NOT NULL, source TEXT NOT NULL, created_ms BIGINT NOT NULL
) @CLUSTERED;

-- ---- campaigns ---------------------------------------------------------------
-- CLI and console insert a draft with all its parts; from launch on the planner
-- owns state, state_reason and the times. Notices (task `notify`) are campaigns
-- of kind 'notice' the planner makes itself.
CREATE TABLE campaign (
  id @ID,
  slug TEXT NOT NULL UNIQUE,         -- `campaign:` of the file; people's id
  kind TEXT NOT NULL,                -- campaign | notice | test
  title TEXT NOT NULL,
  content_hash TEXT NOT NULL,        -- SHA-256 over definition, letters, attachments, data
  definition TEXT NOT NULL,          -- JSON, campaign/definition.h
  sender TEXT NOT NULL,              -- envelope/From address: breaker and pause count by it
  state TEXT NOT NULL,               -- draft | running | paused | cancelled | finished
  state_reason TEXT,                 -- why paused: operator, or the relay's words
  priority BIGINT NOT NULL,          -- 0 urgent, 1 bulk
  hold BIGINT NOT NULL DEFAULT 0,    -- 1: publish `sending` durably before end-of-data
  not_after_ms BIGINT,               -- no letter goes out later
  created_ms BIGINT NOT NULL, created_by TEXT,
  launched_ms BIGINT, finished_ms BIGINT,
  expanded BIGINT NOT NULL DEFAULT 0, -- 1: every recipient has its row
  total BIGINT NOT NULL DEFAULT 0    -- rows expanded so far
);
CREATE INDEX campaign_state ON campaign (state, id);
-- the draft's writer; content-addressed
CREATE TABLE blob (hash TEXT PRIMARY KEY, size BIGINT NOT NULL, data @BLOB NOT NULL);
CREATE TABLE campaign_file (
  campaign BIGINT NOT NULL, purpose TEXT NOT NULL, -- letter | attachment
  position BIGINT NOT NULL,          -- letters: step kind order; attachments: order
  name TEXT NOT NULL,                -- 'first', 'reminder' / file name
  title TEXT, media_type TEXT, hash TEXT NOT NULL,
  PRIMARY KEY (campaign, purpose, position)
) @CLUSTERED;
CREATE TABLE dataset_row (
  campaign BIGINT NOT NULL, dataset TEXT NOT NULL, key TEXT NOT NULL, -- organisation.key
  fields TEXT NOT NULL,              -- JSON object of strings
  PRIMARY KEY (campaign, dataset, key)
) @CLUSTERED;

-- planner
CREATE TABLE round (
  id @ID, campaign BIGINT NOT NULL, number BIGINT NOT NULL, label TEXT,
  starts_ms BIGINT NOT NULL, deadline_ms BIGINT,
  UNIQUE (campaign, number)
);
-- planner: one row per (round, step) whose recipients are being written out
CREATE TABLE expand (
  id @ID, campaign BIGINT NOT NULL, round BIGINT NOT NULL, step BIGINT NOT NULL,
  cursor BIGINT NOT NULL,            -- last organisation.id (or list position) done
  revision BIGINT NOT NULL,          -- directory_revision pinned at launch
  done BIGINT NOT NULL DEFAULT 0,
  UNIQUE (round, step)
);
CREATE INDEX expand_open ON expand (id) WHERE done = 0;

-- planner inserts; from then on only the ledger updates, in key order
CREATE TABLE delivery (
  key @ID,
  campaign BIGINT NOT NULL, round BIGINT NOT NULL, step BIGINT NOT NULL,
  recipient BIGINT NOT NULL,         -- organisation.id; 0 for a notice
  contact BIGINT NOT NULL,           -- contact.id; position in the list for a notice
  address TEXT NOT NULL,
  fields TEXT NOT NULL,              -- JSON: what the letter is filled with (pinned at expansion)
  not_after_ms BIGINT,
  state BIGINT NOT NULL,             -- enum delivery_state
  dispatch BIGINT NOT NULL DEFAULT 0, -- of the state shown
  attempts BIGINT NOT NULL DEFAULT 0, -- deferrals counted against the recipient
  uncertain BIGINT NOT NULL DEFAULT 0, -- uncertain outcomes: sent again at most once
  lost BIGINT NOT NULL DEFAULT 0,    -- returned in a row because a session ended without any outcome
  code BIGINT,                       -- reply code of the last outcome
  reason TEXT,                       -- reply text, or why not sent
  relay TEXT,
  updated_ms BIGINT NOT NULL,
  UNIQUE (round, step, recipient, contact)
);
-- Not NOT IN: SQLite 3.40 would build that list anew for every row written (a third of the ledger's
-- CPU). Queries repeat the three terms, or the index is not used.
CREATE INDEX delivery_trouble ON delivery (campaign, state, key)
  WHERE state <> 0 AND state <> 5 AND state <> 6;
CREATE INDEX delivery_address ON delivery (address);

-- planner; the ledger deletes a row when its delivery ends, or gives it a new due_ms
CREATE TABLE schedule (
  key @ID,
  due_ms BIGINT NOT NULL, priority BIGINT NOT NULL, campaign BIGINT NOT NULL,
  dispatch BIGINT NOT NULL DEFAULT 0, claimed_ms BIGINT,
  domain TEXT                        -- recipient's domain, for fair shares
);
-- A row stands in one of them. Bulk by campaign: shares are fair and a paused campaign's million
-- rows are not looked at; urgent ones by time alone, since each notice is a campaign of its own.
CREATE INDEX schedule_urgent ON schedule (due_ms, key) WHERE claimed_ms IS NULL AND priority = 0;
CREATE INDEX schedule_bulk ON schedule (campaign, due_ms, key) WHERE claimed_ms IS NULL AND priority > 0;
CREATE INDEX schedule_claimed ON schedule (claimed_ms, key) WHERE claimed_ms IS NOT NULL;

-- ledger: one line per attempt and state
CREATE TABLE history (
  key BIGINT NOT NULL, dispatch BIGINT NOT NULL, state BIGINT NOT NULL,
  time_ms BIGINT NOT NULL, code BIGINT, enhanced TEXT, reason TEXT, relay TEXT, worker TEXT,
  PRIMARY KEY (key, dispatch, state)
) @CLUSTERED;
CREATE INDEX history_time ON history (time_ms, key, dispatch, state); -- `vestnik log`; appended to

-- planner (partition -1) and ledger (its partition): sums are what people see
CREATE TABLE counter (
  campaign BIGINT NOT NULL, part BIGINT NOT NULL, state BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (campaign, part, state)
) @CLUSTERED;

-- planner
CREATE TABLE task_seen (
  source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, accepted_ms BIGINT NOT NULL,
  result TEXT,                       -- accepted, or why it was refused
  PRIMARY KEY (source, id)
) @CLUSTERED;
-- whoever holds the lease; the token only grows (fencing)
CREATE TABLE lease (
  name TEXT PRIMARY KEY, holder TEXT NOT NULL, token BIGINT NOT NULL, expires_ms BIGINT NOT NULL
) @CLUSTERED;

-- ---- relays: written by mailers ------------------------------------------------
CREATE TABLE relay_state (
  relay TEXT PRIMARY KEY,
  window_start_ms BIGINT NOT NULL DEFAULT 0, window_used BIGINT NOT NULL DEFAULT 0, -- quota
  parked_until_ms BIGINT NOT NULL DEFAULT 0, -- quota refused: no probe before
  breaker TEXT NOT NULL DEFAULT 'closed',    -- closed | open | half-open
  reason TEXT, updated_ms BIGINT NOT NULL
) @CLUSTERED;

-- ---- webhooks ------------------------------------------------------------------
-- CLI and console; the notifier sets state and disabled_reason. Every change by people
-- counts up meta 'webhook_revision' in its transaction (webhook/endpoint.h).
CREATE TABLE endpoint (
  id TEXT PRIMARY KEY, url TEXT NOT NULL, events TEXT NOT NULL, -- JSON array of types, [] = all
  state TEXT NOT NULL,               -- active | disabled
  disabled_reason TEXT, concurrency BIGINT NOT NULL, allow_private BIGINT NOT NULL DEFAULT 0,
  campaign TEXT,                     -- only this slug; NULL = all
  created_ms BIGINT NOT NULL, first_failure_ms BIGINT
) @CLUSTERED;
CREATE TABLE endpoint_secret (
  endpoint TEXT NOT NULL, secret TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT,
  PRIMARY KEY (endpoint, created_ms)
) @CLUSTERED;
-- notifier: message = one event for one endpoint; kept for replay, trimmed by age.
-- CLI and console insert test events and make rows due again (webhook/log.h).
CREATE TABLE webhook_message (
  id TEXT NOT NULL, endpoint TEXT NOT NULL, type TEXT NOT NULL, time_ms BIGINT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,               -- pending | delivered | failed
  attempts BIGINT NOT NULL DEFAULT 0, -- made in all; numbers webhook_attempt
  retries BIGINT NOT NULL DEFAULT 0, -- made since the last replay: place in the schedule
  due_ms BIGINT,                     -- NULL: nothing planned
  PRIMARY KEY (endpoint, id)
) @CLUSTERED;
CREATE INDEX webhook_due ON webhook_message (endpoint, due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE webhook_attempt (
  endpoint TEXT NOT NULL, message TEXT NOT NULL, attempt BIGINT NOT NULL, time_ms BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL, status BIGINT, error TEXT, response TEXT,
  PRIMARY KEY (endpoint, message, attempt)
) @CLUSTERED;

-- ---- every daemon, about itself ---------------------------------------------
CREATE TABLE service_instance (
  id TEXT PRIMARY KEY,               -- service@host:pid
  service TEXT NOT NULL, pid BIGINT NOT NULL, started_ms BIGINT NOT NULL, seen_ms BIGINT NOT NULL,
  state TEXT NOT NULL,               -- starting | ready | draining | stopped
  note TEXT, last_trouble TEXT
) @CLUSTERED;
