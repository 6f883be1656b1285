//! What the one binary does.
//!
//! | command | what it is |
//! |---|---|
//! | `up` (or none) | everything in one process, on an embedded default for what the environment does not name |
//! | `gateway`, `worker` | one half of it each, over a shared database |
//! | `migrate` | the schema brought up to date, as its owner |
//! | `import` | the national register's files taken in |
//! | `seed` | the demo, into an empty database |
//! | `doctor` | what is in order and what to do |
//! | `operator` | the deployment's own work: what has failed is run again or discarded |
//! | `schema` | the GraphQL schema, printed |

pub mod cli;
pub mod config;
pub mod data_dir;
pub mod database;
pub mod doctor;
pub mod embedded;
pub mod http;
pub mod import;
pub mod node;
pub mod operator;
pub mod seed;
pub mod stop;
pub mod store;
pub mod telemetry;
mod trusted;
pub mod up;
