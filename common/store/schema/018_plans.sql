-- Plans of work: road maps made into campaigns, and what is published of campaigns.

-- ---- road maps: `vestnik roadmap …` (later the console) -----------------------------

-- What a «responsible» text of a plan means; people said it once.
CREATE TABLE responsible (
  text_key TEXT PRIMARY KEY,         -- roadmap/responsible.h responsible_key(text)
  text TEXT NOT NULL,                -- as it was given
  kind TEXT NOT NULL,                -- recipients | department | nobody | open (an import met it, nobody has said)
  keys TEXT NOT NULL DEFAULT '[]',   -- recipients: JSON array of organisation.key
  department TEXT,                   -- department: its name; gets no letters, staff note its results
  actor TEXT, updated_ms BIGINT NOT NULL
) @CLUSTERED;

-- The steps of a plan that was made into a campaign, one row per occurrence («ежемесячно»: one a
-- month). Written at the import, before the campaign is launched: hence the slug.
CREATE TABLE roadmap_step (
  campaign TEXT NOT NULL, number BIGINT NOT NULL, -- campaign.slug; from 1
  place TEXT NOT NULL,               -- JSON {"table":1,"row":4} of the document
  label TEXT NOT NULL DEFAULT '',    -- «за сентябрь 2018 года» where a step recurs
  section TEXT NOT NULL, title TEXT NOT NULL, result TEXT NOT NULL,
  term TEXT NOT NULL, responsible TEXT NOT NULL, -- as written in the plan
  begin_day BIGINT, end_day BIGINT, answer_day BIGINT, -- calendar/day.h; NULL = not said
  keys TEXT NOT NULL,                -- JSON array: organisations that are asked
  departments TEXT NOT NULL,         -- JSON array: own departments, who are not
  before_round BIGINT, ask_round BIGINT, -- round.number of its letters; NULL = none
  -- what staff noted, where nobody is asked or somebody has said it otherwise
  mark TEXT,                         -- done | moved | failed; NULL = nothing
  mark_day BIGINT,                   -- moved: to when
  mark_note TEXT, mark_actor TEXT, mark_ms BIGINT,
  PRIMARY KEY (campaign, number)
) @CLUSTERED;

-- ---- publishing: planner, in the transaction that opens the round -----------------
-- What stands on the public page of a campaign, and in the feed. A draft is never here.
CREATE TABLE publication (
  campaign BIGINT NOT NULL, round BIGINT NOT NULL, -- round.number
  published_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,        -- a mended text, a postponed deadline
  feed BIGINT NOT NULL,              -- 1: an entry of the feed, too
  PRIMARY KEY (campaign, round)
) @CLUSTERED;
CREATE INDEX publication_feed ON publication (published_ms, campaign, round) WHERE feed = 1;
