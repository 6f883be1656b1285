//! The job layer broken on purpose. Every experiment ends by counting rows.

mod bodies;
mod database;
mod failures;
mod fairness;
mod mail;
mod plans;
mod processes;
mod queue;
mod schedule;
mod shutdown;
mod world;
