//! How do I try it?
