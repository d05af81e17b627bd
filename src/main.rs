//! Signoff's program.

fn main() {}
