//! Does the box hold?

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Output;

use tempfile::TempDir;

use super::*;

/// A machine's corner: a folder to work in, a HOME, and a secret beside them.
struct Corner {
    root: TempDir,
    spec: BoxSpec,
    sandbox: Sandbox,
}

async fn corner(network: Network) -> Corner {
    let root = tempfile::tempdir().unwrap();
    let (work, home) = (root.path().join("runs/a/work"), root.path().join("runs/a/home"));
    fs::create_dir_all(&work).unwrap();
    fs::create_dir_all(&home).unwrap();
    fs::write(root.path().join("up.json"), "database_url").unwrap();
    let spec = BoxSpec { work, home, read_only: vec![], sockets: vec![], env: vec![], network };
    Corner { root, spec, sandbox: Sandbox::bubblewrap().await.unwrap() }
}

impl Corner {
    async fn sh(&self, script: &str) -> Output {
        self.sandbox.command(&self.spec, Path::new("sh"), &["-c", script]).output().await.unwrap()
    }

    async fn says(&self, script: &str) -> String {
        let output = self.sh(script).await;
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test]
async fn only_work_and_home_are_written() {
    let corner = corner(Network::Closed).await;
    assert_eq!(
        corner.says("pwd; echo $HOME; echo made > made; echo kept > ~/kept").await,
        format!("{}\n/home/agent\n", corner.spec.work.display())
    );
    assert_eq!(fs::read_to_string(corner.spec.work.join("made")).unwrap(), "made\n");
    assert_eq!(fs::read_to_string(corner.spec.home.join("kept")).unwrap(), "kept\n");
    let refused = corner.says("touch /x; touch /usr/x; touch /etc/x; touch /home/x").await;
    assert_eq!(refused.matches("Read-only file system").count(), 4, "{refused}");
}

#[tokio::test]
async fn the_rest_of_the_machine_is_not_there() {
    let corner = corner(Network::Closed).await;
    let root = corner.root.path().display();
    let seen = corner
        .says(&format!(
            "ls {root} {root}/runs/a; ls -d /work /sys /var /etc/shadow /etc/ssl/private; ls -A ~"
        ))
        .await;
    assert!(!seen.contains("up.json"), "{seen}");
    assert_eq!(seen.matches("cannot access").count(), 5, "{seen}");
    let escaped = corner.sh(&format!("touch {root}/escaped")).await;
    assert!(
        escaped.status.success() && !corner.root.path().join("escaped").exists(),
        "it wrote to the box's own /tmp"
    );
}

#[tokio::test]
async fn the_users_own_files_are_not_there() {
    let corner = corner(Network::Open).await;
    let home = std::env::home_dir().unwrap();
    let seen = corner.says(&format!("ls -A {0} {0}/.cargo 2>/dev/null", home.display())).await;
    for name in [".npmrc", ".gitconfig", ".ssh", "credentials", "config.toml", "registry"] {
        assert!(!seen.contains(name), "{name} in {seen}");
    }
}

#[tokio::test]
async fn a_closed_box_has_no_network_but_its_own() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let reach = format!("exec 3<>/dev/tcp/127.0.0.1/{}", listener.local_addr().unwrap().port());
    let closed = corner(Network::Closed).await;
    assert!(
        !closed
            .sandbox
            .command(&closed.spec, Path::new("bash"), &["-c", &reach])
            .output()
            .await
            .unwrap()
            .status
            .success()
    );
    assert_eq!(
        closed.says("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '").await,
        "lo\n"
    );
    let open = corner(Network::Open).await;
    assert!(
        open.sandbox
            .command(&open.spec, Path::new("bash"), &["-c", &reach])
            .output()
            .await
            .unwrap()
            .status
            .success()
    );
}

#[tokio::test]
async fn the_environment_is_clean() {
    let mut corner = corner(Network::Closed).await;
    corner.spec.env = vec![("CI".into(), "1".into())];
    let names = corner.says("env | cut -d= -f1 | sort | tr '\\n' ' '").await;
    let allowed =
        ["CI", "HOME", "LANG", "PATH", "PWD", "RUSTUP_HOME", "TERM", "TZ", "_", "OLDPWD", "SHLVL"];
    assert!(names.split_whitespace().all(|name| allowed.contains(&name)), "{names}");
    assert!(names.contains("CI ") && names.contains("PATH "), "{names}");
}

#[tokio::test]
async fn the_kernels_settings_are_read_only() {
    let corner = corner(Network::Closed).await;
    // Written back as it was, so that a box that leaks does no harm.
    let refused = corner.says("cat /proc/sys/kernel/core_pattern > p && cat p > /proc/sys/kernel/core_pattern; grep CapEff /proc/self/status").await;
    assert!(refused.contains("Read-only file system"), "{refused}");
    assert!(refused.contains("0000000000000000"), "{refused}");
}

#[tokio::test]
async fn sockets_and_read_only_paths_are_seen_where_they_were_put() {
    let mut corner = corner(Network::Closed).await;
    let (socket, tool) = (corner.root.path().join("meter.sock"), corner.root.path().join("tool"));
    let listener = UnixListener::bind(&socket).unwrap();
    fs::write(&tool, "hammer").unwrap();
    corner.spec.sockets = vec![(socket.clone(), "/run/model.sock".into())];
    corner.spec.read_only = vec![(tool, "/opt/tool".into())];
    let client = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/model.sock'); s.send(b'hello')";
    let said = corner
        .says(&format!("cat /opt/tool; echo x > /opt/tool; /usr/bin/python3 -c \"{client}\""))
        .await;
    assert!(said.starts_with("hammer") && said.contains("Read-only"), "{said}");
    listener.accept().unwrap();
    assert_eq!(
        corner.sandbox.inside(&socket, Path::new("/run/model.sock")),
        Path::new("/run/model.sock")
    );
    assert_eq!(Sandbox::None.inside(&socket, Path::new("/run/model.sock")), socket);
}

#[tokio::test]
async fn the_machines_tools_work() {
    let corner = corner(Network::Closed).await;
    let said = corner.says("node --version; npm --version; python3 --version; cargo --version; go version; git --version").await;
    assert!(!said.contains("not found"), "{said}");
    assert_eq!(said.lines().count(), 6, "{said}");
}

/// Starts a grandchild in a session of its own that would write to `beat` for ever, and waits until it does.
async fn escapee(corner: &Corner) -> tokio::process::Child {
    let script = "setsid nohup sh -c 'while :; do echo x >> beat; sleep 0.02; done' >/dev/null 2>&1 & sleep 60";
    let child =
        corner.sandbox.command(&corner.spec, Path::new("sh"), &["-c", script]).spawn().unwrap();
    while !corner.spec.work.join("beat").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    child
}

async fn still_beats(corner: &Corner) -> bool {
    let size = || fs::metadata(corner.spec.work.join("beat")).unwrap().len();
    let before = size();
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    before != size()
}

#[tokio::test]
async fn a_killed_box_leaves_nothing() {
    let corner = corner(Network::Closed).await;
    let mut child = escapee(&corner).await;
    assert!(still_beats(&corner).await);
    child.kill().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!still_beats(&corner).await);
}

#[tokio::test]
async fn an_ended_box_is_gone_when_end_returns() {
    let corner = corner(Network::Closed).await;
    let mut child = escapee(&corner).await;
    end(&mut child).await;
    assert!(!still_beats(&corner).await);
    assert!(child.id().is_none());
}

#[tokio::test]
async fn without_a_box_the_group_is_ended() {
    let mut corner = corner(Network::Closed).await;
    corner.sandbox = Sandbox::None;
    let script = "sh -c 'trap \"\" TERM; while :; do echo x >> beat; sleep 0.02; done' & sleep 60";
    let mut child =
        corner.sandbox.command(&corner.spec, Path::new("sh"), &["-c", script]).spawn().unwrap();
    while !corner.spec.work.join("beat").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    end(&mut child).await;
    assert!(!still_beats(&corner).await);
    assert_eq!(corner.says("echo $HOME").await.trim(), corner.spec.home.display().to_string());
}

#[tokio::test]
async fn a_dropped_command_dies() {
    let corner = corner(Network::Closed).await;
    drop(escapee(&corner).await);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!still_beats(&corner).await);
}

#[tokio::test]
async fn a_box_dies_with_the_thread_that_started_it() {
    let corner = std::sync::Arc::new(corner(Network::Closed).await);
    let starter = corner.clone();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Forgotten, so that nothing but the thread's death ends it, as when a worker is killed.
    std::thread::spawn(move || {
        runtime().block_on(async { std::mem::forget(escapee(&starter).await) });
    })
    .join()
    .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!still_beats(&corner).await);
}
