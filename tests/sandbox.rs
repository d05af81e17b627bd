//! Does the box hold?
//! Whether one can be built at all is known only when it is tried. So this is a program of its own, with a runner that can say so:
//! where the kernel refuses, its tests are reported as ignored, with the reason. A bubblewrap that is not here is got first.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{ExitCode, Output};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Completion, Trial};
use signoff::checks::{CheckSpec, check};
use signoff::config::Config;
use signoff::run::{PipelineText, Stage};
use signoff::sandbox::{BoxSpec, Network, NoBox, Sandbox, end};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

macro_rules! trials {
    ($($test:ident),* $(,)?) => { vec![$(trial(stringify!($test), $test)),*] };
}

fn main() -> ExitCode {
    let trials = trials![
        only_work_and_home_are_written,
        the_rest_of_the_machine_is_not_there,
        the_users_own_files_are_not_there,
        a_closed_box_has_no_network_but_its_own,
        the_environment_is_clean,
        the_kernels_settings_are_read_only,
        sockets_and_read_only_paths_are_seen_where_they_were_put,
        the_machines_tools_work,
        a_killed_box_leaves_nothing,
        an_ended_box_is_gone_when_end_returns,
        a_dropped_command_dies,
        a_box_dies_with_the_thread_that_started_it,
        a_stop_ends_all_that_checks_started,
        only_setup_has_the_network,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<Test, Done>(name: &str, test: Test) -> Trial
where
    Test: FnOnce(Sandbox) -> Done + Send + 'static,
    Done: Future<Output = Result<()>>,
{
    Trial::ignorable_test(name, || {
        let sandbox = match sandbox() {
            Ok(sandbox) => sandbox,
            Err(NoBox::Forbidden(why)) => return Ok(Completion::ignored_with(why)),
            Err(why @ NoBox::Missing(_)) => return Err(why.into()),
        };
        runtime().block_on(test(sandbox)).map_err(|error| format!("{error:#}"))?;
        Ok(Completion::Completed)
    })
}

/// The one that `up` would get, once for all tests.
fn sandbox() -> Result<Sandbox, NoBox> {
    static SANDBOX: OnceLock<Result<Sandbox, NoBox>> = OnceLock::new();
    let find = || {
        let cache = Config::from_process().expect("a configuration").cache;
        runtime().block_on(Sandbox::find_or_install(&cache, &|line| eprintln!("{line}")))
    };
    SANDBOX.get_or_init(find).clone()
}

/// Of the thread it is called on: a box dies with the thread that started it.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A machine's corner: a folder to work in, a HOME, and a secret beside them.
struct Corner {
    root: TempDir,
    spec: BoxSpec,
    sandbox: Sandbox,
}

impl Corner {
    fn of(sandbox: Sandbox, network: Network) -> Result<Self> {
        let root = TempDir::new()?;
        let (work, home) = (root.path().join("runs/a/work"), root.path().join("runs/a/home"));
        fs::create_dir_all(&work)?;
        fs::create_dir_all(&home)?;
        fs::write(root.path().join("up.json"), "database_url")?;
        let spec = BoxSpec { work, home, read_only: vec![], sockets: vec![], env: vec![], network };
        Ok(Self { root, spec, sandbox })
    }

    fn closed(sandbox: Sandbox) -> Result<Self> {
        Self::of(sandbox, Network::Closed)
    }

    async fn runs(&self, program: &str, script: &str) -> Result<Output> {
        Ok(self.sandbox.command(&self.spec, Path::new(program), &["-c", script]).output().await?)
    }

    async fn says(&self, script: &str) -> Result<String> {
        let output = self.runs("sh", script).await?;
        Ok(String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?)
    }
}

async fn only_work_and_home_are_written(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    assert_eq!(
        corner.says("pwd; echo $HOME; echo made > made; echo kept > ~/kept").await?,
        format!("{}\n/home/agent\n", corner.spec.work.display())
    );
    assert_eq!(fs::read_to_string(corner.spec.work.join("made"))?, "made\n");
    assert_eq!(fs::read_to_string(corner.spec.home.join("kept"))?, "kept\n");
    let refused = corner.says("touch /x; touch /usr/x; touch /etc/x; touch /home/x").await?;
    assert_eq!(refused.matches("Read-only file system").count(), 4, "{refused}");
    Ok(())
}

async fn the_rest_of_the_machine_is_not_there(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let root = corner.root.path().display();
    let seen = corner
        .says(&format!(
            "ls {root} {root}/runs/a; ls -d /work /sys /var /etc/shadow /etc/ssl/private; ls -A ~"
        ))
        .await?;
    assert!(!seen.contains("up.json"), "{seen}");
    assert_eq!(seen.matches("cannot access").count(), 5, "{seen}");
    let escaped = corner.runs("sh", &format!("touch {root}/escaped")).await?;
    assert!(
        escaped.status.success() && !corner.root.path().join("escaped").exists(),
        "it wrote to the box's own /tmp"
    );
    Ok(())
}

async fn the_users_own_files_are_not_there(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::of(sandbox, Network::Open)?;
    let home = std::env::home_dir().context("a home")?;
    let seen = corner.says(&format!("ls -A {0} {0}/.cargo 2>/dev/null", home.display())).await?;
    for name in [".npmrc", ".gitconfig", ".ssh", "credentials", "config.toml", "registry"] {
        assert!(!seen.contains(name), "{name} in {seen}");
    }
    Ok(())
}

async fn a_closed_box_has_no_network_but_its_own(sandbox: Sandbox) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let reach = format!("exec 3<>/dev/tcp/127.0.0.1/{}", listener.local_addr()?.port());
    let closed = Corner::closed(sandbox.clone())?;
    assert!(!closed.runs("bash", &reach).await?.status.success());
    assert_eq!(
        closed.says("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '").await?,
        "lo\n"
    );
    let open = Corner::of(sandbox, Network::Open)?;
    assert!(open.runs("bash", &reach).await?.status.success());
    Ok(())
}

async fn the_environment_is_clean(sandbox: Sandbox) -> Result<()> {
    let mut corner = Corner::closed(sandbox)?;
    corner.spec.env = vec![("CI".into(), "1".into())];
    let names = corner.says("env | cut -d= -f1 | sort | tr '\\n' ' '").await?;
    let allowed =
        ["CI", "HOME", "LANG", "PATH", "PWD", "RUSTUP_HOME", "TERM", "TZ", "_", "OLDPWD", "SHLVL"];
    assert!(names.split_whitespace().all(|name| allowed.contains(&name)), "{names}");
    assert!(names.contains("CI ") && names.contains("PATH "), "{names}");
    Ok(())
}

async fn the_kernels_settings_are_read_only(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    // Written back as it was, so that a box that leaks does no harm.
    let refused = corner.says("cat /proc/sys/kernel/core_pattern > p && cat p > /proc/sys/kernel/core_pattern; grep CapEff /proc/self/status").await?;
    assert!(refused.contains("Read-only file system"), "{refused}");
    assert!(refused.contains("0000000000000000"), "{refused}");
    Ok(())
}

async fn sockets_and_read_only_paths_are_seen_where_they_were_put(sandbox: Sandbox) -> Result<()> {
    let mut corner = Corner::closed(sandbox)?;
    let (socket, tool) = (corner.root.path().join("meter.sock"), corner.root.path().join("tool"));
    let listener = UnixListener::bind(&socket)?;
    fs::write(&tool, "hammer")?;
    corner.spec.sockets = vec![(socket.clone(), "/run/model.sock".into())];
    corner.spec.read_only = vec![(tool, "/opt/tool".into())];
    let client =
        "require(\"net\").connect(\"/run/model.sock\").write(\"hello\", () => process.exit())";
    let said =
        corner.says(&format!("cat /opt/tool; echo x > /opt/tool; node -e '{client}'")).await?;
    assert!(said.starts_with("hammer") && said.contains("Read-only"), "{said}");
    listener.set_nonblocking(true)?;
    listener.accept().context(said)?;
    let inside = Path::new("/run/model.sock");
    assert_eq!(corner.sandbox.inside(&socket, inside), inside);
    assert_eq!(Sandbox::None.inside(&socket, inside), socket);
    Ok(())
}

async fn the_machines_tools_work(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let path = signoff::sandbox::search_path();
    for tool in ["node", "npm", "git", "cargo", "python3", "go"] {
        // Some are not needed for a try.
        let here = std::env::split_paths(&path).any(|folder| folder.join(tool).exists());
        let version = if tool == "go" { "version" } else { "--version" };
        let output = corner.runs("sh", &format!("{tool} {version}")).await?;
        assert_eq!(output.status.success(), here, "{tool}: {output:?}");
    }
    Ok(())
}

/// Starts a grandchild in a session of its own that would write to `beat` for ever, and waits until it does.
async fn escapee(corner: &Corner) -> Result<tokio::process::Child> {
    let script = "setsid nohup sh -c 'while :; do echo x >> beat; sleep 0.02; done' >/dev/null 2>&1 & sleep 60";
    let child = corner.sandbox.command(&corner.spec, Path::new("sh"), &["-c", script]).spawn()?;
    begins_to_beat(&corner.spec.work).await;
    Ok(child)
}

async fn begins_to_beat(folder: &Path) {
    while !folder.join("beat").exists() {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn still_beats(folder: &Path) -> Result<bool> {
    let size = || fs::metadata(folder.join("beat")).map(|data| data.len());
    let before = size()?;
    sleep(Duration::from_millis(150)).await;
    Ok(before != size()?)
}

async fn a_killed_box_leaves_nothing(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let mut child = escapee(&corner).await?;
    assert!(still_beats(&corner.spec.work).await?);
    child.kill().await?;
    sleep(Duration::from_millis(50)).await;
    assert!(!still_beats(&corner.spec.work).await?);
    Ok(())
}

async fn an_ended_box_is_gone_when_end_returns(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let mut child = escapee(&corner).await?;
    end(&mut child).await;
    assert!(!still_beats(&corner.spec.work).await?);
    assert!(child.id().is_none());
    Ok(())
}

async fn a_dropped_command_dies(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    drop(escapee(&corner).await?);
    sleep(Duration::from_millis(100)).await;
    assert!(!still_beats(&corner.spec.work).await?);
    Ok(())
}

async fn a_box_dies_with_the_thread_that_started_it(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let work = corner.spec.work.clone();
    // Forgotten, so that nothing but the thread's death ends it, as when a worker is killed.
    let starter = std::thread::spawn(move || {
        let started = runtime().block_on(escapee(&corner)).map(std::mem::forget);
        started.map(|()| corner)
    });
    let _corner = starter.join().expect("it does not panic")?;
    sleep(Duration::from_millis(100)).await;
    assert!(!still_beats(&work).await?);
    Ok(())
}

/// A clone to check, and everything around it.
struct Checks {
    root: TempDir,
    stage: Stage,
    sandbox: Sandbox,
}

impl Checks {
    fn of(sandbox: Sandbox, commands: &str) -> Result<Self> {
        let root = TempDir::new()?;
        fs::create_dir(root.path().join("checkout"))?;
        let text = format!(
            "name = \"x\"\nagent = \"claude\"\n[[stage]]\nname = \"only\"\nprompt = \"x\"\n{commands}"
        );
        let mut pipeline = PipelineText::parse("x.toml", &text)?.pipeline;
        Ok(Self { root, stage: pipeline.stages.remove(0), sandbox })
    }

    /// Whether they passed, and why not.
    async fn end(&self, stop: &CancellationToken) -> Result<(bool, Option<String>)> {
        let at = |name| self.root.path().join(name);
        let (checkout, home, log) = (at("checkout"), at("home"), at("checks.log"));
        let (stage, sandbox) = (&self.stage, &self.sandbox);
        let spec = CheckSpec { stage, checkout: &checkout, home: &home, log: &log, sandbox };
        let checked = check(spec, stop).await?.checked;
        Ok((checked.passed, checked.why))
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.root.path().join(name))?.trim().to_owned())
    }
}

async fn a_stop_ends_all_that_checks_started(sandbox: Sandbox) -> Result<()> {
    let beats = "setsid sh -c 'while :; do echo x >> beat; sleep 0.02; done' & sleep 60";
    let checks = Checks::of(sandbox, &format!("checks = [\"{beats}\"]"))?;
    let (stop, checkout) = (CancellationToken::new(), checks.root.path().join("checkout"));
    let stopper = async {
        begins_to_beat(&checkout).await;
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(checks.end(&stop), stopper);
    assert_eq!(ended?, (false, Some("stopped".to_owned())));
    assert!(!still_beats(&checkout).await?);
    Ok(())
}

async fn only_setup_has_the_network(sandbox: Sandbox) -> Result<()> {
    let commands = r#"
        setup = ["tail -n +3 /proc/net/dev | wc -l > interfaces; echo kept > ~/cache"]
        checks = ["cp interfaces ~/setup; tail -n +3 /proc/net/dev | wc -l > ~/check; echo $CI"]
    "#;
    let checks = Checks::of(sandbox, commands)?;
    let (passed, why) = checks.end(&CancellationToken::new()).await?;
    ensure!(passed, "{why:?}");
    let ours = fs::read_to_string("/proc/net/dev")?.lines().skip(2).count();
    assert_eq!(checks.read("home/setup")?, ours.to_string());
    assert_eq!(
        (checks.read("home/check")?, checks.read("home/cache")?),
        ("1".into(), "kept".into())
    );
    assert!(checks.read("checks.log")?.ends_with("\n1"));
    Ok(())
}
