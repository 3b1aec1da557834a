-- Console and REST API: who may do what, what was done, campaigns that are being written.
-- Times are milliseconds since 1970 UTC; flags are 0 or 1; JSON stands in TEXT.

-- ---- who: account/account.h, account/session.h, account/api_key.h --------------------
CREATE TABLE account (
  id @ID,
  login TEXT NOT NULL UNIQUE,        -- lower case: what is typed in and what the audit log names
  name TEXT NOT NULL,                -- the person, as shown
  role TEXT NOT NULL,                -- account/role.h
  password TEXT NOT NULL,            -- argon2id (libsodium crypto_pwhash_str); '' = nobody can log in
  must_change BIGINT NOT NULL DEFAULT 0, -- the password was given out by somebody else
  active BIGINT NOT NULL DEFAULT 1,
  address TEXT,                      -- where notices to this person go
  lang TEXT,                         -- ru | en; NULL = the browser's
  failures BIGINT NOT NULL DEFAULT 0, -- wrong passwords in a row
  locked_until_ms BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL, created_by TEXT, used_ms BIGINT
);
CREATE TABLE account_session (
  hash TEXT PRIMARY KEY,             -- SHA-256 of the cookie: a copy of the store opens no session
  account BIGINT NOT NULL,
  created_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL,
  origin TEXT NOT NULL               -- address it was opened from
) @CLUSTERED;
CREATE INDEX account_session_account ON account_session (account);
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,               -- stands in the key: vk_<id>_<secret>
  name TEXT NOT NULL,
  hash TEXT NOT NULL,                -- SHA-256 of the secret
  scopes TEXT NOT NULL,              -- JSON array of rights (account/role.h)
  senders TEXT NOT NULL DEFAULT '[]', -- JSON array: From addresses it may use; [] = all
  created_ms BIGINT NOT NULL, created_by TEXT NOT NULL, expires_ms BIGINT, -- NULL = never
  used_ms BIGINT, revoked_ms BIGINT
) @CLUSTERED;

-- ---- what was done: audit/audit.h, the only writer ---------------------------------
-- Append-only. mac = HMAC over the mac before it and all columns of this row, with a key that is not
-- in the store. What names persons stands beside the chain, which holds its salted hash: it can be
-- erased and the chain still holds.
CREATE TABLE audit_entry (
  number BIGINT PRIMARY KEY,         -- 1, 2, 3 … without gaps
  time_ms BIGINT NOT NULL,
  actor TEXT NOT NULL,               -- console/ivanova, api/<key id>, cli/root@host, vestnik/planner
  origin TEXT NOT NULL,              -- address it came from; '' = this machine
  action TEXT NOT NULL,              -- campaign.launch, answer.correct, account.create …
  subject TEXT NOT NULL,             -- what it was done to: campaign:flagships-2023, delivery:17
  facts TEXT NOT NULL,               -- JSON without personal data
  detail TEXT NOT NULL,              -- salted hash of audit_detail.detail; '' = there is none
  mac TEXT NOT NULL
) @CLUSTERED;
CREATE INDEX audit_subject ON audit_entry (subject, number);
CREATE INDEX audit_actor ON audit_entry (actor, number);
CREATE TABLE audit_detail (
  number BIGINT PRIMARY KEY, salt TEXT NOT NULL, detail TEXT NOT NULL -- JSON; the row is deleted by an erasure
) @CLUSTERED;
-- One row (id 1), made with the first entry: a new store is empty, so that another can be copied into it.
CREATE TABLE audit_head (id BIGINT PRIMARY KEY, number BIGINT NOT NULL, mac TEXT NOT NULL);

-- ---- a second person's word: console and CLI; the planner looks at it at the launch -----
CREATE TABLE approval (
  campaign TEXT NOT NULL, content_hash TEXT NOT NULL, -- slug; of exactly this content
  requested_by TEXT NOT NULL, requested_ms BIGINT NOT NULL,
  state TEXT NOT NULL,               -- asked | approved | refused
  decided_by TEXT, decided_ms BIGINT, note TEXT,
  PRIMARY KEY (campaign, content_hash)
) @CLUSTERED;

-- ---- campaigns being written: compose/compose.h, the only writer --------------------
CREATE TABLE composition (
  slug TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  form TEXT NOT NULL,                -- JSON: what the pages ask for, compose/form.h
  version BIGINT NOT NULL,           -- counts up with every change: two people do not overwrite each other
  owner TEXT NOT NULL,               -- actor who began it
  changed_by TEXT NOT NULL, created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL
) @CLUSTERED;
CREATE TABLE composition_file (
  slug TEXT NOT NULL, name TEXT NOT NULL, -- as the folder has it: letter.md, data/schools.csv
  media_type TEXT, size BIGINT NOT NULL, hash TEXT NOT NULL, -- blob.hash
  PRIMARY KEY (slug, name)
) @CLUSTERED;

-- ---- REST: a request that was answered is answered the same again -----------------------
CREATE TABLE api_request (
  api_key TEXT NOT NULL, key TEXT NOT NULL, -- Idempotency-Key
  fingerprint TEXT NOT NULL,         -- SHA-256 of method, path and body
  status BIGINT NOT NULL,            -- 0: it is being worked on
  location TEXT, body TEXT,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (api_key, key)
) @CLUSTERED;
CREATE INDEX api_request_time ON api_request (time_ms);

-- ---- personal data: person/person.h ----------------------------------------------
-- That a person was erased: no name, only what was done.
CREATE TABLE erasure (
  id @ID, time_ms BIGINT NOT NULL, actor TEXT NOT NULL,
  person TEXT NOT NULL,              -- salted hash of the address: «was this one erased?» can be answered
  reason TEXT NOT NULL, counts TEXT NOT NULL -- JSON: rows changed by table
);
