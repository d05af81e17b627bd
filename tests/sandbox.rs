//! Does the box hold?
//! Whether one can be built at all is known only when it is tried. So this is a program of its own, with a runner that can say so:
//! where the kernel refuses, its tests are reported as ignored, with the reason. A bubblewrap that is not here is got first.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{ExitCode, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use libtest_mimic::{Arguments, Completion, Trial};
use rustix::io::{FdFlags, fcntl_setfd};
use signoff::checks::{CheckSpec, check};
use signoff::config::{BoxLimits, ByteSize, Config};
use signoff::run::{PipelineText, SetupPolicy, Stage};
use signoff::sandbox::{
    BoxParts, BoxSpec, Boxed, Confined, Egress, Limiter, Network, NoBox, Sandbox, end, step_aside,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

macro_rules! trials {
    ($($test:ident),* $(,)?) => { vec![$(trial(stringify!($test), $test)),*] };
}

fn main() -> ExitCode {
    // As a worker does.
    step_aside(&BoxLimits::default());
    let mut trials = trials![
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
        setup_reaches_its_hosts_and_nothing_else,
        a_hostile_setup_reaches_nothing_of_this_machine_and_is_told,
        names_that_lead_home_are_refused_though_they_are_listed,
        a_policy_is_a_maximum_at_the_setup_too,
        nobody_in_the_box_is_root_and_all_can_be_written,
        the_kernel_is_asked_for_nothing_dangerous,
        the_keys_of_the_machine_are_out_of_reach,
        nobody_looks_into_the_first_process,
        what_is_open_in_the_worker_is_closed_in_a_box,
        a_box_that_ended_has_nobody_left,
        a_fork_bomb_is_ended_with_words,
        a_memory_hog_is_ended_with_words,
        a_full_disk_is_ended_with_words,
        a_file_without_end_is_ended_with_words,
        checks_that_use_too_much_are_red_and_say_so,
        no_control_group_is_left_behind,
        folders_in_memory_are_small,
        builds_work_under_the_usual_limits,
    ];
    if fetching() {
        trials.extend(trials![the_package_managers_of_this_machine_fetch]);
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Whether somebody asks for what needs the world.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a door: whether there is a network is nobody's configuration"
)]
fn fetching() -> bool {
    std::env::var_os("SIGNOFF_TEST_FETCHING").is_some()
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
        let parts = BoxParts { cache: &cache, exe: Path::new(env!("CARGO_BIN_EXE_signoff")) };
        runtime().block_on(Sandbox::find_or_install(parts, &|line| eprintln!("{line}")))
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
    fn closed(sandbox: Sandbox) -> Result<Self> {
        let root = TempDir::new()?;
        let (work, home) = (root.path().join("runs/a/work"), root.path().join("runs/a/home"));
        fs::create_dir_all(&work)?;
        fs::create_dir_all(&home)?;
        fs::write(root.path().join("up.json"), "database_url")?;
        let spec = BoxSpec {
            work,
            home,
            read_only: vec![],
            sockets: vec![],
            env: vec![],
            network: Network::Closed,
        };
        Ok(Self { root, spec, sandbox })
    }

    async fn runs(&self, program: &str, script: &str) -> Result<Output> {
        let confined = self.sandbox.command(&self.spec, Path::new(program), &["-c", script]);
        let Confined { mut command, limits: _limits } = confined;
        Ok(command.output().await?)
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
    let escaped =
        corner.runs("sh", &format!("touch {root}/escaped; touch /tmp/mine /dev/shm/mine")).await?;
    assert!(
        escaped.status.success() && !corner.root.path().join("escaped").exists(),
        "it wrote to the box's own /tmp"
    );
    Ok(())
}

async fn the_users_own_files_are_not_there(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
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
    let closed = Corner::closed(sandbox)?;
    assert!(!closed.runs("bash", &reach).await?.status.success());
    assert_eq!(
        closed.says("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '").await?,
        "lo\n"
    );
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
async fn escapee(corner: &Corner) -> Result<Boxed> {
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

async fn beats_again(folder: &Path) -> Result<()> {
    while !still_beats(folder).await? {}
    Ok(())
}

async fn a_killed_box_leaves_nothing(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let mut child = escapee(&corner).await?.child;
    assert!(still_beats(&corner.spec.work).await?);
    child.kill().await?;
    sleep(Duration::from_millis(50)).await;
    assert!(!still_beats(&corner.spec.work).await?);
    Ok(())
}

async fn an_ended_box_is_gone_when_end_returns(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let mut child = escapee(&corner).await?.child;
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

/// Prints what an address answers, through the proxy that the environment names; `directly` goes around it, and `@name` to an
/// abstract socket. (Every machine that runs tests has node; few bare ones have curl.)
const GET: &str = r#"
const [url, way = ""] = [new URL(process.argv[2]), process.argv[3]];
const proxy = new URL(process.env.http_proxy || "http://none.invalid:1");
const around = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port || 80, path: url.pathname };
const through = { host: proxy.hostname, port: proxy.port, path: url.href };
const there = way === "" ? through : way === "directly" ? around : { socketPath: way.replace("@", "\0"), path: "/" };
const request = require("http").get({ ...there, headers: { Host: url.host }, timeout: 2000 }, (answer) => {
    if (answer.statusCode !== 200) process.exitCode = 1;
    answer.pipe(process.stdout);
});
request.on("timeout", () => request.destroy(new Error("nothing came")));
request.on("error", (error) => { console.error(error.code); process.exitCode = 1; });
"#;

/// A clone to check, and everything around it.
struct Checks {
    root: TempDir,
    stage: Stage,
    sandbox: Sandbox,
    egress: Egress,
}

impl Checks {
    fn of(sandbox: Sandbox, commands: &str) -> Result<Self> {
        let root = TempDir::new()?;
        fs::create_dir(root.path().join("checkout"))?;
        fs::write(root.path().join("checkout/get.js"), GET)?;
        let text = format!(
            "name = \"x\"\nagent = \"claude\"\n[[stage]]\nname = \"only\"\nprompt = \"x\"\n{commands}"
        );
        let mut pipeline = PipelineText::parse("x.toml", &text)?.pipeline;
        let egress = Egress::default();
        Ok(Self { root, stage: pipeline.stages.remove(0), sandbox, egress })
    }

    /// Whether they passed, and why not.
    async fn end(&self, stop: &CancellationToken) -> Result<(bool, Option<String>)> {
        let at = |name| self.root.path().join(name);
        let (checkout, home, log) = (at("checkout"), at("home"), at("checks.log"));
        let (stage, sandbox, egress) = (&self.stage, &self.sandbox, &self.egress);
        let spec = CheckSpec {
            stage,
            env: &[],
            checkout: &checkout,
            home: &home,
            log: &log,
            sandbox,
            egress,
        };
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

async fn setup_reaches_its_hosts_and_nothing_else(sandbox: Sandbox) -> Result<()> {
    let place = answering()?;
    let commands = format!(
        r#"
        hosts = ["{place}"]
        env = {{ GREETING = "hello" }}
        setup = ["node get.js http://{place}/ > ~/allowed; echo $GREETING >> ~/allowed"]
        checks = ["cat ~/allowed > ~/check; node get.js http://{place}/ >> ~/check || echo none >> ~/check"]
        "#
    );
    let mut checks = Checks::of(sandbox, &commands)?;
    let policy = SetupPolicy { hosts: None, private: vec![place.parse()?] };
    checks.egress = Egress::new(move || policy.clone());
    let (passed, why) = checks.end(&CancellationToken::new()).await?;
    ensure!(passed, "{why:?}: {}", checks.read("checks.log")?);
    assert_eq!(checks.read("home/check")?, "welcome\nhello\nnone");
    Ok(())
}

/// A server of this machine that greets who comes.
fn answering() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let place = format!("localhost:{}", listener.local_addr()?.port());
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nwelcome\n";
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Ok(place)
}

async fn a_hostile_setup_reaches_nothing_of_this_machine_and_is_told(
    sandbox: Sandbox,
) -> Result<()> {
    let place = answering()?;
    let port = place.split(':').next_back().context("a port")?;
    let (_socket, name) = abstract_socket()?;
    let tries = [
        &format!("node get.js http://127.0.0.1:{port}/ directly"),
        &format!("node get.js http://127.0.0.1:{port}/"),
        &format!("node get.js http://{place}/"),
        &format!("node get.js http://[::1]:{port}/"),
        "node get.js http://169.254.169.254/latest/ directly",
        "node get.js http://169.254.169.254/latest/",
        "node get.js http://93.184.215.14/",
        "node get.js http://some.host.internal/",
        &format!("node get.js http://x/ @{name}"),
        "exit 3",
    ];
    let setup = format!("setup = [\"\"\"{}\"\"\"]", tries.join("; "));
    let commands = format!("hosts = [\"registry.invalid\"]\n{setup}\nchecks = [\"true\"]\n");
    let checks = Checks::of(sandbox, &commands)?;
    let (passed, why) = checks.end(&CancellationToken::new()).await?;
    let log = checks.read("checks.log")?;
    assert!(!passed && why.is_some_and(|why| why.contains("exited 3")), "{log}");
    assert!(!log.contains("welcome"), "{log}");
    for refused in
        ["localhost", "127.0.0.1", "169.254.169.254", "93.184.215.14", "some.host.internal"]
    {
        assert!(log.contains(&format!("setup was refused: {refused}")), "{refused} in {log}");
    }
    assert!(log.contains("hosts = [\"example.org\"]"), "{log}");
    Ok(())
}

/// A socket that is in no folder.
fn abstract_socket() -> Result<(UnixListener, String)> {
    let name = format!("signoff-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name)?;
    Ok((UnixListener::bind_addr(&address)?, name))
}

async fn names_that_lead_home_are_refused_though_they_are_listed(sandbox: Sandbox) -> Result<()> {
    let place = answering()?;
    let setup = format!("setup = [\"node get.js http://{place}/\"]");
    let commands = format!("hosts = [\"{place}\"]\n{setup}\nchecks = [\"true\"]\n");
    let checks = Checks::of(sandbox, &commands)?;
    checks.end(&CancellationToken::new()).await?;
    let log = checks.read("checks.log")?;
    assert!(!log.contains("\nwelcome"), "{log}");
    assert!(log.contains("an address of this machine or of its own network"), "{log}");
    Ok(())
}

async fn a_policy_is_a_maximum_at_the_setup_too(sandbox: Sandbox) -> Result<()> {
    let commands = "hosts = [\"a.invalid\"]\nsetup = [\"touch ran\"]\nchecks = [\"true\"]\n";
    let mut checks = Checks::of(sandbox, commands)?;
    let hosts = Some(vec!["b.invalid".parse()?]);
    checks.egress = Egress::new(move || SetupPolicy { hosts: hosts.clone(), private: vec![] });
    let (passed, why) = checks.end(&CancellationToken::new()).await?;
    assert!(!passed && !checks.root.path().join("checkout/ran").exists());
    assert!(why.is_some_and(|why| why.contains("[setup] hosts does not allow a.invalid")));
    Ok(())
}

async fn nobody_in_the_box_is_root_and_all_can_be_written(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    fs::create_dir(corner.spec.work.join("deep"))?;
    fs::write(corner.spec.work.join("deep/there"), "was here")?;
    let said = corner.says("id -u; whoami; echo more >> deep/there && rm deep/there; node -p 'os.userInfo().homedir'; grep -E '^Cap(Eff|Prm|Amb)' /proc/self/status; touch mine").await?;
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0] != "0" && lines[1..3] == ["agent", "/home/agent"], "{said}");
    assert_eq!(said.matches("0000000000000000").count(), 3, "{said}");
    assert!(!corner.spec.work.join("deep/there").exists(), "{said}");
    assert_ne!(fs::metadata(corner.spec.work.join("mine"))?.uid(), 0);
    Ok(())
}

/// Asks the kernel for what a box does not need, by its numbers, in both tables that this processor has.
const FORBIDDEN: &str = r#"
use Errno qw(EPERM ENOSYS);
use POSIX qw(uname);
sub call {
    my ($name, @call) = @_;
    my $result = syscall($call[0], map { $_ || 0 } @call[1 .. 5]);
    my $refused = $result == -1 && ($! == EPERM || $! == ENOSYS);
    print "$name ", $refused ? "refused" : "LET THROUGH $result $!", "\n";
}
my %calls = (keyctl => 250, add_key => 248, request_key => 249, bpf => 321, perf_event_open => 298, userfaultfd => 323, mount => 165,
    umount2 => 166, unshare => 272, setns => 308, io_uring_setup => 425, kexec_load => 246, init_module => 175, fsopen => 430,
    open_tree => 428, pivot_root => 155, chroot => 161, clone3 => 435, reboot => 169, syslog => 103);
for my $table ((uname)[4] eq "x86_64" ? (0, 0x40000000) : ()) {
    call($_, $calls{$_} | $table) for sort keys %calls;
    call("clone", 56 | $table, 0x10000000 | 17);
    call("socket", 41 | $table, 40, 1);
    call("ioctl", 16 | $table, 0, 0x5412);
}
for my $family (40, 38, 17, 31) {
    print "family $family ", socket(my $socket, $family, $family == 17 ? 3 : 1, 0) ? "LET THROUGH" : "refused", "\n";
}
print "end\n";
"#;

async fn the_kernel_is_asked_for_nothing_dangerous(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    fs::write(corner.spec.work.join("try.pl"), FORBIDDEN)?;
    let said = corner.says("perl try.pl").await?;
    assert!(said.ends_with("end\n") && !said.contains("LET THROUGH"), "{said}");
    let threads = "new (require('worker_threads').Worker)('console.log(1 + 1)', { eval: true })";
    assert_eq!(corner.says(&format!("node -e \"{threads}\"")).await?, "2\n");
    Ok(())
}

async fn the_keys_of_the_machine_are_out_of_reach(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let said = corner.says("cat /proc/keys /proc/key-users").await?;
    assert!(!said.contains("keyring") && !said.contains("_ses"), "{said}");
    Ok(())
}

/// It may be the same user's as everybody else in the box: with its program or memory, the box could be left.
async fn nobody_looks_into_the_first_process(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let looks = "for path in exe root cwd environ mem maps fd/0; do cat /proc/1/$path; readlink /proc/1/$path; done; chmod 0 /proc/1/exe; kill -0 1 && true; grep -E '^(Seccomp|NoNewPrivs|CapInh|CapEff|CapPrm):' /proc/1/status /proc/self/status | tr -d '\\t'";
    let said = corner.says(looks).await?;
    assert!(!said.contains("/run/signoff\n") && !said.contains("bwrap\n"), "{said}");
    assert!(said.matches("ermission denied").count() >= 7, "{said}");
    assert_eq!(said.matches("Seccomp:2").count(), 2, "{said}");
    assert_eq!(said.matches("0000000000000000").count(), 6, "{said}");
    Ok(())
}

async fn what_is_open_in_the_worker_is_closed_in_a_box(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let secret = fs::File::open(corner.root.path().join("up.json"))?;
    fcntl_setfd(&secret, FdFlags::empty())?;
    let said = corner.runs("bash", &format!("cat <&{}", secret.as_raw_fd())).await?;
    assert!(!said.status.success() && said.stdout.is_empty(), "{said:?}");
    Ok(())
}

async fn a_box_that_ended_has_nobody_left(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox)?;
    let busy = "for n in $(seq 60); do setsid sh -c 'while :; do echo x >> beat; done' & done; sleep 0.3; exit 7";
    let ended = corner.runs("sh", busy).await?;
    let size = || fs::metadata(corner.spec.work.join("beat")).map(|data| data.len());
    let before = size()?;
    assert_eq!(ended.status.code(), Some(7));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(before, size()?);
    Ok(())
}

/// So little that what goes beyond it costs this machine nothing.
const SMALL: BoxLimits = BoxLimits {
    memory: Some(ByteSize(200 << 20)),
    processes: 100,
    file: ByteSize(16 << 20),
    disk: ByteSize(64 << 20),
};

/// With the control groups of this machine, if it gives any, and without.
fn limiters() -> [Limiter; 2] {
    [Limiter::find(&SMALL), Limiter::watching(&SMALL, "for a test")]
}

/// Why a script is ended, and whether a box beside it lives on; by both ways to limit.
async fn ended(sandbox: Sandbox, script: &str) -> Result<[String; 2]> {
    let neighbour = Corner::closed(sandbox.clone())?;
    let beside = escapee(&neighbour).await?;
    let mut why = vec![];
    for limiter in limiters() {
        let corner = Corner::closed(sandbox.clone().limited_by(limiter))?;
        let words = ["-c", script];
        let mut confined = corner.sandbox.command(&corner.spec, Path::new("bash"), &words);
        confined.command.stderr(Stdio::null());
        let mut boxed = confined.spawn()?;
        let exceeded = tokio::select! {
            exceeded = boxed.limits.exceeded() => Some(exceeded),
            _ = boxed.child.wait() => None,
            () = sleep(Duration::from_mins(1)) => None,
        };
        end(&mut boxed.child).await;
        let exceeded = exceeded.or_else(|| boxed.limits.exceeded_before_its_end());
        why.push(exceeded.map_or_else(String::new, |exceeded| exceeded.to_string()));
        timeout(Duration::from_secs(30), beats_again(&neighbour.spec.work)).await??;
    }
    drop(beside);
    why.try_into().map_err(|why| anyhow!("{why:?}"))
}

async fn a_fork_bomb_is_ended_with_words(sandbox: Sandbox) -> Result<()> {
    let why = ended(sandbox, "bomb() { bomb | bomb & sleep 60; }; bomb").await?;
    assert_eq!(why, ["it started more than 100 processes"; 2]);
    Ok(())
}

async fn a_memory_hog_is_ended_with_words(sandbox: Sandbox) -> Result<()> {
    // More than it may, and no more than a few times that where nobody stops it.
    let hog = "node -e 'a = []; setInterval(() => a.length < 90 && a.push(Buffer.alloc(8 << 20, 1)), 10)'";
    let why = ended(sandbox, hog).await?;
    assert_eq!(why, ["it used more than 200 MiB of memory"; 2]);
    Ok(())
}

async fn a_full_disk_is_ended_with_words(sandbox: Sandbox) -> Result<()> {
    let fill = "for n in $(seq 8); do head -c 10M /dev/zero > ~/$n; done; sleep 60";
    let why = ended(sandbox, fill).await?;
    assert_eq!(why, ["it wrote more than 64 MiB"; 2]);
    Ok(())
}

async fn a_file_without_end_is_ended_with_words(sandbox: Sandbox) -> Result<()> {
    let why = ended(sandbox, "head -c 20M /dev/zero > log; sleep 60").await?;
    assert_eq!(why, ["it wrote a file of more than 16 MiB"; 2]);
    Ok(())
}

async fn checks_that_use_too_much_are_red_and_say_so(sandbox: Sandbox) -> Result<()> {
    for limiter in limiters() {
        let sandbox = sandbox.clone().limited_by(limiter);
        let command = "for n in $(seq 150); do sleep 2 & done; wait; true";
        let checks = Checks::of(sandbox, &format!("checks = ['{command}']\n"))?;
        let (passed, why) = checks.end(&CancellationToken::new()).await?;
        let said = format!("`{command}` was ended: it started more than 100 processes");
        assert_eq!((passed, why), (false, Some(said)));
        let log = checks.read("checks.log")?;
        assert!(log.contains("\nsignoff: ended: it started more than 100 processes. "), "{log}");
        assert!(log.ends_with("under [box] in signoff.toml"), "{log}");
    }
    Ok(())
}

async fn no_control_group_is_left_behind(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox.limited_by(Limiter::find(&SMALL)))?;
    let escaping = escapee(&corner).await?;
    let pid = escaping.child.id().context("it runs")?;
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    let own = fs::read_to_string("/proc/self/cgroup")?;
    drop(escaping);
    let name = format!("/signoff/{}-", std::process::id());
    let group = groups.lines().find_map(|line| Some(line.split_once(&name)?.1.to_owned()));
    let Some(number) = group else {
        assert_eq!(groups, own);
        return Ok(());
    };
    sleep(Duration::from_secs(1)).await;
    let left = std::process::Command::new("find")
        .args(["/sys/fs/cgroup", "-name", &format!("{}-{number}", std::process::id())])
        .output()?;
    assert!(left.stdout.is_empty(), "{left:?}");
    Ok(())
}

async fn folders_in_memory_are_small(sandbox: Sandbox) -> Result<()> {
    let corner = Corner::closed(sandbox.limited_by(Limiter::find(&SMALL)))?;
    let sizes =
        corner.says("df --output=size -B1M /tmp /dev/shm /run; touch /run/x /dev/x").await?;
    let words: Vec<&str> = sizes.split_whitespace().take(4).collect();
    assert_eq!(words, ["1M-blocks", "100", "50", "1"], "{sizes}");
    assert_eq!(sizes.matches("cannot touch").count(), 2, "{sizes}");
    Ok(())
}

/// What reserves much more than it uses, and starts many threads.
async fn builds_work_under_the_usual_limits(sandbox: Sandbox) -> Result<()> {
    let build = "node -e 'new WebAssembly.Memory({ initial: 1, maximum: 65536 }); console.log(process.version)' && \
        printf 'fn main() { std::thread::scope(|s| for _ in 0..200 { s.spawn(|| std::thread::sleep(std::time::Duration::from_secs(1))); }) }' > a.rs && \
        if command -v rustc; then rustc -O a.rs && ./a; fi && \
        if command -v cc; then printf 'int main() { return 0; }' > a.c && cc a.c && ./a.out; fi && \
        if command -v go; then go version; fi";
    for limiter in [Limiter::find, |usual: &BoxLimits| Limiter::watching(usual, "for a test")] {
        let corner = Corner::closed(sandbox.clone().limited_by(limiter(&BoxLimits::default())))?;
        let words = ["-c", build];
        let mut boxed = corner.sandbox.command(&corner.spec, Path::new("sh"), &words).spawn()?;
        let ended = tokio::select! {
            exceeded = boxed.limits.exceeded() => bail!("{exceeded}"),
            ended = boxed.child.wait() => ended?,
        };
        assert!(ended.success() && boxed.limits.exceeded_before_its_end().is_none());
    }
    Ok(())
}

async fn the_package_managers_of_this_machine_fetch(sandbox: Sandbox) -> Result<()> {
    let commands = r#"
        setup = [
            "cd ~ && npm install --no-audit left-pad && ls node_modules/left-pad",
            "cd ~ && python3 -m pip install --target ~/py six && ls ~/py/six.py",
            "cd ~ && cargo new --quiet c && cd c && echo 'cfg-if = \"1\"' >> Cargo.toml && cargo fetch",
            "command -v go || exit 0; cd ~ && mkdir g && cd g && go mod init g && go get golang.org/x/mod@v0.20.0",
            "curl -sS https://example.org/ || true",
        ]
        checks = ["true"]
    "#;
    let checks = Checks::of(sandbox, commands)?;
    let (passed, why) = checks.end(&CancellationToken::new()).await?;
    let log = checks.read("checks.log")?;
    eprintln!("{log}");
    ensure!(passed, "{why:?}: {log}");
    assert!(log.contains("setup was refused: example.org"), "{log}");
    Ok(())
}
