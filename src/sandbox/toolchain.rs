//! Which programs of this machine may a box use?
//! Those on PATH, with the folders they need; never a folder that keeps somebody's credentials.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What every box shows anyway.
const SYSTEM: [&str; 7] = ["/usr", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];

/// Where programs are looked for when PATH is silent.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Our own variables that a program may see.
const PASSED_ON: [&str; 3] = ["LANG", "TERM", "TZ"];

/// Where pyenv keeps what writes to its own folder after each `pip install`, which then fails as a whole in a folder that is shown
/// read-only; without it pip is just pip.
pub(super) const PYENV_HOOK: &str = "pyenv.d/exec/pip-rehash";

/// Folders outside the system's own that hold programs on PATH, to be shown read-only.
pub(super) fn folders() -> Vec<PathBuf> {
    let home = home();
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&search_path()).flat_map(|entry| shown_for(&entry, &home)).collect();
    folders.extend(rustup_home());
    // One by one and not /opt itself, so that a caller can put something beside them.
    folders.extend(fs::read_dir("/opt").into_iter().flatten().flatten().map(|entry| entry.path()));
    let mut known = BTreeSet::new();
    folders.retain(|folder| known.insert(folder.clone()));
    folders
}

/// The clean environment, without HOME. Without a box programs write wherever their defaults say, so nothing else is said there.
pub(super) fn environment(unconfined: bool) -> Vec<(&'static str, OsString)> {
    let mut vars = vec![
        ("PATH", if unconfined { search_path() } else { path_inside() }),
        ("LANG", "C.UTF-8".into()),
        ("TERM", "dumb".into()),
    ];
    vars.extend(PASSED_ON.into_iter().filter_map(|name| Some((name, from_this_process(name)?))));
    vars.extend(rustup_home().map(|folder| ("RUSTUP_HOME", folder.into_os_string())));
    vars
}

/// By these a folder is an installation through and through: Go, Java, Maven, Conda, Homebrew and managers of versions.
const INSTALLATIONS: [&str; 11] = [
    "pkg/tool",
    "lib/modules",
    "jre/lib",
    "boot/plexus-classworlds.license",
    "lib/asdf.bash",
    "conda-meta",
    "bin/brew",
    "libexec/pyenv",
    "libexec/rbenv",
    "libexec/nodenv",
    "libexec/goenv",
];
/// What programs need beside the folder that they are in.
const BESIDE: [&str; 6] = ["lib", "lib64", "libexec", "include", "share", "pyvenv.cfg"];

/// PATH of this process: where `git` and the agents' programs are.
#[must_use]
pub fn search_path() -> OsString {
    from_this_process("PATH").unwrap_or_else(|| DEFAULT_PATH.into())
}

fn path_inside() -> OsString {
    let home = home();
    let seen = std::env::split_paths(&search_path())
        .filter(|entry| is_system(entry) || !shown_for(entry, &home).is_empty())
        .collect::<Vec<_>>();
    std::env::join_paths(seen.into_iter().chain(std::env::split_paths(DEFAULT_PATH)))
        .expect("parts of a PATH have no colon")
}

/// What to show for one entry of PATH: the installation it belongs to where that is surely one, else the entry and what its programs need
/// beside it. Somebody's work can have a `bin` too, with secrets beside it.
fn shown_for(entry: &Path, home: &Path) -> Vec<PathBuf> {
    if !entry.is_absolute() || is_system(entry) || home.starts_with(entry) || !entry.is_dir() {
        return Vec::new();
    }
    let Some(parent) = entry.parent() else { return Vec::new() };
    // ~/.cargo has credentials.toml, ~/.local has keyrings.
    let private = home.starts_with(parent)
        || [".cargo", ".local"].iter().any(|name| home.join(name) == parent);
    if private {
        return vec![entry.to_path_buf()];
    }
    if INSTALLATIONS.iter().any(|mark| parent.join(mark).exists()) {
        return vec![parent.to_path_buf()];
    }
    let beside = BESIDE.iter().map(|name| parent.join(name)).filter(|path| path.exists());
    [entry.to_path_buf()].into_iter().chain(beside).collect()
}

fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|root| path.starts_with(root))
}

/// `cargo` on PATH is rustup's, which looks for its toolchains under HOME unless told.
fn rustup_home() -> Option<PathBuf> {
    let folder =
        from_this_process("RUSTUP_HOME").map_or_else(|| home().join(".rustup"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn home() -> PathBuf {
    from_this_process("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from)
}

/// Variables by which package managers are configured, and what they need to run: for asking them, outside of any box.
pub(super) fn package_manager_environment() -> Vec<(OsString, OsString)> {
    const NAMES: [&str; 15] = [
        "PATH",
        "HOME",
        "LANG",
        "TZ",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "APPDATA",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ];
    const BEGINNINGS: [&str; 6] = ["npm_config_", "NPM_CONFIG_", "PIP_", "CARGO_", "GO", "PYENV_"];
    let is_theirs = |name: &str| {
        NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    };
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_theirs)).collect()
}

/// Where the user's cargo keeps its settings.
pub(super) fn cargo_home() -> PathBuf {
    from_this_process("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from)
}

/// One of our own variables, where it is text.
pub(super) fn text_from_this_process(name: &str) -> Option<String> {
    from_this_process(name)?.into_string().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what of our own environment a boxed program sees is this room's question, and PATH is no configuration"
)]
fn from_this_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_shown_whole() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".pyenv/shims")).unwrap();
        fs::create_dir_all(home.path().join(".pyenv/libexec/pyenv")).unwrap();
        let pyenv = home.path().join(".pyenv");
        assert_eq!(shown_for(&pyenv.join("shims"), home.path()), [pyenv]);
    }

    #[test]
    fn folders_with_credentials_show_their_programs_only() {
        let home = tempfile::tempdir().unwrap();
        for folder in [".cargo/bin", ".cargo/lib", ".local/bin", ".local/lib", "bin", "lib"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        for folder in [".cargo/bin", ".local/bin", "bin"] {
            let folder = home.path().join(folder);
            assert_eq!(shown_for(&folder, home.path()), [folder]);
        }
    }

    #[test]
    fn work_with_programs_shows_nothing_else_of_itself() {
        let home = tempfile::tempdir().unwrap();
        for folder in ["app/bin", "app/lib", "app/config", "app/.git"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        fs::write(home.path().join("app/.env"), "KEY=1").unwrap();
        let app = home.path().join("app");
        assert_eq!(shown_for(&app.join("bin"), home.path()), [app.join("bin"), app.join("lib")]);
    }

    #[test]
    fn home_itself_is_never_shown() {
        let home = tempfile::tempdir().unwrap();
        for path in [home.path(), Path::new("/"), Path::new("node_modules/.bin")] {
            assert!(shown_for(path, home.path()).is_empty());
        }
    }
}
