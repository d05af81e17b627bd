//! Manifests: what does a project ask its package manager for?
//! Names that were not there before, or that now come from somewhere else than the registry, are new.

mod json;
mod lines;
mod tables;

use super::paths;
pub(super) use json::is_hook;

/// The manifests we can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    Npm,
    Deno,
    Composer,
    Cargo,
    Pyproject,
    Pipfile,
    Requirements,
    Go,
    Gemfile,
    Maven,
    Gradle,
}

/// What is in a manifest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ManifestContents {
    pub dependencies: Vec<Dependency>,
    pub hooks: Vec<Hook>,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub name: String,
    /// Where it comes from, if not from the registry under that name. Versions do not matter: they change all the time.
    pub origin: Option<String>,
}

impl Dependency {
    fn from_registry(name: impl Into<String>) -> Self {
        Self { name: name.into(), origin: None }
    }
}

/// A command that runs wherever the project is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hook {
    pub name: String,
    pub command: String,
}

impl Manifest {
    pub fn of(path: &str) -> Option<Self> {
        let name = paths::name(path);
        Some(match name {
            "package.json" => Self::Npm,
            "deno.json" | "deno.jsonc" => Self::Deno,
            "composer.json" => Self::Composer,
            "Cargo.toml" => Self::Cargo,
            "pyproject.toml" => Self::Pyproject,
            "Pipfile" => Self::Pipfile,
            "go.mod" => Self::Go,
            "Gemfile" => Self::Gemfile,
            "pom.xml" => Self::Maven,
            "build.gradle" | "build.gradle.kts" => Self::Gradle,
            _ if is_requirements(path, name) => Self::Requirements,
            _ => return None,
        })
    }

    /// None where it cannot be parsed; an empty file has no contents.
    pub fn read(self, text: &str) -> Option<ManifestContents> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Some(ManifestContents::default());
        }
        let dependencies = match self {
            Self::Npm => return json::npm(text),
            Self::Deno => json::deno(text)?,
            Self::Composer => json::composer(text)?,
            Self::Cargo => tables::cargo(text)?,
            Self::Pyproject => tables::pyproject(text)?,
            Self::Pipfile => tables::pipfile(text)?,
            Self::Requirements => lines::requirements(text),
            Self::Go => lines::go(text),
            Self::Gemfile => lines::all_matches(&lines::GEMS, text),
            Self::Maven => lines::all_matches(&lines::MAVEN, text),
            Self::Gradle => lines::all_matches(&lines::GRADLE, text),
        };
        Some(ManifestContents { dependencies, hooks: Vec::new() })
    }
}

fn is_requirements(path: &str, name: &str) -> bool {
    let (kind, folder) = (name.rsplit('.').next(), path.rsplit('/').nth(1));
    matches!(kind, Some("txt" | "in"))
        && (name.starts_with("requirements")
            || name.starts_with("dev-requirements")
            || folder == Some("requirements"))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn names(manifest: Manifest, text: &str) -> String {
        let contents = manifest.read(text).expect("it makes sense");
        let text = |one: Dependency| {
            one.origin.map_or(one.name.clone(), |origin| format!("{} from {origin}", one.name))
        };
        contents.dependencies.into_iter().map(text).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn npm_is_read() {
        let text = r#"{ "name": "x", "dependencies": { "a": "^1", "b": "github:o/b" }, "devDependencies": { "@s/c": "workspace:*" },
            "scripts": { "test": "x", "postinstall": "node evil.js" } }"#;
        assert_eq!(names(Manifest::Npm, text), "a, b from github:o/b, @s/c");
        assert_eq!(
            Manifest::Npm.read(text).unwrap().hooks,
            [Hook { name: "postinstall".into(), command: "node evil.js".into() }]
        );
        assert_eq!(Manifest::Npm.read("\u{feff}{}"), Some(ManifestContents::default()));
        assert_eq!(Manifest::Npm.read("{ broken"), None);
    }

    #[test]
    fn cargo_is_read() {
        let text = "[package]\nname = 'x'\n[dependencies]\na = '1'\nb = { git = 'https://h/b' }\n[target.'cfg(unix)'.dev-dependencies.c]\nversion = '2'\n[workspace.dependencies]\nd = '1'\n[patch.crates-io]\na = { path = 'a' }\n";
        assert_eq!(names(Manifest::Cargo, text), "a, b from https://h/b, c, d, a from a");
    }

    #[test]
    fn python_is_read() {
        let text = "[project]\ndependencies = ['Flask_Login>=2', 'x @ https://h/x.whl']\n[project.optional-dependencies]\nd = ['y[z]==1 ; python_version < \"3\"']\n[dependency-groups]\nt = ['q', {include-group = 'd'}]\n[tool.poetry.dependencies]\npython = '^3'\np = '*'\n[build-system]\nrequires = ['hatchling']\n";
        assert_eq!(
            names(Manifest::Pyproject, text),
            "hatchling, flask-login, x from https://h/x.whl, y, q, p"
        );
        let text = "# all\nFlask==2  # web\n-r base.txt\n--extra-index-url https://u:p@h/simple\n-e git+https://h/o/thing.git@v1#egg=thing\nhttps://h/a/w.whl\n";
        assert_eq!(
            names(Manifest::Requirements, text),
            "flask, --extra-index-url from https://u:p@h/simple, thing from git+https://h/o/thing.git@v1#egg=thing, w.whl from https://h/a/w.whl"
        );
    }

    #[test]
    fn go_is_read() {
        let text = "module h/x\ngo 1.24\nrequire h/a v1.0.0\nrequire (\n\th/b v1.2.0\n\th/c v1 // indirect\n)\nreplace h/a => ../a\nexclude h/z v1\n";
        assert_eq!(names(Manifest::Go, text), "h/a, h/b, h/c, h/a from ../a");
    }

    #[test]
    fn others_are_read_by_their_lines() {
        assert_eq!(
            names(Manifest::Gemfile, "source 'x'\ngem 'rails', '~> 7'\n  gem \"pg\"\n# gem 'no'\n"),
            "rails, pg"
        );
        assert_eq!(
            names(Manifest::Maven, "<groupId>a.b</groupId>\n <artifactId>c</artifactId>"),
            "a.b:c"
        );
        assert_eq!(
            names(Manifest::Gradle, "implementation(\"a.b:c:1.0\")\ntestImplementation 'd:e'"),
            "a.b:c, d:e"
        );
        assert_eq!(
            names(
                Manifest::Composer,
                r#"{"require": {"php": ">=8", "a/b": "1"}, "require-dev": {"c/d": "*"}}"#
            ),
            "a/b, c/d"
        );
        assert_eq!(
            names(
                Manifest::Pipfile,
                "[packages]\na = '*'\n[dev-packages]\nb = {git = 'https://h/b'}\n"
            ),
            "a, b from https://h/b"
        );
        assert_eq!(
            names(Manifest::Deno, r#"{"imports": {"a": "jsr:@s/a@1", "b": "./b.ts"}}"#),
            "@s/a"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC{0,30}\n){0,8}") {
            for manifest in [Manifest::Npm, Manifest::Cargo, Manifest::Pyproject, Manifest::Requirements, Manifest::Go, Manifest::Gradle] {
                let _ = manifest.read(&text);
            }
        }
    }
}
