//! Does a server come back, and do all end in order?

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use tempfile::TempDir;

use super::*;
use crate::local::ready::Ready;

/// Stands in for the hidden subcommand.
const TRAMPOLINE: &str = "#!/bin/sh\nshift 2\nexec \"$@\"\n";

fn spawner(folder: &Path) -> Result<Spawner> {
    let exe = folder.join("signoff");
    fs::write(&exe, TRAMPOLINE)?;
    fs::set_permissions(&exe, fs::Permissions::from_mode(0o755))?;
    Ok(Spawner::new(&exe))
}

fn server(folder: &Path, name: &'static str, (turn, script): (StopOrder, &str)) -> Service {
    Service {
        name,
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![("DIARY", folder.join("diary").into())],
        unset: Vec::new(),
        bare: false,
        log: folder.join("logs").join(name),
        ready: Ready::AtOnce,
        pid_file: None,
        stop: Signal::TERM,
        turn,
    }
}

/// Keeps the supervisor while the test does something to it.
async fn living<T>(act: impl AsyncFnOnce(&Supervisor<'_>, &TempDir) -> Result<T>) -> Result<T> {
    let (folder, console) = (tempfile::tempdir()?, Console::new(Box::new(std::io::sink()), false));
    let (supervisor, arriving) = Supervisor::new(spawner(folder.path())?, &console);
    select! {
        result = act(&supervisor, &folder) => result,
        () = supervisor.keep_all(arriving) => bail!("it never ends by itself"),
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_dead_server_is_started_again() -> Result<()> {
    living(async |supervisor, folder| {
        supervisor.take_in(server(folder.path(), "temporal", (StopOrder::First, "sleep 100")));
        supervisor.all_ready(PATIENCE).await?;
        let first = supervisor.watch().borrow()["temporal"].pid.expect("it is ready");
        signal(first, Signal::KILL);
        let mut watch = supervisor.watch();
        watch.wait_for(|all| all["temporal"].deaths == 1 && all["temporal"].ready).await?;
        supervisor.end_all().await;
        assert!(supervisor.watch().borrow().is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_server_that_never_starts_is_given_up_with_its_last_words() -> Result<()> {
    living(async |supervisor, folder| {
        let hopeless = Service {
            ready: Ready::Http("http://127.0.0.1:9/".to_owned()),
            ..server(folder.path(), "temporal", (StopOrder::First, "echo no luck; exit 3"))
        };
        supervisor.take_in(hopeless);
        let error = supervisor.all_ready(PATIENCE).await.unwrap_err().to_string();
        assert!(error.starts_with("temporal did not start. Its last words, in "), "{error}");
        assert!(error.contains("logs/temporal:\nno luck"), "{error}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_cannot_be_asked_and_never_lives_long_is_given_up_too() -> Result<()> {
    living(async |supervisor, folder| {
        let broken = (StopOrder::First, "echo no such scenario; exit 2");
        supervisor.take_in(server(folder.path(), "worker", broken));
        supervisor.all_ready(PATIENCE).await?;
        supervisor.refuse_hopeless()?;
        let mut watch = supervisor.watch();
        watch.wait_for(|all| all["worker"].deaths == DEATHS_TO_GIVE_UP).await?;
        let error = supervisor.refuse_hopeless().unwrap_err().to_string();
        assert!(error.starts_with("worker did not start"), "{error}");
        assert!(error.contains("no such scenario"), "{error}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_uses_a_server_ends_before_it() -> Result<()> {
    living(async |supervisor, folder| {
        let diary = |name: &str, pause: &str| {
            format!("trap 'sleep {pause}; echo {name} >> $DIARY; exit 0' TERM; echo up >> $DIARY; while :; do sleep 0.01; done")
        };
        supervisor.take_in(server(folder.path(), "postgres", (StopOrder::Last, &diary("postgres", "0"))));
        supervisor.take_in(server(folder.path(), "temporal", (StopOrder::Second, &diary("temporal", "0.1"))));
        supervisor.take_in(server(folder.path(), "serve", (StopOrder::First, &diary("serve", "0.2"))));
        while fs::read_to_string(folder.path().join("diary")).unwrap_or_default().lines().count() < 3 {
            sleep(Duration::from_millis(10)).await;
        }
        supervisor.end_all().await;
        assert_eq!(fs::read_to_string(folder.path().join("diary"))?, "up\nup\nup\nserve\ntemporal\npostgres\n");
        Ok(())
    })
    .await
}
