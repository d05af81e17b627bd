//! File names: what is a file, by its path?
//! Only the places where tools look by themselves. A wrong guess costs a reader no more than a look.

/// Files that build servers, git or package managers act on unasked.
const AUTOMATION: [&str; 26] = [
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".travis.yml",
    ".travis.yaml",
    ".appveyor.yml",
    "appveyor.yml",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    "bitbucket-pipelines.yml",
    ".drone.yml",
    ".drone.star",
    ".cirrus.yml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    "buildspec.yml",
    "cloudbuild.yaml",
    "cloudbuild.yml",
    "codefresh.yml",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    ".lefthook.yml",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    "jenkinsfile",
];

/// Folders of such files, wherever they are.
const AUTOMATION_FOLDERS: [&str; 19] = [
    ".github/workflows",
    ".github/actions",
    ".gitea/workflows",
    ".forgejo/workflows",
    ".gitlab/ci",
    ".circleci",
    ".buildkite",
    ".woodpecker",
    ".teamcity",
    ".semaphore",
    ".azure-pipelines",
    ".azuredevops",
    ".husky",
    ".githooks",
    ".git-hooks",
    ".lefthook",
    ".cargo/config",
    ".cargo/config.toml",
    ".harness",
];

const LOCK_FILES: [&str; 24] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "Cargo.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
    "Gemfile.lock",
    "composer.lock",
    "go.sum",
    "flake.lock",
    "gradle.lockfile",
    "packages.lock.json",
    "Podfile.lock",
    "pubspec.lock",
    "mix.lock",
    "Package.resolved",
    "conan.lock",
];

const TEST_FOLDERS: [&str; 12] = [
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "e2e",
    "cypress",
    "playwright",
    "__snapshots__",
    "__mocks__",
    "testdata",
    "fixtures",
];

/// What decides which tests are run, and what they are run with.
const TEST_SETTINGS: [&str; 6] = [
    "jest.config",
    "vitest.config",
    "playwright.config",
    "karma.conf",
    ".mocharc",
    "cypress.config",
];

/// A workflow, a hook, a pipeline: what runs without anybody asking for it.
pub(super) fn is_automation(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = name(&path);
    let lies_in = |folder: &str| {
        under(&path, folder)
            || path.find(&format!("/{folder}")).is_some_and(|at| under(&path[at + 1..], folder))
    };
    AUTOMATION.contains(&name)
        || name.starts_with("jenkinsfile.")
        || AUTOMATION_FOLDERS.iter().any(|folder| lies_in(folder))
        || path == ".github"
}

pub(super) fn is_lock_file(path: &str) -> bool {
    LOCK_FILES.contains(&name(path))
}

/// Whatever is not known to be words, data or generated: what nobody knows may well be run.
pub(in crate::workspace) fn is_code(path: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "md", "markdown", "rst", "adoc", "txt", "csv", "tsv", "log", "svg", "map", "snap", "po",
        "pot", "xml", "html", "lock",
    ];
    let kind = name(path).rsplit_once('.').map_or("", |(_, kind)| kind).to_lowercase();
    !is_lock_file(path) && !OTHERS.contains(&kind.as_str())
}

/// A test by the habits of its language, or what tests lean on.
pub(in crate::workspace) fn is_test(path: &str) -> bool {
    let name = name(path);
    let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    let in_test_folder = path.split('/').rev().skip(1).any(|part| TEST_FOLDERS.contains(&part));
    in_test_folder || is_test_stem(stem, kind) || is_test_settings(name) || kind == "snap"
}

/// `a.test.ts`, `calc_test.go`, `FooTest.java`.
fn is_test_stem(stem: &str, kind: &str) -> bool {
    let ends_with_any = |ends: &[&str]| ends.iter().any(|end| stem.ends_with(end));
    let script = ends_with_any(&[".test", ".tests", ".spec", ".cy", ".e2e"]);
    let snake = stem.starts_with("test_")
        || ends_with_any(&["_test", "_tests", "_spec"])
        || matches!(stem, "test" | "tests");
    let camel = ends_with_any(&["Test", "Tests", "Spec", "IT"])
        && matches!(kind, "java" | "kt" | "scala" | "cs" | "php" | "swift");
    script || snake || camel
}

fn is_test_settings(name: &str) -> bool {
    TEST_SETTINGS.iter().any(|begin| name.starts_with(begin))
        || matches!(name, "conftest.py" | "pytest.ini" | "tox.ini")
}

/// A file of settings, where values stand without quotes.
pub(super) fn is_settings(path: &str) -> bool {
    const KINDS: [&str; 12] = [
        "env",
        "yml",
        "yaml",
        "ini",
        "cfg",
        "conf",
        "properties",
        "sh",
        "bash",
        "tfvars",
        "netrc",
        "npmrc",
    ];
    let name = name(path);
    name.starts_with(".env")
        || name == "Dockerfile"
        || KINDS.contains(&name.rsplit('.').next().unwrap_or_default())
}

pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder itself counts too: it may have become a link.
fn under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_by_itself_is_known() {
        for path in [
            ".github/workflows/ci.yml",
            ".github",
            "app/.husky/pre-commit",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            ".circleci",
            ".cargo/config.toml",
        ] {
            assert!(is_automation(path), "{path}");
        }
        for path in [
            ".github/ISSUE_TEMPLATE.md",
            "docs/workflows/a.md",
            "Makefile",
            "Dockerfile",
            "src/.huskyx/a",
            "x.circleci/a",
        ] {
            assert!(!is_automation(path), "{path}");
        }
    }

    #[test]
    fn tests_are_known_in_many_languages() {
        let tests = "test/a.js src/a.test.ts pkg/calc_test.go test_app.py src/x/tests.rs src/a.spec.mjs lib/a_spec.rb src/FooTest.java conftest.py a.snap";
        for path in tests.split(' ') {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "src/latest.js",
            "src/contest.py",
            "attest/a.js",
            "src/testing.md",
            "src/Fastest.java",
            "src/inspect.rs",
        ] {
            assert!(!is_test(path), "{path}");
        }
    }

    #[test]
    fn what_nobody_knows_counts_as_code() {
        assert!(is_code("src/a.js") && is_code("Makefile") && is_code("run") && is_code("a.json"));
        assert!(!is_code("README.md") && !is_code("a/package-lock.json") && !is_code("x.SVG"));
    }

    #[test]
    fn lock_files_are_known_by_their_whole_name() {
        assert!(is_lock_file("web/package-lock.json") && is_lock_file("go.sum"));
        assert!(!is_lock_file("src/lock.rs") && !is_lock_file("my-package-lock.json"));
    }
}
