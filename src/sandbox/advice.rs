//! What does a person type to install bubblewrap?

use std::fs;

/// What a person can type.
pub(super) fn advice() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    format!("`{}` installs it", command_for(&release))
}

/// `ID` and `ID_LIKE` name a distribution and what it comes of.
pub(super) fn command_for(os_release: &str) -> &'static str {
    let names: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches(['"', '\'']).split(' '))
        .collect();
    let is = |wanted: &[&str]| names.iter().any(|name| wanted.contains(name));
    if is(&["fedora", "rhel"]) {
        "dnf install bubblewrap"
    } else if is(&["alpine"]) {
        "apk add bubblewrap"
    } else if is(&["arch"]) {
        "pacman -S bubblewrap"
    } else if is(&["suse", "opensuse"]) {
        "zypper install bubblewrap"
    } else {
        "apt install bubblewrap"
    }
}
