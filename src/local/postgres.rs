//! How do we run a Postgres of our own?
//! A private cluster under `$SIGNOFF_HOME/postgres`: loopback only, no socket, a random password. It refuses to run as root,
//! so for root it runs in a user namespace where it is somebody else, or as another user.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::child::{Spawner, last_lines, on_path, run};
use super::console::Console;
use super::machine::{Machine, missing};
use super::postgres_binaries::{self as binaries, Binaries, DEBIAN};
use super::ready::Ready;
use super::service::{Service, StopOrder};
use crate::files::{self, Staging};
use crate::sandbox::{NoBox, Sandbox};

/// The user and the database.
const NAME: &str = "signoff";
const INITDB_PATIENCE: Duration = Duration::from_mins(2);
/// Root in here is nobody special; on disk the files stay root's, so they may lie in a private folder.
const USER_NAMESPACE: [&str; 9] = [
    "--unshare-user",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--dev-bind",
    "/",
    "/",
    "--die-with-parent",
];

/// A cluster that can be started.
pub struct Postgres {
    binaries: Binaries,
    wrapper: Vec<OsString>,
    folder: PathBuf,
    password: String,
}

impl Postgres {
    /// Finds or fetches the programs, and makes the cluster where there is none yet. `sandbox` is waited for where we are root.
    pub async fn prepare(
        machine: &Machine,
        home: &Path,
        console: &Console,
        sandbox: impl Future<Output = Result<Sandbox, NoBox>>,
    ) -> Result<Self> {
        let folder = home.join("postgres");
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
            .context("making the database's folder private")?;
        let made_by = fs::read_to_string(folder.join("data/PG_VERSION"))
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let binaries =
            match binaries::find(machine.path.as_deref(), Path::new(DEBIAN), made_by).await {
                Some(found) => found,
                None => binaries::fetch(&machine.cache, made_by, console).await?,
            };
        let password = password(&folder)?;
        let wrapper = wrapper(machine, &folder, sandbox).await?;
        let postgres = Self { binaries, wrapper, folder, password };
        if made_by.is_none() {
            postgres.make(&Spawner::new(&machine.exe), console).await?;
        }
        Ok(postgres)
    }

    /// Where it will listen.
    pub fn url(&self, port: u16) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{port}/{NAME}", self.password)
    }

    /// The server.
    pub fn service(&self, home: &Path, port: u16) -> Service {
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "logging_collector=off",
        ];
        let (program, mut args) = self.wrapped("postgres");
        args.extend([OsString::from("-D"), self.data(), "-p".into(), port.to_string().into()]);
        args.extend(settings.iter().flat_map(|setting| ["-c".into(), setting.into()]));
        Service {
            name: "postgres",
            program,
            args,
            env: vec![("LC_ALL", "C".into())],
            unset: Vec::new(),
            bare: true,
            log: home.join("logs/postgres.log"),
            ready: Ready::Postgres { port, user: NAME },
            pid_file: Some(self.folder.join("data/postmaster.pid")),
            // "Fast": connections are ended, and everything is written.
            stop: Signal::INT,
            turn: StopOrder::Last,
        }
    }

    fn data(&self) -> OsString {
        self.folder.join("data").into_os_string()
    }

    /// A program of Postgres, inside what makes it not root.
    fn wrapped(&self, name: &str) -> (PathBuf, Vec<OsString>) {
        let mut words =
            self.wrapper.iter().cloned().chain([self.binaries.program(name).into_os_string()]);
        let program = words.next().map(PathBuf::from).unwrap_or_default();
        (program, words.collect())
    }

    /// The cluster appears under its name only when it is whole, with its database.
    async fn make(&self, spawner: &Spawner, console: &Console) -> Result<()> {
        let _step = console.step(format!(
            "Making a database (Postgres {}) in {}",
            self.binaries.major,
            self.folder.display()
        ));
        // Whoever makes it must not be root, so the folder is for initdb to make.
        let staging = Staging::beside(&self.folder.join("data"), Duration::ZERO)
            .context("clearing a database that was never finished")?;
        let mut initdb = self.bare(spawner, "initdb");
        initdb.args([
            "--username",
            NAME,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-locale",
            "--pwfile",
        ]);
        initdb.arg(self.folder.join("password")).arg("-D").arg(staging.path());
        run(initdb, "initdb", INITDB_PATIENCE).await?;
        self.create_database(spawner, staging.path()).await?;
        staging.put().context("putting the database in its place")
    }

    /// Without a client: fetched binaries have none. Postgres' single-user mode reads commands from its input.
    async fn create_database(&self, spawner: &Spawner, data: &Path) -> Result<()> {
        let mut single = self.bare(spawner, "postgres");
        single.arg("--single").arg("-D").arg(data).arg("postgres");
        single.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = single.spawn().context("starting postgres --single")?;
        let mut input = child.stdin.take().context("its input")?;
        input
            .write_all(format!("create database {NAME}\n").as_bytes())
            .await
            .context("asking for a database")?;
        drop(input);
        let output = child.wait_with_output().await.context("waiting for postgres --single")?;
        // It reports an error and still ends well.
        if !output.status.success() || String::from_utf8_lossy(&output.stderr).contains("ERROR") {
            bail!("the database could not be created: {}", last_lines(&output.stderr, 5));
        }
        Ok(())
    }

    fn bare(&self, spawner: &Spawner, name: &str) -> Command {
        let (program, args) = self.wrapped(name);
        let mut command = spawner.command(&program);
        command.env_clear().env("LC_ALL", "C").args(args);
        command
    }
}

/// Random, made once, kept beside the data.
fn password(folder: &Path) -> Result<String> {
    let file = folder.join("password");
    match fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        _ => {
            let fresh = hex::encode(rand::random::<[u8; 24]>());
            files::write_private(&file, format!("{fresh}\n"))
                .with_context(|| format!("writing {}", file.display()))?;
            Ok(fresh)
        }
    }
}

/// What makes a program not root: nothing for an ordinary user.
async fn wrapper(
    machine: &Machine,
    folder: &Path,
    sandbox: impl Future<Output = Result<Sandbox, NoBox>>,
) -> Result<Vec<OsString>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Vec::new());
    }
    let bwrap = match sandbox.await {
        Ok(Sandbox::Bubblewrap { program, .. }) => Some(program),
        // It asks for less than a box does.
        Ok(Sandbox::None) | Err(_) => on_path(machine.path.as_deref(), "bwrap"),
    };
    if let Some(bwrap) = bwrap {
        let mut try_it = Command::new(&bwrap);
        try_it.args(USER_NAMESPACE).arg("true").kill_on_drop(true);
        if run(try_it, "bwrap", Duration::from_secs(10)).await.is_ok() {
            return Ok([bwrap.into_os_string()]
                .into_iter()
                .chain(USER_NAMESPACE.map(Into::into))
                .collect());
        }
    }
    as_another_user(machine, folder).await
}

/// By `setpriv`, which sets the death signal anew: a change of user clears it.
async fn as_another_user(machine: &Machine, folder: &Path) -> Result<Vec<OsString>> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = ["postgres", "nobody"].iter().find_map(|name| user_in(&users, name));
    let (Some((uid, gid)), Some(setpriv)) = (user, on_path(machine.path.as_deref(), "setpriv"))
    else {
        return Err(missing(
            "Postgres refuses to run as root, and neither bwrap nor setpriv can make it somebody else. Set DATABASE_URL, or run as a user.",
        ));
    };
    give(folder, uid, gid)?;
    // They have to pass through, and see nothing.
    fs::set_permissions(&machine.home, fs::Permissions::from_mode(0o711))
        .with_context(|| format!("letting user {uid} through {}", machine.home.display()))?;
    let ids = [
        format!("--reuid={uid}"),
        format!("--regid={gid}"),
        "--clear-groups".to_owned(),
        "--pdeathsig=KILL".to_owned(),
    ];
    let mut try_it = Command::new(&setpriv);
    try_it.args(&ids).args(["test", "-w"]).arg(folder).kill_on_drop(true);
    run(try_it, "setpriv", Duration::from_secs(10)).await.map_err(|_| {
        let folder = folder.display();
        missing(format!(
            "Postgres refuses to run as root, and user {uid} cannot get to {folder}. Set SIGNOFF_HOME to a folder it can enter, or DATABASE_URL."
        ))
    })?;
    Ok([setpriv.into_os_string()].into_iter().chain(ids.map(Into::into)).collect())
}

/// `name:x:uid:gid:…`.
fn user_in(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = users
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?
        .split(':')
        .skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn give(path: &Path, uid: u32, gid: u32) -> Result<()> {
    chown(path, Some(uid), Some(gid))
        .with_context(|| format!("giving {} to user {uid}", path.display()))?;
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).context("reading the database's folder")? {
            give(&entry.context("reading the database's folder")?.path(), uid, gid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:n:/:/x\n";
        assert_eq!(user_in(users, "nobody"), Some((65534, 65533)));
        assert_eq!(user_in(users, "postgres"), None);
    }

    #[test]
    fn the_password_is_made_once_and_private() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let first = password(folder.path())?;
        assert_eq!(password(folder.path())?, first);
        assert_eq!(
            fs::metadata(folder.path().join("password"))?.permissions().mode() & 0o777,
            0o600
        );
        Ok(())
    }
}
