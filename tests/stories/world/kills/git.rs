//! The git of a worker's machine: how is one call of it held?
//! A script stands in front of it on the PATH. It does what git does, but for the first call that is like what was asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::world::settings::{on_path, search_path};

/// Where it waits, it also ends with its folder: nobody may be left to let it go.
const GIT: &str = r#"#!/bin/sh
when=
test -e HOLD/rule && . HOLD/rule
waits() {
    mkdir HOLD/taken 2>/dev/null || return 0
    echo WHO > HOLD/who.tmp && mv HOLD/who.tmp HOLD/who
    while test -d HOLD && ! test -e HOLD/go; do sleep 0.05; done
    if test -e HOLD/lost; then exit 1; fi
}
case $when in
before) waits; exec REAL "$@" ;;
after) REAL "$@"; code=$?; waits; exit $code ;;
*) exec REAL "$@" ;;
esac
"#;

/// What is told to the gits of both machines.
pub(super) struct Gits {
    hold: PathBuf,
}

impl Gits {
    pub fn new(world: &Path) -> Result<Self> {
        let hold = world.join("git");
        fs::create_dir_all(&hold)?;
        Ok(Self { hold })
    }

    /// A machine's search path, on which its git is found first.
    pub fn of(&self, machine: &str) -> Result<String> {
        let folder = self.hold.join(machine);
        fs::create_dir_all(&folder)?;
        let real = on_path("git").context("no git on the PATH")?;
        let hold = self.hold.display().to_string();
        let text = GIT.replace("HOLD", &hold).replace("WHO", machine);
        let git = folder.join("git");
        fs::write(&git, text.replace("REAL", &real.display().to_string()))?;
        fs::set_permissions(&git, fs::Permissions::from_mode(0o755))?;
        Ok(format!("{}:{}", folder.display(), search_path()?))
    }

    /// The next call whose words are like this is held.
    pub fn hold(&self, when: &str, words: &str) -> Result<()> {
        let written = self.hold.join("written");
        fs::write(&written, format!("case \"$*\" in {words}) when={when} ;; esac\n"))?;
        Ok(fs::rename(written, self.hold.join("rule"))?)
    }

    /// Whose call is held.
    pub fn held(&self) -> Option<String> {
        Some(fs::read_to_string(self.hold.join("who")).ok()?.trim().to_owned())
    }

    /// A call whose worker is dead goes on without it, or is lost with it.
    pub fn lets_go(&self, lost: bool) -> Result<()> {
        if lost {
            fs::write(self.hold.join("lost"), "")?;
        }
        Ok(fs::write(self.hold.join("go"), "")?)
    }
}
