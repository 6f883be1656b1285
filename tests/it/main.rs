//! The product, driven from outside: through HTTP, as a named role, over a real Postgres and a real mail server.

mod arrows;
mod catalogue;
mod main_job;
mod operations;
mod roles;
mod schema;
mod walls;
