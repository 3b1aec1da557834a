-- The planner writes it with the row; the mailer looks at it before it sends.
ALTER TABLE delivery ADD COLUMN reminds BIGINT; -- ask.id this letter reminds of: it goes only while that is open; NULL: no reminder
-- planner: a deadline that was moved, instead of the definition's: {"deadline":{…},"collect":{…}?}
ALTER TABLE round ADD COLUMN postponed TEXT;
-- planner: what a change of a launched campaign has still to do (planner/job.h); step is -3 then.
ALTER TABLE expand ADD COLUMN job TEXT;
