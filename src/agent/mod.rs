//! Who writes the code?
