-- Who still points to a blob is asked for each row that goes (blob.h): of a hundred thousand mails that must not be a scan.
CREATE INDEX mail_in_raw ON mail_in (raw) WHERE raw IS NOT NULL;
CREATE INDEX answer_file_hash ON answer_file (hash);
CREATE INDEX campaign_file_hash ON campaign_file (hash);
CREATE INDEX composition_file_hash ON composition_file (hash);
