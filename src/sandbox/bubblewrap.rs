//! How is the box built?
//! Namespaces of its own, the system read-only, one folder and a HOME to write, no capability, no way to the kernel's settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{BoxSpec, Network, toolchain};

/// What of /etc programs need to find libraries, names and certificates. No keys: /etc/ssl/private stays outside.
const ETC: [&str; 15] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/localtime",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates",
];

/// The kernel lets root change its settings here even without capabilities, and a program named in `core_pattern` runs outside every box.
const KERNEL: [&str; 6] =
    ["/proc/sys", "/proc/sysrq-trigger", "/proc/fs", "/proc/acpi", "/proc/scsi", "/proc/mtrr"];

/// Largest file a boxed program may write: a runaway log must not fill the disk.
const LARGEST_FILE_BYTES: u64 = 8 << 30;

const PRLIMIT: &str = "/usr/bin/prlimit";

/// What is put before the program.
pub(super) fn limits() -> Vec<OsString> {
    if !Path::new(PRLIMIT).is_file() {
        return vec![];
    }
    vec![
        PRLIMIT.into(),
        "--core=0".into(),
        format!("--fsize={LARGEST_FILE_BYTES}").into(),
        "--".into(),
    ]
}

/// bwrap's arguments. Later mounts cover earlier ones, so the order is from the machine to the work.
pub(super) fn arguments(spec: &BoxSpec) -> Vec<OsString> {
    let mut words = Words::default();
    words.say("--die-with-parent --new-session --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --cap-drop ALL");
    if spec.network == Network::Closed {
        words.say("--unshare-net");
    }
    system(&mut words);
    let private = [&spec.work, &spec.home];
    for folder in toolchain::folders()
        .iter()
        .filter(|folder| !private.iter().any(|inner| inner.starts_with(folder)))
    {
        words.mount("--ro-bind-try", folder, folder);
    }
    for folder in private.iter().filter_map(|path| neighbours(path)) {
        words.say("--tmpfs").add(folder);
    }
    words
        .mount("--bind", &spec.home, Path::new(BoxSpec::HOME))
        .mount("--bind", &spec.work, &spec.work);
    for (host, inside) in &spec.read_only {
        words.mount("--ro-bind", host, inside);
    }
    for (host, inside) in &spec.sockets {
        words.mount("--bind", host, inside);
    }
    words.say("--remount-ro / --chdir").add(spec.work.clone());
    words.0
}

fn system(words: &mut Words) {
    words.mount("--ro-bind", Path::new("/usr"), Path::new("/usr"));
    for folder in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"].map(Path::new) {
        match std::fs::read_link(folder) {
            Ok(target) => {
                words.say("--symlink").add(target).add(folder);
            }
            Err(_) => {
                words.mount("--ro-bind-try", folder, folder);
            }
        }
    }
    for path in ETC.map(Path::new) {
        words.mount("--ro-bind-try", path, path);
    }
    words.say("--proc /proc --dev /dev --tmpfs /tmp --tmpfs /run");
    for path in KERNEL.map(Path::new) {
        words.mount("--ro-bind-try", path, path);
    }
}

/// Where the work lies in /usr, which every box shows: the part of it that must not be seen, for its neighbours are other runs.
fn neighbours(work: &Path) -> Option<PathBuf> {
    let first = work.strip_prefix("/usr").ok()?.components().next()?;
    Some(Path::new("/usr").join(first))
}

/// A command line in the making.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn say(&mut self, words: &str) -> &mut Self {
        self.0.extend(words.split(' ').map(OsString::from));
        self
    }

    fn add(&mut self, word: impl Into<OsString>) -> &mut Self {
        self.0.push(word.into());
        self
    }

    fn mount(&mut self, how: &str, host: &Path, inside: &Path) -> &mut Self {
        self.add(how).add(host).add(inside)
    }
}
