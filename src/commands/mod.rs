//! What can people say?
