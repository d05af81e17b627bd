//! Is anything of the operator's found or reached from inside the box, or carried out of the machine by what an agent leaves?
//! `world/hunt.pl` hunts in the boxes of an agent, of its setup and of its checks, and finds the bait there; `world/traps.sh` leaves links
//! and a git that runs what it is told.

use std::fs;
use std::net::UdpSocket;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use signoff::config::Config;
use signoff::sandbox::search_path;
use url::Url;
use uuid::Uuid;

use crate::world::{World, story};

const HUNT: &str = include_str!("world/hunt.pl");
const TRAPS: &str = include_str!("world/traps.sh");

/// What the hunt would find a secret by; each time it finds the bait.
const WAYS: [&str; 8] =
    ["abstract socket", "cmdline", "environ", "file", "memory", "open file", "port", "socket"];
/// What it says that it went through.
const WENT_THROUGH: [&str; 9] = [
    "abstract_sockets",
    "addresses",
    "files",
    "memory_kib",
    "names",
    "open_files",
    "ports",
    "processes",
    "sockets",
];
/// Where the user's programs are and what is beside them, which no box needs.
const OF_THE_USER: [&str; 7] = [
    ".cargo/credentials.toml",
    ".config/pip/pip.conf",
    ".local/lib/keyring",
    ".netrc",
    ".npmrc",
    ".ssh/id_ed25519",
    "lib/token",
];
const PROGRAMS: [&str; 3] = [".cargo/bin", ".local/bin", "bin"];

/// What nobody in a box may find, by name: each is somewhere on the machine.
struct Canaries {
    secrets: Vec<(&'static str, String)>,
    /// Where something of ours listens; people see some of these in links.
    doors: Vec<(&'static str, String)>,
    /// Its name is no secret, and it is out of reach.
    abstract_name: String,
    _abstract: UnixListener,
}

impl Canaries {
    /// Puts them where an operator has such things; serve and worker start anew with them.
    async fn put_out(w: &World) -> Result<Self> {
        let database = Url::parse(&w.worker.setting("DATABASE_URL"))?;
        let slack = Url::parse(&w.worker.setting("SLACK_API_URL"))?;
        let fresh = |what: &str| format!("canary-of-the-{what}-{}", Uuid::new_v4().simple());
        let password = database.password().context("a database without a password")?.to_owned();
        let abstract_name = fresh("socket");
        let it = Self {
            secrets: vec![
                ("key", fresh("key")),
                ("home", fresh("home")),
                ("user", fresh("user")),
                ("run", fresh("run")),
                ("token", fresh("token")),
                ("signing", fresh("signing")),
                ("password", password),
            ],
            doors: vec![
                ("database", place(&database)?),
                ("slack", place(&slack)?),
                ("temporal", w.worker.setting("TEMPORAL_ADDRESS")),
                ("web", w.listen.clone()),
            ],
            _abstract: UnixListener::bind_addr(&SocketAddr::from_abstract_name(&abstract_name)?)?,
            abstract_name,
        };
        it.write_files(w)?;
        // A worker never speaks to Slack.
        w.worker.will_have("SLACK_BOT_TOKEN", it.secret("token"));
        w.worker.will_have("SLACK_SIGNING_SECRET", it.secret("signing"));
        w.has_key(it.secret("key")).await?;
        Ok(it)
    }

    fn write_files(&self, w: &World) -> Result<()> {
        let folder = w.folder.path();
        let report = format!("<testsuite><testcase name=\"{}\"/></testsuite>", self.secret("home"));
        write(&folder.join("home/canary.xml"), &report)?;
        let user = folder.join("user");
        for name in OF_THE_USER {
            write(&user.join(name), self.secret("user"))?;
        }
        for name in PROGRAMS {
            fs::create_dir_all(user.join(name))?;
        }
        // What the worker has of this machine's own user stays: where the box is.
        w.worker.will_have("SIGNOFF_CACHE", &Config::from_process()?.cache.display().to_string());
        w.worker.will_have("HOME", &user.display().to_string());
        let programs = PROGRAMS.map(|name| user.join(name));
        let usual = search_path();
        let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&usual)))?;
        w.worker.will_have("PATH", path.to_str().context("a PATH that can be read")?);
        let bait = Uuid::new_v4().to_string();
        let words = self.in_hex(&bait);
        let files = [("README.md", "# Haunted\n"), ("bait.txt", &bait), ("words.txt", &words)];
        let files = files.into_iter().chain([("hunt.pl", HUNT), ("traps.sh", TRAPS)]);
        w.has_repository("haunted", files)
    }

    /// For the hunt, which must not find its own question.
    fn in_hex(&self, bait: &str) -> String {
        let address = address_of_this_machine();
        let known =
            [("bait", bait), ("address", &address), ("abstract", self.abstract_name.as_str())];
        let all = self.secrets.iter().chain(&self.doors).map(|(name, word)| (*name, word.as_str()));
        let all = all.chain(known).map(|(name, word)| format!("{name}={}", hex::encode(word)));
        all.collect::<Vec<_>>().join(" ")
    }

    fn secret(&self, name: &str) -> &str {
        let named = self.secrets.iter().find(|(its_name, _)| *its_name == name);
        named.map_or("", |(_, word)| word)
    }

    fn are_not_in(&self, text: &str) -> Result<()> {
        for (name, word) in &self.secrets {
            ensure!(!text.contains(word), "the {name} is in\n{text}");
        }
        Ok(())
    }
}

fn place(url: &Url) -> Result<String> {
    let (host, port) = (url.host_str().context("a host")?, url.port().context("a port")?);
    Ok(format!("{host}:{port}"))
}

/// Not that of the loopback, where it has another. Nothing is sent.
fn address_of_this_machine() -> String {
    let towards = |there: &str| {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(there)?;
        socket.local_addr()
    };
    towards("192.0.2.1:9").map_or("192.0.2.1".to_owned(), |address| address.ip().to_string())
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(file.parent().context("a folder")?)?;
    Ok(fs::write(file, text)?)
}

/// In one of the boxes: by each way the bait was found, and there was something to go through.
fn hunted(log: &str, its_box: &str) -> Result<()> {
    for way in WAYS {
        ensure!(log.contains(&format!("{its_box}/bait.txt:{way}\n")), "no bait by {way}:\n{log}");
    }
    for what in WENT_THROUGH {
        let line = format!("{its_box}/hunted.txt:{what} ");
        let count = log.split_once(&line).and_then(|(_, rest)| rest.lines().next());
        let count: u64 = count.with_context(|| format!("no {what}:\n{log}"))?.parse()?;
        ensure!(count > 0, "{its_box} had no {what}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_of_the_operator_is_found_or_reached_from_inside_the_box() {
    story(async |w| {
        let canaries = Canaries::put_out(w).await?;
        let ana = w.person("ana");
        let other = ana.develops(&format!("quick {}", canaries.secret("run"))).await?;
        other.shows("quick is done").await?;
        let run = ana.develops("spy").await?;
        run.shows("spy is done").await?;
        let log = fs::read_to_string(run.folder("hunt-1/checks.log"))?;
        hunted(&log, "agent")?;
        hunted(&log, "setup")?;
        hunted(&log, "checks")?;
        assert!(log.contains("agent/hunted.txt:knocks "), "it had a way to the model: {log}");
        assert!(!log.contains("found.txt:"), "{log}");
        canaries.are_not_in(&log)
    })
    .await;
}

#[tokio::test]
async fn what_an_agent_leaves_leads_nobody_out_of_the_box() {
    story(async |w| {
        let canaries = Canaries::put_out(w).await?;
        let ana = w.person("ana");
        let other = ana.develops(&format!("quick {}", canaries.secret("run"))).await?;
        other.shows("quick is done").await?;
        let run = ana.develops(&format!("trapper {}", other.id)).await?;
        run.asks().await?.shows("reports: out/TEST-B.xml is a link and was not read").await?;
        canaries.are_not_in(&w.page(&run.diff_path().await?).await?)?;
        ana.presses("Approve", &run).await?;
        run.shows("trapper is done").await?;
        let tree = run.git(&["ls-tree", "-r", &format!("signoff/{}", run.id)]).await?;
        assert_eq!(tree.matches("120000 blob").count(), 5, "links are kept as links: {tree}");
        assert!(tree.contains("\ttrap.txt"), "it springs where anybody uses git there: {tree}");
        assert!(!w.folder.path().join("home/sprung").exists(), "and sprang outside");
        canaries.are_not_in(&run.git(&["log", "-p", "--all"]).await?)?;
        canaries.are_not_in(&fs::read_to_string(run.folder("leave-1/checks.log"))?)?;
        canaries.are_not_in(&run.transcript())
    })
    .await;
}
