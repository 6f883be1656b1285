//! Turns a typed mail into a delivered message.
