//! Does a server answer yet?

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::fetch::client;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A server that is not there yet answers not at all, or late.
const PATIENCE: Duration = Duration::from_secs(2);

/// How one sees that a server is ready.
#[derive(Clone, Debug)]
pub enum Ready {
    /// When it was started: there is nothing to ask.
    AtOnce,
    /// Postgres asks for a password.
    Postgres { port: u16, user: &'static str },
    /// This address answers 200.
    Http(String),
}

impl Ready {
    /// Whether it is seen, and not only believed.
    pub const fn is_seen(&self) -> bool {
        !matches!(self, Self::AtOnce)
    }

    /// Returns when it is.
    pub async fn wait(&self) {
        while !timeout(PATIENCE, self.look()).await.unwrap_or(false) {
            sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self) -> bool {
        match self {
            Self::AtOnce => true,
            Self::Postgres { port, user } => asks_for_password(*port, user).await.unwrap_or(false),
            Self::Http(url) => match client() {
                Ok(client) => {
                    client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
                }
                Err(_) => false,
            },
        }
    }
}

/// While Postgres starts or recovers it takes connections and answers with an error ('E'); ready, it asks who we are ('R').
async fn asks_for_password(port: u16, user: &str) -> std::io::Result<bool> {
    const PROTOCOL_3: u32 = 196_608;
    let mut body = PROTOCOL_3.to_be_bytes().to_vec();
    body.extend_from_slice(format!("user\0{user}\0database\0{user}\0\0").as_bytes());
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    server.write_all(&length.to_be_bytes()).await?;
    server.write_all(&body).await?;
    Ok(server.read_u8().await? == b'R')
}

/// Whether anything listens at `host:port`.
pub async fn listens(address: &str) -> bool {
    timeout(PATIENCE, TcpStream::connect(address)).await.is_ok_and(|answer| answer.is_ok())
}
