//! The doctor's look at the model: does it take our key?
//! Asks which models there are, which costs nothing.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use super::Finding;
use crate::app::parts;
use crate::config::Config;
use crate::local;

/// <https://docs.claude.com/en/api/models-list>
const MODELS: &str = "https://api.anthropic.com/v1/models?limit=1";
const VERSION: &str = "2023-06-01";
const TIMEOUT: Duration = Duration::from_secs(8);
const WHAT: &str = "model";

/// What is to be said about the model.
pub(super) async fn look(config: &Config) -> Finding {
    match &config.anthropic_key {
        Some(key) if !parts::rehearses(config) => says(ask(key, MODELS).await),
        _ => Finding::ok(
            WHAT,
            "rehearsal: a scripted model, no cost (set ANTHROPIC_API_KEY for a real one)",
        ),
    }
}

async fn ask(key: &SecretString, models: &str) -> anyhow::Result<StatusCode> {
    let request = local::client()?
        .get(models)
        .timeout(TIMEOUT)
        .header("x-api-key", key.expose_secret())
        .header("anthropic-version", VERSION);
    Ok(request.send().await.map_err(reqwest::Error::without_url)?.status())
}

fn says(answer: anyhow::Result<StatusCode>) -> Finding {
    match answer {
        Ok(status) if status.is_success() => {
            Finding::ok(WHAT, "the real one takes ANTHROPIC_API_KEY; runs cost money")
        }
        Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Finding::missing(
            WHAT,
            "the real one refuses ANTHROPIC_API_KEY. Correct it, or unset it to rehearse.",
        ),
        Ok(status) => Finding::less(
            WHAT,
            format!("the real one answered {status} to ANTHROPIC_API_KEY. Try again."),
        ),
        Err(e) => Finding::less(
            WHAT,
            format!("whether the real one takes ANTHROPIC_API_KEY could not be tried: {e:#}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;

    async fn models(headers: HeaderMap) -> StatusCode {
        let known = headers.get("x-api-key").is_some_and(|key| key == "sk-good");
        if known { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    }

    async fn line(key: &str) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let models_at = format!("http://{}/models", listener.local_addr()?);
        let router = Router::new().route("/models", get(models));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(says(ask(&key.into(), &models_at).await).line())
    }

    #[tokio::test]
    async fn a_key_is_tried() -> anyhow::Result<()> {
        assert!(line("sk-good").await?.starts_with("✓ model     the real one takes"));
        assert!(line("sk-made-up").await?.starts_with("✗ model     the real one refuses"));
        let nowhere = says(ask(&"sk-good".into(), "http://127.0.0.1:1/").await).line();
        assert!(nowhere.starts_with("~ model") && nowhere.contains("could not be tried"));
        Ok(())
    }
}
