//! The archive of a session: how does an agent's conversation come to another disk?
//! Whatever the agent left in its HOME: no link is followed, and no more is packed than a conversation is long. Nobody writes there any more.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::agent::ClaudeCode;
use crate::files::remove_blocking;

/// Longest session that is packed, in memory: with pictures a conversation has some tens of megabytes.
const MOST_BYTES: u64 = 128 << 20;
/// Most names that are looked at for one: each sub-agent has a file of its own.
const MOST_LOOKS: usize = 10_000;
/// Its folder in an archive.
const PROJECTS: &str = "projects";

/// One conversation in an agent's HOME, and those of its sub-agents; the rest of it is made anew.
pub(super) fn pack(home: &Path, session: Uuid) -> io::Result<Vec<u8>> {
    let conversations = plain_folder(home, ClaudeCode::CONVERSATIONS)?;
    let mut wanted = Vec::new();
    for project in fs::read_dir(&conversations)? {
        let project = project?;
        if project.file_type()?.is_dir() {
            wanted.push(project.path().join(format!("{session}.jsonl")));
            wanted.push(project.path().join(session.to_string()));
        }
    }
    let mut archive = tar::Builder::new(Vec::new());
    let files = plain_files(wanted)?;
    for path in &files {
        let name = path.strip_prefix(&conversations).map_err(io::Error::other)?;
        archive.append_file(Path::new(PROJECTS).join(name), &mut File::open(path)?)?;
    }
    if files.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { archive.into_inner() }
}

/// A folder below another, where neither it nor one on the way is a link.
fn plain_folder(above: &Path, below: &str) -> io::Result<PathBuf> {
    let mut path = above.to_owned();
    for name in below.split('/') {
        path.push(name);
        if !fs::symlink_metadata(&path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
    }
    Ok(path)
}

/// These files, and those in these folders; neither links nor what else has a name.
fn plain_files(mut wanted: Vec<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut left) = (Vec::new(), MOST_BYTES);
    let mut looks = 0..MOST_LOOKS;
    while let Some(path) = wanted.pop() {
        let found = match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            looked => looked?,
        };
        if found.is_dir() {
            let inner: io::Result<Vec<_>> = fs::read_dir(&path)?.collect();
            wanted.extend(inner?.iter().map(fs::DirEntry::path));
        } else if found.is_file() {
            left = left.checked_sub(found.len()).ok_or_else(too_large)?;
            files.push(path);
        }
        looks.next().ok_or_else(too_large)?;
    }
    Ok(files)
}

fn too_large() -> io::Error {
    io::Error::other("it is larger than a conversation can be")
}

/// Into a fresh HOME, under the name that the agent's program gives to conversations in this folder.
pub(super) fn unpack(packed: &[u8], home: &Path, work: &Path) -> io::Result<()> {
    remove_blocking(home)?;
    let conversations = home.join(ClaudeCode::CONVERSATIONS);
    let claude = conversations.parent().unwrap_or(home);
    fs::create_dir_all(claude)?;
    // Made by our own hand; yet an agent wrote what is in it, so nothing may land outside.
    tar::Archive::new(packed).unpack(claude)?;
    let here = conversations.join(ClaudeCode::folder_of_conversations(work));
    let mut others = fs::read_dir(&conversations)?.filter_map(Result::ok);
    match others.next().filter(|_| !here.exists()) {
        Some(other) => fs::rename(other.path(), here),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const SESSION: Uuid = Uuid::from_u128(7);

    /// A HOME, and its folder of the conversations in `/w`.
    fn home() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().expect("a folder");
        let project = home.path().join(ClaudeCode::CONVERSATIONS).join("-w");
        fs::create_dir_all(project.join(format!("{SESSION}/subagents"))).expect("made");
        (home, project)
    }

    #[test]
    fn a_conversation_moves_with_its_sub_agents_and_nothing_else() {
        let (from, project) = home();
        let transcript = format!("{SESSION}.jsonl");
        fs::write(project.join(&transcript), "{}\n").expect("written");
        fs::write(project.join(format!("{SESSION}/subagents/a.jsonl")), "{}\n").expect("written");
        fs::write(project.join("other.jsonl"), "{}\n").expect("written");
        symlink("/etc/hostname", project.join(format!("{SESSION}/host"))).expect("a link");
        let packed = pack(from.path(), SESSION).expect("packed");
        let to = from.path().join("elsewhere");
        unpack(&packed, &to, Path::new("/new/work")).expect("unpacked");
        let there = to.join(ClaudeCode::CONVERSATIONS).join("-new-work");
        assert_eq!(fs::read_to_string(there.join(transcript)).expect("moved"), "{}\n");
        assert!(there.join(format!("{SESSION}/subagents/a.jsonl")).is_file());
        assert!(!there.join("other.jsonl").exists());
        assert!(fs::symlink_metadata(there.join(format!("{SESSION}/host"))).is_err());
    }

    #[test]
    fn what_is_no_conversation_stays() {
        let (home, project) = home();
        assert!(pack(home.path(), SESSION).is_err(), "there is none");
        let huge = File::create(project.join(format!("{SESSION}.jsonl"))).expect("made");
        huge.set_len(MOST_BYTES + 1).expect("a file with a hole");
        let why = pack(home.path(), SESSION).expect_err("too large").to_string();
        assert_eq!(why, "it is larger than a conversation can be");
        huge.set_len(3).expect("shorter");
        assert!(pack(home.path(), SESSION).is_ok());
        let outside = tempfile::tempdir().expect("a folder");
        fs::rename(project.parent().expect("above"), outside.path().join("p")).expect("moved");
        symlink(outside.path().join("p"), home.path().join(ClaudeCode::CONVERSATIONS))
            .expect("a link");
        assert!(pack(home.path(), SESSION).is_err(), "a link is not followed");
    }
}
