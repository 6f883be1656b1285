-- An alliance may ask everybody who enters it for a second step at sign-in.
set local lock_timeout = '3s';
alter table alliances add column requires_second_step boolean not null default false;
grant update (requires_second_step) on alliances to ensemble_app;
