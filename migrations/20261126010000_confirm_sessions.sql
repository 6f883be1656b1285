-- When the person of a session last confirmed that it is them; null as long as signing in was the last proof.
alter table sessions add column confirmed_at timestamptz;
