//! Tests against git itself: is every kind of file cloned and kept byte for byte as git would?

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{commit, git, test_repository, write};

/// A file as git knows it: its mode, and its bytes or where it leads to.
type GitFile = (&'static str, Vec<u8>);

/// All files of a folder but those of its `.git`.
fn files_in(folder: &Path) -> BTreeMap<PathBuf, GitFile> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if kind.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                files.insert(name, ("link", target.as_os_str().as_bytes().to_vec()));
            } else if kind.is_file() {
                let runs = entry.metadata().unwrap().permissions().mode() & 0o100 != 0;
                files
                    .insert(name, (if runs { "program" } else { "file" }, fs::read(path).unwrap()));
            } else if entry.file_name() != ".git" {
                folders.push(path);
            }
        }
    }
    files
}

fn write_bytes(folder: &Path, name: &[u8], bytes: &[u8]) {
    let path = folder.join(OsStr::from_bytes(name));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn make_executable(file: &Path) {
    fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
}

/// Names, line ends, encodings, links and modes that repositories have.
fn write_every_kind(folder: &Path) {
    write(folder, &[("README", "1\n"), ("readme", "2\n"), ("lib/a.js", "1\n"), ("empty", "")]);
    write(folder, &[("bare.txt", "one\r\ntwo\r\n"), ("mixed.txt", "one\r\ntwo\nthree\r")]);
    write(folder, &[("attributed/.gitattributes", "*.bat eol=crlf\n*.txt text\n*.id ident\n")]);
    write(folder, &[("attributed/a.bat", "rem\n"), ("attributed/b.txt", "one\ntwo\n")]);
    write(folder, &[("attributed/c.id", "$Id$\n"), ("attributed/d", "no end")]);
    write_bytes(folder, b"wide/a.rc", b"\xff\xfeh\0i\0\n\0");
    write(folder, &[("wide/.gitattributes", "*.rc text working-tree-encoding=UTF-16 eol=lf\n")]);
    write(folder, &[("lfs/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")]);
    write(folder, &[("lfs/model.bin", POINTER)]);
    let names: [&[u8]; 8] = [
        b"odd/two\nlines",
        b"odd/gr\xfc\xdfe",
        b"odd/-n",
        b"odd/:(top)x",
        b"odd/[a-z]*?",
        b"odd/back\\slash",
        b"odd/ space ",
        "odd/\u{fc}ber \u{1f600}".as_bytes(),
    ];
    for name in &names {
        write_bytes(folder, name, name);
    }
    write_bytes(folder, &[b"long/", &[b'x'; 255][..]].concat(), b"1\n");
    for (name, target) in
        [("links/file", "../README"), ("links/folder", "../lib"), ("links/dangling", "nowhere")]
    {
        fs::create_dir_all(folder.join("links")).unwrap();
        symlink(target, folder.join(name)).unwrap();
    }
    symlink("/etc/hostname", folder.join("links/absolute")).unwrap();
    symlink(OsStr::from_bytes(b"gr\xfc\n"), folder.join("links/bytes")).unwrap();
    write(folder, &[("run.sh", "#!/bin/sh\n")]);
    make_executable(&folder.join("run.sh"));
    write(folder, &[(".gitignore", "*.log\n")]);
}

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[tokio::test]
async fn every_kind_of_file_is_cloned_as_git_clones_it() {
    let repo = test_repository().await;
    let project = repo.project(&[("kept.log", "tracked, though it is ignored\n")]);
    write_every_kind(Path::new(&project));
    commit(Path::new(&project));
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let clone = repo.path("clone");
    repo.shadow.checkout(&base, &clone).await.unwrap();
    git(repo.root.path(), &["clone", "-q", &project, "plain"]);
    assert_eq!(files_in(&clone), files_in(&repo.path("plain")));
    let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.unwrap();
    assert_eq!(kept.tree, base.tree, "nobody touched anything");
}

/// Something that an agent does to its clone.
type Change = fn(&Path);

/// What an agent does, by name.
const CHANGES: [(&str, Change); 16] = [
    ("another case", |it| {
        fs::rename(it.join("README"), it.join("ReadMe")).unwrap();
        fs::rename(it.join("lib"), it.join("Lib")).unwrap();
    }),
    ("a link becomes a file", |it| {
        fs::remove_file(it.join("links/file")).unwrap();
        write(it, &[("links/file", "1\n")]);
    }),
    ("a link becomes a folder", |it| {
        fs::remove_file(it.join("links/folder")).unwrap();
        write(it, &[("links/folder/a.js", "1\n")]);
    }),
    ("a folder becomes a link out of here", |it| {
        fs::remove_dir_all(it.join("lib")).unwrap();
        symlink("/etc", it.join("lib")).unwrap();
    }),
    ("a file becomes a link", |it| {
        fs::remove_file(it.join("README")).unwrap();
        symlink("readme", it.join("README")).unwrap();
    }),
    ("a link leads elsewhere", |it| {
        fs::remove_file(it.join("links/dangling")).unwrap();
        symlink("elsewhere", it.join("links/dangling")).unwrap();
    }),
    ("modes", |it| {
        make_executable(&it.join("empty"));
        fs::set_permissions(it.join("run.sh"), Permissions::from_mode(0o600)).unwrap();
    }),
    ("line ends", |it| {
        write(it, &[("bare.txt", "one\ntwo\n"), ("mixed.txt", "one\n"), ("new.txt", "a\r\nb\n")]);
        write(it, &[("attributed/a.bat", "rem\r\nrem\r\n"), ("attributed/b.txt", "one\r\n")]);
    }),
    ("attributes", |it| {
        write(it, &[(".gitattributes", "*.js -text\n*.md text\n"), ("lib/a.js", "1\r\n")]);
        write(it, &[("new.md", "1\r\n"), ("new.js", "1\r\n")]);
    }),
    ("an identity", |it| write(it, &[("attributed/c.id", "$Id: 1234 $\nmore\n")])),
    ("an encoding", |it| write_bytes(it, b"wide/a.rc", b"\xff\xfeh\0o\0\n\0")),
    ("bytes in a name", |it| {
        fs::remove_file(it.join(OsStr::from_bytes(b"odd/gr\xfc\xdfe"))).unwrap();
        write_bytes(it, b"odd/\xff\xfe\n\x01", b"1\n");
        write_bytes(it, b"odd/two\nlines", b"2\n");
    }),
    ("names like options and patterns", |it| {
        write_bytes(it, b"odd/-n", b"2\n");
        write_bytes(it, b"odd/:(top)x", b"2\n");
        fs::remove_file(it.join("odd/[a-z]*?")).unwrap();
        write_bytes(it, b":(exclude)lib", b"1\n");
        write_bytes(it, b"\"quoted\"", b"1\n");
    }),
    ("a pointer", |it| write(it, &[("lfs/other.bin", POINTER)])),
    ("nothing is left", |it| {
        for entry in
            fs::read_dir(it).unwrap().map(Result::unwrap).filter(|e| e.file_name() != ".git")
        {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
    }),
    ("hard links and empty folders", |it| {
        fs::hard_link(it.join("README"), it.join("twice")).unwrap();
        fs::create_dir_all(it.join("hollow/more")).unwrap();
    }),
];

#[tokio::test]
async fn every_kind_of_change_is_kept_as_git_keeps_it() {
    let repo = test_repository().await;
    let project = repo.project(&[("kept.log", "tracked, though it is ignored\n")]);
    write_every_kind(Path::new(&project));
    commit(Path::new(&project));
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let (clone, plain) = (repo.path("clone"), repo.path("plain"));
    for (what, change) in CHANGES {
        repo.shadow.checkout(&base, &clone).await.unwrap();
        fs::remove_dir_all(&plain).unwrap_or_default();
        git(repo.root.path(), &["clone", "-q", &project, "plain"]);
        change(&clone);
        change(&plain);
        git(&plain, &["add", "-A"]);
        let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.expect(what);
        assert_eq!(kept.tree, git(&plain, &["write-tree"]).trim(), "{what}");
        git(&plain, &["commit", "-q", "--allow-empty", "-m", what]);
        git(repo.root.path(), &["clone", "-q", "plain", "twice"]);
        repo.shadow.checkout(&kept, &clone).await.unwrap();
        assert_eq!(files_in(&clone), files_in(&repo.path("twice")), "{what}");
        fs::remove_dir_all(repo.path("twice")).unwrap();
    }
}
