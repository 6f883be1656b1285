-- What the mail server said when it refused the last mail of an invitation; null when it did not.
set local lock_timeout = '3s';

alter table invitations add column refusal text;
grant update (refusal) on invitations to ensemble_app;
