//! How is the box built?
//! Namespaces of its own, the system read-only, one folder and a HOME to write, no capability, no way to the kernel's settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::inside::{self, Helper};
use super::{BoxSpec, Network, toolchain};
use crate::config::ByteSize;

/// What of /etc programs need to find libraries, names and certificates. No keys: /etc/ssl/private stays outside.
const ETC: [&str; 13] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
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

/// Names of keys, those of other boxes and of the worker among them where they are one user's.
const KEYS: [&str; 2] = ["/proc/keys", "/proc/key-users"];

/// What the first program in the box needs to give its folders to another user and to become that one; the user has none of it.
const TO_CHANGE_USER: [&str; 4] = ["CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_READ_SEARCH"];

/// Parts of a box's memory that its folders in memory may take, in quarters; without that, each may take half of the machine's.
const HALF: u64 = 2;
const QUARTER: u64 = 1;
/// For those that hold only what we put there.
const NOTHING: u64 = 0;

/// Our own program, which is the first in the box.
const HELPER: &str = "/run/signoff";
const WAY_OUT: &str = "/run/network.sock";

/// What is put before the program: ours, which confines itself further and becomes that.
pub(super) fn first_program(spec: &BoxSpec, helper: &Helper) -> Vec<OsString> {
    let mut words = Words::default();
    words.add(HELPER).add(inside::SUBCOMMAND);
    if let Some(user) = helper.user {
        words.add("--user").add(user.to_string());
        for (_, inside) in &spec.sockets {
            words.add("--give").add(inside);
        }
    }
    if let Network::Hosts(_) = spec.network {
        words.add("--give").add(WAY_OUT).add("--forward").add(WAY_OUT);
    }
    words.words
}

/// Whether a bubblewrap of this version can say how large a folder in memory may become.
pub(super) fn limits_folders(version: &str) -> bool {
    let mut numbers = version.trim_start_matches("bubblewrap ").split('.').map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(1..)), _) | (_, Some(Ok(7..))))
}

/// bwrap's arguments. Later mounts cover earlier ones, so the order is from the machine to the work.
pub(super) fn arguments(
    spec: &BoxSpec,
    helper: &Helper,
    memory: Option<ByteSize>,
) -> Vec<OsString> {
    let mut words = Words { memory, ..Words::default() };
    words.say("--die-with-parent --new-session --unshare-pid --unshare-ipc --unshare-uts --unshare-net --unshare-cgroup-try --cap-drop ALL --as-pid-1");
    if helper.user.is_some() {
        for capability in TO_CHANGE_USER {
            words.add("--cap-add").add(capability);
        }
    }
    system(&mut words);
    words
        .mount("--ro-bind", &helper.accounts.passwd, Path::new("/etc/passwd"))
        .mount("--ro-bind", &helper.accounts.group, Path::new("/etc/group"))
        .mount("--ro-bind", &helper.exe, Path::new(HELPER));
    let private = [&spec.work, &spec.home];
    for folder in toolchain::folders()
        .iter()
        .filter(|folder| !private.iter().any(|inner| inner.starts_with(folder)))
    {
        words.mount("--ro-bind-try", folder, folder);
        let hook = folder.join(toolchain::PYENV_HOOK);
        if hook.is_dir() {
            words.in_memory(NOTHING, &hook);
        }
    }
    for folder in private.iter().filter_map(|path| neighbours(path)) {
        words.in_memory(NOTHING, &folder);
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
    if let Network::Hosts(way) = &spec.network {
        words.mount("--bind", &way.socket, Path::new(WAY_OUT));
        for (host, inside) in &way.read_only {
            words.mount("--ro-bind", host, inside);
        }
    }
    words.say("--remount-ro /run --remount-ro /dev --remount-ro / --chdir").add(spec.work.clone());
    words.words
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
    words.say("--proc /proc --dev /dev --perms 1777").in_memory(QUARTER, Path::new("/dev/shm"));
    words.say("--perms 1777").in_memory(HALF, Path::new("/tmp"));
    words.in_memory(NOTHING, Path::new("/run"));
    for path in KERNEL {
        words.say("--ro-bind-try").add(path).add(path);
    }
    for path in KEYS.into_iter().filter(|path| Path::new(path).exists()) {
        words.say("--ro-bind /dev/null").add(path);
    }
}

/// Where the work lies in /usr, which every box shows: the part of it that must not be seen, for its neighbours are other runs.
fn neighbours(work: &Path) -> Option<PathBuf> {
    let first = work.strip_prefix("/usr").ok()?.components().next()?;
    Some(Path::new("/usr").join(first))
}

/// A command line in the making.
#[derive(Default)]
struct Words {
    words: Vec<OsString>,
    /// None = bubblewrap takes no size.
    memory: Option<ByteSize>,
}

impl Words {
    fn say(&mut self, words: &str) -> &mut Self {
        self.words.extend(words.split(' ').map(OsString::from));
        self
    }

    fn add(&mut self, word: impl Into<OsString>) -> &mut Self {
        self.words.push(word.into());
        self
    }

    /// A folder in memory, of so many quarters of the box's; a megabyte at least.
    fn in_memory(&mut self, quarters: u64, inside: &Path) -> &mut Self {
        if let Some(memory) = self.memory {
            let bytes = (memory.0 / 4 * quarters).max(1 << 20);
            self.add("--size").add(bytes.to_string());
        }
        self.add("--tmpfs").add(inside)
    }

    fn mount(&mut self, how: &str, host: &Path, inside: &Path) -> &mut Self {
        self.make_parents(inside);
        self.add(how).add(host).add(inside)
    }

    /// Left to itself, bubblewrap as root makes them for root alone. What is there already stays as it is.
    fn make_parents(&mut self, inside: &Path) {
        let parents: Vec<&Path> = inside.ancestors().skip(1).collect();
        for folder in parents.into_iter().rev().filter(|folder| folder.parent().is_some()) {
            self.say("--perms 0755 --dir").add(folder);
        }
    }
}
