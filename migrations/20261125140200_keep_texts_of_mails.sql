-- The text part of each mail as it was composed, so that an office can answer "what did you send us?". Empty for mails of
-- before.
alter table deliveries add column mail_text text;
grant update (mail_text) on deliveries to ensemble_app;
