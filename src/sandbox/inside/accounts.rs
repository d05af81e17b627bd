//! Who is it in the box?
//! Where the worker is root, a user that this machine does not know and that owns nothing but the work and the HOME;
//! else whoever the worker is. Inside it is called `agent` either way, and lives in the box's HOME.

use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files;
use crate::sandbox::BoxSpec;

/// Nobody's: outside the ranges that distributions, systemd and containers give out, and below the 65,536 of most containers.
pub(in crate::sandbox) const BOX_USER: u32 = 60_999;

/// The same, where the kernel is to count what is one box's: each HOME has its own, which it keeps.
const COUNTED: Range<u32> = 60_706..BOX_USER;

/// The files that name the users of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// For /etc/passwd.
    pub passwd: PathBuf,
    /// For /etc/group.
    pub group: PathBuf,
}

impl Accounts {
    /// Written into the cache. Programs look their home up there, and some do not run as somebody without a name.
    pub fn write(cache: &Path, user: Option<u32>) -> Result<Self> {
        let (uid, gid) = user.map_or_else(
            || (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw()),
            |user| (user, user),
        );
        let folder = cache.join("accounts");
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let put = |name: String, text: String| -> Result<PathBuf> {
            let file = folder.join(name);
            if fs::read_to_string(&file).is_ok_and(|there| there == text) {
                return Ok(file);
            }
            files::write(&file, text.as_bytes())
                .and_then(|()| fs::set_permissions(&file, Permissions::from_mode(0o644)))
                .with_context(|| format!("writing {}", file.display()))?;
            Ok(file)
        };
        let home = BoxSpec::HOME;
        let passwd = format!(
            "root:x:0:0:root:/root:/bin/sh\nagent:x:{uid}:{gid}:Agent:{home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
        );
        let group = format!("root:x:0:\nagent:x:{gid}:\nnogroup:x:65534:\n");
        Ok(Self {
            passwd: put(format!("passwd-{uid}-{gid}"), passwd)?,
            group: put(format!("group-{uid}-{gid}"), group)?,
        })
    }
}

/// Whose processes are counted apart from those of other boxes. That two HOMEs share one is rare, and only lets them have less.
pub(super) fn counted_user(home: &Path) -> u32 {
    let mut hasher = DefaultHasher::new();
    home.hash(&mut hasher);
    let users = u64::from(COUNTED.end - COUNTED.start);
    COUNTED.start + u32::try_from(hasher.finish() % users).unwrap_or_default()
}

/// Gives the current folder, the HOME and some sockets to `user`. What cannot be given was theirs already, or is not ours.
pub(super) fn give_away(user: u32, sockets: &[PathBuf]) {
    for socket in sockets {
        let _ = lchown(socket, Some(user), Some(user));
    }
    for folder in [Path::new("."), Path::new(BoxSpec::HOME)] {
        let mut left = vec![folder.to_path_buf()];
        while let Some(path) = left.pop() {
            let Ok(data) = fs::symlink_metadata(&path) else { continue };
            // A file with a second name may be somebody else's too.
            if data.uid() != user && (data.is_dir() || data.nlink() == 1) {
                let _ = lchown(&path, Some(user), Some(user));
            }
            if data.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                left.extend(entries.map(|entry| entry.path()));
            }
        }
    }
}
