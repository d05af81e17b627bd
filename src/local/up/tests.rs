//! Does the whole of it start, heal and end?
//! With the machine's own Postgres and small scripts for everything else.

use std::path::Path;

use super::*;

/// A machine with nothing configured.
pub fn machine(folder: &Path, temporal_archive: Url) -> Machine {
    Machine {
        home: folder.join("home"),
        cache: folder.to_owned(),
        path: None,
        exe: folder.join("signoff"),
        database_url: None,
        temporal_address: None,
        temporal_namespace: "default".to_owned(),
        temporal_archive,
        listen: ([127, 0, 0, 1], 8480).into(),
        public_url: None,
        slack_configured: false,
        has_key: false,
        project: "llm-wrapper".to_owned(),
        rehearsal: None,
    }
}

#[test]
fn a_rehearsal_wins_over_a_key() -> Result<()> {
    let plain = machine(Path::new("/x"), Url::parse("http://x/")?);
    let keyed = Machine { has_key: true, ..plain };
    assert_eq!(mode(UpOptions::default(), &keyed), Mode::Real);
    let both = Machine { rehearsal: Some("s.toml".into()), ..keyed };
    assert_eq!(mode(UpOptions::default(), &both), Mode::Rehearsal);
    assert_eq!(
        mode(UpOptions { servers_only: true, ..UpOptions::default() }, &both),
        Mode::Servers
    );
    Ok(())
}

#[test]
fn a_key_and_a_slack_without_a_password_go_together_only_where_that_was_asked_for() -> Result<()> {
    let keyed = Machine { has_key: true, ..machine(Path::new("/x"), Url::parse("http://x/")?) };
    let refused = refuse_early(UpOptions::default(), &keyed).expect_err("nobody asked for it");
    assert!(refused.to_string().contains("--local-slack"), "{refused}");
    assert_eq!(crate::local::exit_code(&refused), 3);
    let asked = UpOptions { local_slack: true, ..UpOptions::default() };
    assert!(refuse_early(asked, &keyed).is_ok());
    let servers = UpOptions { servers_only: true, ..UpOptions::default() };
    assert!(refuse_early(servers, &keyed).is_ok());
    Ok(())
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nobody = Machine {
        database_url: Some("postgres://u:p@127.0.0.1:9/d".into()),
        temporal_address: Some("127.0.0.1:9".into()),
        ..machine(folder.path(), Url::parse("http://x/")?)
    };
    let console = Console::new(Box::new(std::io::sink()), false);
    let options = UpOptions { servers_only: true, ..UpOptions::default() };
    let error = Box::pin(up(options, nobody, console, None)).await.unwrap_err();
    assert_eq!(crate::local::exit_code(&error), 5);
    assert!(error.to_string().contains("127.0.0.1:9, which is in DATABASE_URL"), "{error}");
    Ok(())
}
