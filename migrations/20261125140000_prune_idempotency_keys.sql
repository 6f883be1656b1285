-- A key is worth something for 72 hours; then its alliance deletes it.
grant delete on idempotency_keys to ensemble_app;
