//! What do operators read? One span per door, a log line per story; on stderr, for people or as JSON lines.
//! Never tokens, message text or e-mails.

use std::error::Error;
use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// What went wrong in the end: the layers above it repeat addresses, or print themselves as Rust values.
#[must_use]
pub fn innermost(mut error: &(dyn Error + 'static)) -> String {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// Our story lines; of Temporal's and the database's only what somebody must look at.
pub const FILTER: &str = "info,sqlx=warn,temporalio_client=warn,temporalio_common=warn,temporalio_sdk=warn,temporalio_sdk_core=warn";

/// These print headers and bodies at their lower levels, so `SIGNOFF_LOG` cannot lower them.
const CAPPED: [&str; 8] = [
    "slack_morphism=warn",
    "h2=warn",
    "hyper=warn",
    "hyper_util=warn",
    "reqwest=warn",
    "tonic=warn",
    "tungstenite=warn",
    "tokio_tungstenite=warn",
];

/// Whom the lines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    People,
    Json,
}

/// Starts writing to stderr what `filter` lets through. A second call changes nothing.
///
/// # Errors
/// The filter cannot be read.
pub fn start(filter: &str, format: Format) -> Result<(), ParseError> {
    let ansi = format == Format::People && io::stderr().is_terminal();
    // Somebody else is writing already: in tests, where each starts the parts it needs.
    let _ = subscriber(self::filter(filter)?, format, ansi, io::stderr).try_init();
    Ok(())
}

/// What `SIGNOFF_LOG` lets through, in the words of `RUST_LOG`.
///
/// # Errors
/// It is no list of `target=level`.
pub fn filter(directives: &str) -> Result<EnvFilter, ParseError> {
    CAPPED.iter().try_fold(EnvFilter::builder().parse(directives)?, |filter, capped| {
        Ok(filter.add_directive(capped.parse()?))
    })
}

fn subscriber<W>(
    filter: EnvFilter,
    format: Format,
    ansi: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt().with_env_filter(filter).with_writer(writer).with_ansi(ansi);
    match format {
        Format::People => Box::new(lines.with_target(false).finish()),
        Format::Json => Box::new(lines.json().flatten_event(true).finish()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;
    use tracing::{debug, info, info_span};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("one thread").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(filter: &str, format: Format, story: impl FnOnce()) -> String {
        let paper = Paper::default();
        let to = paper.clone();
        with_default(
            subscriber(self::filter(filter).expect("a filter"), format, false, move || to.clone()),
            story,
        );
        String::from_utf8(paper.0.lock().expect("one thread").clone()).expect("text")
    }

    #[test]
    fn the_lowest_level_still_hides_headers_and_bodies() {
        let lines = written("trace", Format::People, || {
            debug!(target: "h2::codec", "authorization: Bearer xoxb-1");
            debug!(target: "slack_morphism::client", "text: hello");
            debug!(target: "tungstenite::protocol", "received hello");
            debug!(target: "signoff::slack", "posted");
        });
        assert!(
            lines.contains("posted") && !lines.contains("xoxb") && !lines.contains("hello"),
            "{lines}"
        );
    }

    #[test]
    fn a_line_for_machines_has_its_fields_and_its_span() {
        let lines = written(FILTER, Format::Json, || {
            let door = info_span!("command", run.id = "llm-wrapper-k3f9qdx");
            door.in_scope(|| info!(cost_usd = "0.27", "run ended"));
        });
        let line: serde_json::Value = serde_json::from_str(&lines).expect("one JSON document");
        assert_eq!(
            (line["message"].as_str(), line["cost_usd"].as_str()),
            (Some("run ended"), Some("0.27"))
        );
        assert_eq!(line["span"]["run.id"].as_str(), Some("llm-wrapper-k3f9qdx"));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        assert!(filter("signoff=loud").is_err());
    }
}
