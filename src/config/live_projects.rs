//! The projects of a process that stays: what can be developed now?
//! `signoff.toml` and the pipelines it names are read again when they change. What cannot be read changes nothing, and is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::Projects;
use crate::run::Problems;

/// Looks at the files whenever somebody asks, so that what was saved a moment ago counts; cheap to clone.
#[derive(Clone, Debug)]
pub struct LiveProjects(Arc<Mutex<Reading>>);

/// What was read, and from which files.
#[derive(Debug)]
struct Reading {
    source: ProjectsFile,
    projects: Arc<Projects>,
    /// Of the last reading; none before somebody asked.
    stamps: Vec<Stamp>,
    problem: Option<String>,
}

/// Where the projects are written down.
#[derive(Clone, Debug)]
pub struct ProjectsFile {
    pub path: PathBuf,
    /// Whether it may not be there: then only the built-in project is.
    pub optional: bool,
}

impl ProjectsFile {
    /// Reads it, and the pipelines it names.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(&self) -> Result<Projects, Problems> {
        if self.optional && !self.path.exists() {
            Projects::built_in()
        } else {
            Projects::read(&self.path)
        }
    }
}

/// What tells a file from the one that was there before; none where there is none.
type Stamp = Option<(SystemTime, u64)>;

impl LiveProjects {
    /// What was read of this file so far; it is read once more when somebody asks first, for it may have changed since.
    #[must_use]
    pub fn new(source: ProjectsFile, projects: Projects) -> Self {
        let (projects, stamps) = (Arc::new(projects), Vec::new());
        Self(Arc::new(Mutex::new(Reading { source, projects, stamps, problem: None })))
    }

    /// The projects as the files say now; where they say nothing sensible, as they said before.
    #[must_use]
    pub fn current(&self) -> Arc<Projects> {
        self.looked(|reading| Arc::clone(&reading.projects))
    }

    /// Why the files count as they were, where they do; a sentence.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.looked(|reading| reading.problem.clone())
    }

    fn looked<T>(&self, say: impl Fn(&Reading) -> T) -> T {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&reading.source, &reading.projects);
        // What is broken may be mended by a file that was not there before.
        if now != reading.stamps || reading.problem.is_some() {
            reading.read_again();
        }
        say(&reading)
    }
}

impl Reading {
    fn read_again(&mut self) {
        // From before it is read: what is written meanwhile, by halves, is read once more.
        let before = stamp(&self.source.path);
        match self.source.read() {
            Ok(projects) => {
                if !self.stamps.is_empty() {
                    let file = self.source.path.display();
                    tracing::info!("{file} has changed and was read again");
                }
                self.projects = Arc::new(projects);
                self.problem = None;
            }
            Err(problems) => self.stay_as_it_was(&problems),
        }
        self.stamps = stamps(&self.source, &self.projects);
        self.stamps[0] = before;
    }

    fn stay_as_it_was(&mut self, problems: &Problems) {
        let first = problems.0.first().map(ToString::to_string).unwrap_or_default();
        let problem =
            format!("signoff.toml has changed and cannot be read, so it counts as it was: {first}");
        if self.problem.as_ref() != Some(&problem) {
            tracing::warn!(error = %problems, "{} has changed and cannot be read: it counts as it was", self.source.path.display());
        }
        self.problem = Some(problem);
    }
}

fn stamps(source: &ProjectsFile, projects: &Projects) -> Vec<Stamp> {
    let pipelines = projects.all().flat_map(|project| &project.pipeline_files);
    std::iter::once(&source.path).chain(pipelines).map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Stamp {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[project.shop]\npipeline = \"llm-wrapper\"\n";

    fn names(live: &LiveProjects) -> Vec<String> {
        live.current().names().map(ToString::to_string).collect()
    }

    #[test]
    fn a_project_that_was_just_written_down_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signoff.toml");
        let source = ProjectsFile { path: path.clone(), optional: true };
        let live = LiveProjects::new(source.clone(), source.read().expect("the built-in one"));
        assert_eq!(names(&live), ["llm-wrapper"]);
        fs::write(&path, GOOD).expect("written");
        assert_eq!(names(&live), ["llm-wrapper", "shop"]);
        fs::write(&path, "[project.shop]\npipeline = 5 and more\n").expect("written");
        assert_eq!(names(&live), ["llm-wrapper", "shop"]);
        let problem = live.problem().expect("it is told");
        assert!(problem.contains("counts as it was") && problem.contains("signoff.toml"));
        fs::write(&path, GOOD).expect("written");
        assert_eq!(live.problem(), None);
    }

    #[test]
    fn every_pipeline_that_is_named_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, pipeline) = (folder.path().join("signoff.toml"), folder.path().join("f.toml"));
        let write = |checks: &str| {
            let text = format!(
                "name = \"f\"\nagent = \"claude\"\n[[stage]]\nname = \"a\"\nprompt = \"Go\"\nchecks = [{checks:?}]\n"
            );
            fs::write(&pipeline, text).expect("written");
        };
        write("true");
        fs::write(&path, format!("{GOOD}features = \"f.toml\"\n")).expect("written");
        let source = ProjectsFile { path, optional: false };
        let live = LiveProjects::new(source.clone(), source.read().expect("it is good"));
        let checks = || -> Vec<String> {
            let projects = live.current();
            let shop = projects.get(&"shop".parse().expect("a slug")).expect("it is there");
            let features = shop.features.as_ref().expect("a pipeline of its own");
            features.pipeline.stages.iter().flat_map(|stage| stage.checks.clone()).collect()
        };
        assert_eq!(checks(), ["true"]);
        write("npm test");
        assert_eq!(checks(), ["npm test"]);
    }
}
