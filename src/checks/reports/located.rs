//! Files that coverage reports name: which files of the checkout are they?
//! A tool names them from where it ran. In a repository of several packages one name stands for several files, which must not be joined.

use std::path::{Component, Path, PathBuf};

/// Most folders that a report names as the places of its files and that are looked at.
const MOST_SOURCES: usize = 20;

/// The file that `name` means in the report at `report`: in one of the report's own `sources`, else in the first folder from the report's own
/// upwards that has it. None where no such file `is_there`.
pub(super) fn located(
    name: &str,
    report: &Path,
    sources: &[String],
    mut is_there: impl FnMut(&Path) -> bool,
) -> Option<String> {
    let sources = &sources[..sources.len().min(MOST_SOURCES)];
    let of_its_own = sources.iter().map(|source| Path::new(source).join(name));
    // A source may be relative itself.
    let upwards = report.ancestors().skip(1).flat_map(|folder| {
        let in_sources = sources.iter().map(move |source| folder.join(source).join(name));
        in_sources.chain([folder.join(name)])
    });
    let found = of_its_own.chain(upwards).filter_map(|path| inside(&path)).find(|it| is_there(it));
    Some(found?.to_str()?.to_owned())
}

/// Without `.` and `..`; None where it leads out of the checkout.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir if inside.pop() => {}
            _ => return None,
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: [&str; 4] = ["packages/a/src/x.js", "packages/b/src/x.js", "src/x.js", "lib/y.py"];

    fn found(name: &str, report: &str, sources: &[&str]) -> Option<String> {
        let sources: Vec<_> = sources.iter().map(|it| (*it).to_owned()).collect();
        located(name, Path::new(report), &sources, |path| {
            THERE.iter().any(|it| path == Path::new(it))
        })
    }

    #[test]
    fn a_name_means_the_nearest_file_above_the_report() {
        for (name, report, file) in [
            ("src/x.js", "packages/a/coverage/lcov.info", "packages/a/src/x.js"),
            ("./src/x.js", "packages/b/lcov.info", "packages/b/src/x.js"),
            ("../b/src/x.js", "packages/a/lcov.info", "packages/b/src/x.js"),
            ("packages/a/src/x.js", "packages/b/lcov.info", "packages/a/src/x.js"),
            ("src/x.js", "coverage/lcov.info", "src/x.js"),
        ] {
            assert_eq!(found(name, report, &[]).as_deref(), Some(file), "{name} of {report}");
        }
    }

    #[test]
    fn a_source_is_believed_first() {
        let of = |source: &str| found("x.js", "packages/a/cov.xml", &["/usr/lib/python3", source]);
        assert_eq!(of("src").as_deref(), Some("src/x.js"));
        assert_eq!(of("packages/b/src/").as_deref(), Some("packages/b/src/x.js"));
        assert_eq!(found("y.py", "cov.xml", &["", "lib"]).as_deref(), Some("lib/y.py"));
    }

    #[test]
    fn what_is_not_inside_is_not_found() {
        for name in ["gone.js", "/etc/passwd", "../../../../src/x.js", ""] {
            assert_eq!(found(name, "packages/a/lcov.info", &["/", ".."]), None, "{name}");
        }
    }
}
