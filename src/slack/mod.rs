//! How does Slack speak?
//! What came in is verified and parsed here, what goes out is escaped, bounded and paced here. What it means is nobody's business here.

mod blocks;
mod client;
mod cut;
mod error;
mod inbound;
mod pacing;
mod response_url;
mod signature;
mod text;
mod ts;

pub use blocks::{Button, Confirm, Style, actions, context, divider, fields, fit, header, message_text, preformatted, section, section_with_button};
pub use client::{App, Edit, Identity, Member, Post, SlackApi, SlackApiConfig};
pub use cut::cut;
pub use error::SlackError;
pub use inbound::{Answer, Click, Frame, HomeOpened, Inbound, Malformed, SlashCommand, Surface, ThreadMessage, Uninstalled, ViewSubmission};
pub use pacing::{Pacing, Priority, Rate};
pub use response_url::ResponseUrl;
pub use signature::{SIGNATURE_HEADER, SignatureError, TIMESTAMP_HEADER, Verifier};
pub use slack_morphism::prelude::SlackBlock;
pub use text::{Mrkdwn, escape, heard};
pub use ts::Ts;
