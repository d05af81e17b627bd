//! Judging together: how is work set up and judged that several stages have a word in?
//! By the commands of each, once, in an order; and on terms under which all of them can do well.

use super::{HostPattern, Stage};

impl Stage {
    /// Its work is set up and judged as the other's is, too; of a variable that both have, this one's value counts. Whether that adds anything.
    pub(in crate::run) fn judge_also_like(&mut self, other: &Self) -> bool {
        self.hosts = match (self.setup.is_empty(), other.setup.is_empty()) {
            (_, true) => self.hosts.take(),
            (true, false) => other.hosts.clone(),
            (false, false) => hosts_of_both(self.hosts.as_deref(), other.hosts.as_deref()),
        };
        let setup = add_missing(&mut self.setup, &other.setup);
        let checks = add_missing(&mut self.checks, &other.checks);
        self.timeout_seconds = self.timeout_seconds.max(other.timeout_seconds);
        for (name, value) in &other.env {
            self.env.entry(name.clone()).or_insert_with(|| value.clone());
        }
        setup || checks
    }
}

/// Where one names none, those that the package managers use are still meant.
fn hosts_of_both(
    one: Option<&[HostPattern]>,
    other: Option<&[HostPattern]>,
) -> Option<Vec<HostPattern>> {
    let mut all = match (one, other) {
        (Some(_), Some(_)) => Vec::new(),
        (Some([]), None) | (None, Some([]) | None) => return None,
        (Some(_), None) | (None, Some(_)) => vec![HostPattern::registries()],
    };
    for named in one.into_iter().chain(other) {
        add_missing(&mut all, named);
    }
    Some(all)
}

/// Whether any was.
fn add_missing<T: Clone + PartialEq>(all: &mut Vec<T>, others: &[T]) -> bool {
    let before = all.len();
    for other in others {
        if !all.contains(other) {
            all.push(other.clone());
        }
    }
    all.len() > before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::request;

    fn stage(setup: &[&str], checks: &[&str], hosts: Option<&[&str]>) -> Stage {
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let hosts = hosts.map(|all| all.iter().map(|it| it.parse().expect("a host")).collect());
        let stage = request(&["any"]).pipeline.stages.remove(0);
        Stage { setup: texts(setup), checks: texts(checks), hosts, timeout_seconds: 60, ..stage }
    }

    fn together(one: &Stage, other: &Stage) -> Stage {
        let mut both = one.clone();
        both.judge_also_like(other);
        both
    }

    #[test]
    fn each_command_is_run_once_within_the_longer_time() {
        let mut one = stage(&["npm ci"], &["npm test"], None);
        assert!(!one.judge_also_like(&Stage { timeout_seconds: 90, ..one.clone() }));
        assert!(one.judge_also_like(&stage(&["npm ci"], &["npm test", "npm run e2e"], None)));
        assert_eq!(one.checks, ["npm test", "npm run e2e"]);
        assert_eq!((one.setup.len(), one.timeout_seconds), (1, 90));
    }

    #[test]
    fn what_either_setup_has_to_reach_it_reaches() {
        let of = |one: (&[&str], Option<&[&str]>), other: (&[&str], Option<&[&str]>)| {
            let both = together(&stage(one.0, &[], one.1), &stage(other.0, &[], other.1));
            both.hosts.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let npm: &[&str] = &["npm ci"];
        let fetch: &[&str] = &["curl https://example.org"];
        let named: Option<&[&str]> = Some(&["example.org"]);
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(of((npm, None), (fetch, named)), said("registries example.org"));
        assert_eq!(of((fetch, named), (npm, None)), said("registries example.org"));
        assert_eq!(
            of((fetch, named), (npm, Some(&["npm.example"]))),
            said("example.org npm.example")
        );
        assert_eq!(of((npm, None), (fetch, Some(&[]))), None);
        assert_eq!(of((npm, None), (npm, None)), None);
        // Without a setup nothing is reached, whatever is named.
        assert_eq!(of((&[], None), (fetch, named)), said("example.org"));
        assert_eq!(of((fetch, named), (&[], None)), said("example.org"));
    }
}
