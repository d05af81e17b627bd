//! How does Slack speak?
