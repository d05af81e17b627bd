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
        temporal_namespace: None,
        temporal_archive,
        listen: ([127, 0, 0, 1], 8480).into(),
        public_url: None,
        slack_configured: false,
        has_key: false,
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

#[tokio::test]
async fn a_database_that_does_not_answer_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nobody = Machine {
        database_url: Some("postgres://u:p@127.0.0.1:9/d".into()),
        temporal_address: Some("127.0.0.1:9".into()),
        ..machine(folder.path(), Url::parse("http://x/")?)
    };
    let voice = Console::new(Box::new(std::io::sink()), false);
    let options = UpOptions { servers_only: true, ..UpOptions::default() };
    let error = Box::pin(up(options, nobody, voice, None)).await.unwrap_err();
    assert_eq!(crate::local::exit_code(&error), 5);
    assert!(error.to_string().contains("127.0.0.1:9, which is in DATABASE_URL"), "{error}");
    Ok(())
}

#[test]
fn what_confines_is_told_and_what_follows_where_nothing_does() {
    let none = Err(NoBox::Missing("why".to_owned()));
    let told = |mode, no_sandbox| confinement(&none, mode, no_sandbox);
    assert_eq!(told(Mode::Rehearsal, false), "none: why; agents and checks run unconfined");
    assert_eq!(told(Mode::Real, true), told(Mode::Rehearsal, false));
    assert_eq!(
        told(Mode::Real, false),
        "none: why; checks run unconfined, and the real model is refused without --no-sandbox"
    );
    let (program, version) = ("/x/bwrap".into(), "bubblewrap 0.8.0".to_owned());
    let one = Ok(Sandbox::Bubblewrap { program, version });
    assert_eq!(confinement(&one, Mode::Real, false), "bubblewrap 0.8.0 at /x/bwrap");
}
