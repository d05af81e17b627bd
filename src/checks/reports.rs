//! The reports of the checks: which did they leave?
//! Regular files inside the checkout, of a sane size; anything else is as if there were none.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{coverage, junit};
use crate::run::Reports;

/// Larger reports are not read.
const LARGEST_BYTES: u64 = 20 << 20;

/// What the reports say.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub junit: Option<junit::JunitReport>,
    /// Percent of lines.
    pub coverage_percent: Option<f64>,
}

pub(super) fn read(checkout: &Path, reports: &Reports) -> Reported {
    let text = |path: &Option<String>| path.as_deref().and_then(|path| text_of(checkout, path));
    Reported {
        junit: text(&reports.junit).map(|text| junit::read(&relative(&text, checkout))),
        coverage_percent: text(&reports.lcov).and_then(|text| coverage::percent_of_lines(&text)),
    }
}

/// Every attempt is checked in a folder of its own: names of tests and of failures must not depend on it.
fn relative(text: &str, checkout: &Path) -> String {
    text.replace(&format!("{}/", checkout.display()), "")
}

/// Removes what was committed under the reports' names.
pub(super) fn remove(checkout: &Path, reports: &Reports) {
    for path in [&reports.junit, &reports.lcov].into_iter().flatten() {
        if let Some(path) = inside(checkout, path) {
            // An error mostly means that it is not there, as it should be.
            let _ = fs::remove_file(path);
        }
    }
}

fn text_of(checkout: &Path, path: &str) -> Option<String> {
    let path = inside(checkout, path)?;
    let data = fs::symlink_metadata(&path).ok()?;
    if !data.is_file() || data.len() > LARGEST_BYTES {
        return None;
    }
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

/// Where the report is, if its folder really lies in the checkout: the commands may have made links.
fn inside(checkout: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return None;
    }
    let checkout = checkout.canonicalize().ok()?;
    let folder = checkout.join(path).parent()?.canonicalize().ok()?;
    folder.starts_with(&checkout).then_some(folder.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_inside_are_read() {
        let root = tempfile::tempdir().unwrap();
        let checkout = root.path().join("checkout");
        fs::create_dir_all(checkout.join("out")).unwrap();
        fs::write(checkout.join("out/good.xml"), "x").unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        symlink("../../secret", checkout.join("out/link.xml")).unwrap();
        symlink("../..", checkout.join("out/up")).unwrap();
        assert_eq!(text_of(&checkout, "./out/good.xml").as_deref(), Some("x"));
        for path in [
            "../secret",
            "out/link.xml",
            "out/up/secret",
            "/etc/passwd",
            "out",
            "out/missing.xml",
            "",
        ] {
            assert_eq!(text_of(&checkout, path), None, "{path}");
        }
    }
}
