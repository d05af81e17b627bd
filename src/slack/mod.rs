//! Slack's wire formats and API: how does Slack speak?
//! What came in is verified and parsed here, what goes out is escaped, bounded and rate-limited here. What it means is decided elsewhere.

mod ack;
mod blocks;
mod client;
mod error;
mod escape;
mod inbound;
mod manifest;
mod mrkdwn;
mod rate_limit;
mod response_url;
mod signature;
mod socket;
mod truncate;
mod ts;
mod unescape;
mod visible;

pub use ack::Ack;
pub use blocks::{
    BlockText, Button, Confirm, Field, MOST_CHOICES, Modal, Words, actions, aligned, block_text,
    context, divider, filled_input, fit, header, plainer, pressable, radio, radio_with, section,
    section_with_button, select, table, text_input, words_of,
};
pub use client::{App, Edit, Identity, Member, Picture, Post, SlackApi, SlackApiConfig};
pub use error::SlackError;
pub use escape::escape;
pub use inbound::{
    Click, Deleted, FieldValue, Frame, HomeOpened, Inbound, Malformed, SlashCommand, Surface,
    ThreadMessage, Uninstalled, ViewSubmission,
};
pub use manifest::{BadAddress, Transport, asked_scopes, manifest, manifest_json, slack_url};
pub use mrkdwn::Mrkdwn;
pub use rate_limit::{Priority, Rate, RateLimits, SLACKS_PACE, Turn};
pub use response_url::ResponseUrl;
pub use signature::{SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, Verifier};
pub use slack_morphism::prelude::{SlackBlock, SlackView};
pub use socket::{SocketDelivery, SocketHealth, SocketMode, SocketPatience, Take};
pub use truncate::truncate_plain;
pub use ts::Ts;
pub use unescape::unescape;
pub use visible::one_line;
