//! Where is the code?
