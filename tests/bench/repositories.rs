//! What do large repositories cost? One of many files and one of large files, each begun with, cloned for an agent and kept,
//! against git's own way of doing the same: a clone through its transport, and an add that reads every file.
//! `cargo bench --bench repositories -- <files> <megabytes>`

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use signoff::run::Snapshot;
use signoff::workspace::Shadow;

const FILES: usize = 100_000;
const MEGABYTES: usize = 1_024;
/// The largest file of a snapshot is 50 MB.
const LARGE_FILE_MB: usize = 40;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut sizes = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let (files, megabytes) = (sizes.next().unwrap_or(FILES), sizes.next().unwrap_or(MEGABYTES));
    let root = tempfile::tempdir().context("making a folder")?;
    let (many, large) = (root.path().join("many"), root.path().join("large"));
    make(&many, |folder| many_files(folder, files))?;
    make(&large, |folder| large_files(folder, megabytes))?;
    say(&format!(
        "{:<22}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "seconds", "begin", "clone", "git's", "keep", "git's"
    ));
    for (what, project) in
        [(format!("{files} files"), many), (format!("{megabytes} MB of files"), large)]
    {
        let Measured { begin, clone, git_clone, keep, git_add } =
            measure(root.path(), &project).await?;
        say(&format!(
            "{what:<22}{begin:>9.2}{clone:>9.2}{git_clone:>9.2}{keep:>9.2}{git_add:>9.2}"
        ));
        say(&format!(
            "{:<31}{:>9}{:>9}{:>9}",
            "",
            format!("x{:.2}", clone / git_clone),
            "",
            format!("x{:.2}", keep / git_add)
        ));
    }
    Ok(())
}

struct Measured {
    begin: f64,
    clone: f64,
    git_clone: f64,
    keep: f64,
    git_add: f64,
}

async fn measure(root: &Path, project: &Path) -> Result<Measured> {
    let shadow = Shadow::open(&project.with_extension("shadow.git")).await?;
    let (work, plain) = (root.join("work"), root.join("plain"));
    let mut base = None;
    let begin = seconds(async {
        base = Some(shadow.import(Some(&project.display().to_string()), None).await?);
        Ok(())
    })
    .await?;
    let base: Snapshot = base.context("a beginning")?;
    let clone = seconds(async { Ok(shadow.checkout_to_change(&base, &work).await?) }).await?;
    let _ = fs::remove_dir_all(&plain);
    let url = format!("file://{}", shadow.path().display());
    let git_clone = seconds(async {
        git(root, &["clone", "-q", "-n", &url, "plain"])?;
        git(&plain, &["reset", "-q", "--hard", &base.commit])
    })
    .await?;
    fs::write(work.join("new.txt"), "one more\n")?;
    let keep = seconds(async {
        shadow.keep(&work, &base, "first-1").await?;
        Ok(())
    })
    .await?;
    let git_add = seconds(async {
        // An index that knows nothing of the files, as one is that nobody can trust.
        fs::remove_file(plain.join(".git/index"))?;
        git(&plain, &["read-tree", "HEAD"])?;
        git(&plain, &["add", "-A"])?;
        git(&plain, &["write-tree"])
    })
    .await?;
    Ok(Measured { begin, clone, git_clone, keep, git_add })
}

async fn seconds(work: impl Future<Output = Result<()>>) -> Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed().as_secs_f64())
}

fn make(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    fs::create_dir_all(folder)?;
    git(folder, &["init", "-q"])?;
    fill(folder)?;
    git(folder, &["add", "-A"])?;
    git(folder, &["commit", "-qm", "all of it"])
}

fn many_files(folder: &Path, files: usize) -> Result<()> {
    for n in 0..files {
        let place = folder.join(format!("d{}/e{}", n % 20, n % 1_000));
        fs::create_dir_all(&place)?;
        fs::write(place.join(format!("{n}.txt")), format!("line {n}\n").repeat(20))?;
    }
    Ok(())
}

/// Bytes that cannot be compressed, the same in each run.
fn large_files(folder: &Path, megabytes: usize) -> Result<()> {
    let mut seed = 1_u64;
    for n in 0..megabytes.div_ceil(LARGE_FILE_MB) {
        let bytes: Vec<u8> = (0..LARGE_FILE_MB << 17)
            .flat_map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n as u64 | 1);
                (seed ^ (seed >> 29)).to_le_bytes()
            })
            .collect();
        fs::write(folder.join(format!("{n}.bin")), bytes)?;
    }
    Ok(())
}

fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let who = ["-c", "user.name=ana", "-c", "user.email=ana@localhost", "-c", "gc.auto=0"];
    let output = Command::new("git").current_dir(folder).args(who).args(args).output()?;
    ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a bench prints what it found")]
fn say(line: &str) {
    println!("{line}");
}
