//! Schools: the national register and its links, and the members that alliances make of them.

pub mod members;
pub(crate) mod repo;
