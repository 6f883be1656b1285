//! Turns a typed document into a PDF.
