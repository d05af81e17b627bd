//! Access to a model: how does an agent in a box reach one?
//! By a socket of its attempt alone, without network or key; what the variables say is worth nothing elsewhere.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::sandbox::Sandbox;

const INSIDE: &str = "/run/model.sock";

/// A way to the models, which are asked there by the API of their provider.
#[derive(Clone, Debug)]
pub struct ModelAccess {
    pub socket: PathBuf,
    /// By which an agent shows who asks.
    pub token: SecretString,
}

impl ModelAccess {
    /// What is seen in the box, and where.
    pub(super) fn mount(&self) -> (PathBuf, PathBuf) {
        (self.socket.clone(), PathBuf::from(INSIDE))
    }

    /// By which Claude Code finds it, and so does whoever reads them.
    pub(super) fn variables(&self, sandbox: &Sandbox) -> [(&'static str, String); 3] {
        let socket = sandbox.inside(&self.socket, Path::new(INSIDE));
        [
            ("ANTHROPIC_UNIX_SOCKET", socket.display().to_string()),
            // Never used, but programs want an address.
            ("ANTHROPIC_BASE_URL", "http://localhost:9".to_owned()),
            ("ANTHROPIC_API_KEY", self.token.expose_secret().to_owned()),
        ]
    }
}
