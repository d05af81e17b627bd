//! What do operators read? One span per door, a log line per story.
