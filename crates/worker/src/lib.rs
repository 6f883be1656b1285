//! Runs jobs on time: the registry of bodies, the schedule, and the process that works through the queue.
//!
//! apalis runs the workers; where work comes from and where outcomes go is ours (`backend`, `claim`, `settle`), over
//! the rows and leases of [`domain::jobs::queue`].
//!
//! # The life of a job
//!
//! `claim` takes due rows under leases into a small buffer; apalis hands them to `registry`, which decodes the
//! payload, runs the body within its time limit and turns whatever happens into an outcome; `settle` writes outcomes
//! in batches, and renews the leases of everything held meanwhile.

mod backend;
pub mod bodies;
mod claim;
mod held;
mod listen;
mod metrics;
mod registry;
mod run;
pub mod schedule;
mod settle;
mod upkeep;

pub use held::Timing;
pub use registry::{JobContext, JobError, Registry};
pub use run::{RunError, WorkerOptions, run};
