-- The loop: what is asked, what came back, what happens when. Times are milliseconds since 1970
-- UTC; flags are 0 or 1; JSON stands in TEXT. `organisation` is organisation.id.

-- ---- rounds: planner ----------------------------------------------------------
-- One occurrence of what is told or asked: the only one of a simple campaign, a month of a
-- recurring ask, a stage of a series, a step of a road map. number: as in definition.rounds.
-- label: «за сентябрь 2022 года», the stage's title.
-- starts_ms of a draft (a stage without a date) means nothing.
ALTER TABLE round ADD COLUMN state TEXT NOT NULL DEFAULT 'open'; -- draft | planned | open | closed | withdrawn
ALTER TABLE round ADD COLUMN reported_ms BIGINT;                  -- its report has gone out

-- What is going to happen to a round: planner (computed by campaign/plan.h, moved by the due loop).
CREATE TABLE plan (
  id @ID,
  campaign BIGINT NOT NULL, round BIGINT NOT NULL,
  kind TEXT NOT NULL,                -- open | reminder | close | escalation | report
  step BIGINT NOT NULL,              -- reminder: delivery.step; escalation: index in ask.escalate; else 0
  level BIGINT NOT NULL,             -- reminder, close: of the asks it is about; else 0
  place TEXT NOT NULL,               -- reminder: time zone of the recipients it is for; else ''
  due_ms BIGINT NOT NULL,
  cursor BIGINT NOT NULL DEFAULT 0,  -- reminder: last ask.id decided
  state TEXT NOT NULL,               -- planned | done | overtaken | withdrawn
  reason TEXT,                       -- for people: why at this moment, or why not at all
  done_ms BIGINT, letters BIGINT NOT NULL DEFAULT 0, -- what came of it
  UNIQUE (round, kind, step, level, place)
);
CREATE INDEX plan_due ON plan (due_ms, id) WHERE state = 'planned';
CREATE INDEX plan_campaign ON plan (campaign, due_ms, id);

-- ---- asks ---------------------------------------------------------------------
-- The planner inserts them with the first letters and withdraws them; from then on whoever records
-- an answer (answer/answer.h) changes them; the ledger sets trouble for bounces.
CREATE TABLE ask (
  id @ID,
  campaign BIGINT NOT NULL, round BIGINT NOT NULL, organisation BIGINT NOT NULL,
  level BIGINT NOT NULL DEFAULT 0,   -- 0 asked by the ministry; 1 collected through a parent
  parent BIGINT,                     -- level 1: the ask that sums it up
  place TEXT NOT NULL,               -- its time zone: whose reminders it gets
  deadline_ms BIGINT,
  state TEXT NOT NULL,               -- open | received | partial | confirmed | withdrawn
  trouble BIGINT NOT NULL DEFAULT 0, -- bits: ASK_TROUBLE_… of answer/answer.h
  answer BIGINT,                     -- answer.id that counts; NULL = none
  versions BIGINT NOT NULL DEFAULT 0, -- answers so far: numbers the next one
  opened_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
  UNIQUE (round, organisation)
);
CREATE INDEX ask_silent ON ask (round, level, place, id) WHERE state = 'open';
CREATE INDEX ask_parent ON ask (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX ask_organisation ON ask (organisation, id);

-- portal, intake, CLI, console; only through answer/answer.h, which writes the event, too
CREATE TABLE answer (
  id @ID,
  ask BIGINT NOT NULL, version BIGINT NOT NULL, -- from 1
  way TEXT NOT NULL,                 -- form | reply | mail | sheet | cascade | staff | phone | import
  state TEXT NOT NULL,               -- proposed | counts | differs | superseded | refused
  fields TEXT NOT NULL,              -- JSON object by field name (answer/field.h); {} = nothing but «received»
  missing TEXT NOT NULL DEFAULT '[]', -- JSON array: required fields without a value
  name TEXT, phone TEXT, address TEXT, -- who says it
  actor TEXT,                        -- staff who entered or decided it
  note TEXT,                         -- the reason of a change; the words of a reply
  late BIGINT NOT NULL DEFAULT 0,    -- received after the deadline
  received_ms BIGINT NOT NULL, recorded_ms BIGINT NOT NULL,
  mail BIGINT,                       -- mail_in.id it came with
  UNIQUE (ask, version)
);
CREATE TABLE answer_file (
  answer BIGINT NOT NULL, position BIGINT NOT NULL,
  field TEXT, name TEXT NOT NULL, media_type TEXT, size BIGINT NOT NULL,
  hash TEXT NOT NULL,                -- blob.hash
  PRIMARY KEY (answer, position)
) @CLUSTERED;

-- The planner inserts who is expected; the portal (or staff) notes that it was done.
CREATE TABLE acknowledgement (
  id @ID,
  campaign BIGINT NOT NULL, round BIGINT NOT NULL,
  organisation BIGINT NOT NULL,      -- 0: a person named in campaign.yaml
  position BIGINT NOT NULL,          -- order on the sheet
  name TEXT NOT NULL, title TEXT, address TEXT, -- title: the person's position
  time_ms BIGINT,                    -- NULL = expected
  way TEXT,                          -- button | staff
  actor TEXT,
  UNIQUE (round, organisation, position)
);

-- ---- mail that came back: intake; staff change state, ask and note ---------------
CREATE TABLE mail_in (
  id @ID,
  hash TEXT NOT NULL UNIQUE,         -- SHA-256 of the message: what comes twice counts once
  mailbox TEXT NOT NULL, received_ms BIGINT NOT NULL, recorded_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,                -- intake/finding.h mail_kind_name
  address TEXT, name TEXT, subject TEXT, -- of the sender, as claimed
  delivery BIGINT, ask BIGINT,       -- what it is about; NULL = not known
  matched TEXT NOT NULL,             -- intake/match.h match_way_name
  trusted BIGINT NOT NULL DEFAULT 0, -- the recipient's own contact, DMARC passed
  state TEXT NOT NULL,               -- applied | review | settled | ignored
  words TEXT,                        -- the writer's own, cut
  raw TEXT,                          -- blob.hash of the message; NULL = not kept
  note TEXT
);
CREATE INDEX mail_in_review ON mail_in (id) WHERE state = 'review';
CREATE INDEX mail_in_ask ON mail_in (ask, id) WHERE ask IS NOT NULL;
-- how far an IMAP mailbox was read, in the transaction of what it brought
CREATE TABLE mailbox (
  name TEXT PRIMARY KEY, uidvalidity BIGINT NOT NULL DEFAULT 0, uid BIGINT NOT NULL DEFAULT 0,
  seen_ms BIGINT NOT NULL DEFAULT 0, trouble TEXT
) @CLUSTERED;
-- at most one receipt per ask and day
CREATE TABLE receipt (
  ask BIGINT NOT NULL, day BIGINT NOT NULL, -- days since 1970 in UTC
  PRIMARY KEY (ask, day)
) @CLUSTERED;
