//! Does it work?
