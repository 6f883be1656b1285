//! Placeholder while composing.
