//! What was configured? Read once, at the start; every problem in one message.
