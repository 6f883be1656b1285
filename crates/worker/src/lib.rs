//! Runs jobs on time.
