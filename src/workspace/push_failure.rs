//! A push that failed: why, in git's and the host's own words, and what mends it?
//! Nothing in it can be a password: addresses lose theirs, and what looks like a secret is masked.

use super::WorkspaceError;
use super::repository::{NO_ANSWER, without_address, without_credentials, without_password};
use super::risks::masked;

/// Longest quote of git and the host, in characters.
const QUOTE: usize = 280;

/// What was tried, and what git printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct PushFailure<'a> {
    pub repository: &'a str,
    pub branch: &'a str,
    pub stderr: &'a str,
    /// A branch of the repository that leaves no room for ours.
    pub in_the_way: Option<&'a str>,
}

/// What git or a host says, and what to do about it.
struct Remedy {
    says_one_of: &'static [&'static str],
    what: &'static str,
}

/// In this order: the first that fits counts.
const REMEDIES: [Remedy; 11] = [
    Remedy {
        says_one_of: &["non-fast-forward", "fetch first", "stale info"],
        what: "the branch is there already, with other commits: rename or delete it there",
    },
    Remedy {
        says_one_of: &["PUSH PROTECTION", "cannot contain secrets", "GH009"],
        what: "it takes something in the work for a secret",
    },
    Remedy {
        says_one_of: &["protected branch", "GH006", "creations being restricted", "protected from"],
        what: "branches of this name are protected there: let the account that runs the worker create `signoff/…` branches",
    },
    Remedy {
        says_one_of: &["larger than", "file size limit", "GH001", "exceeds the maximum"],
        what: "it refuses files of this size",
    },
    // GitHub's word for every rule of a repository, those above too.
    Remedy {
        says_one_of: &["GH013", "repository rule violations"],
        what: "a rule of the repository refuses it",
    },
    Remedy {
        says_one_of: &["hook declined", "pre-receive", "hook exited"],
        what: "a hook there refused it",
    },
    Remedy {
        says_one_of: &["Host key verification failed"],
        what: "its host key is unknown: as the account that runs the worker, connect once with ssh",
    },
    Remedy {
        says_one_of: &[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "terminal prompts disabled",
            "Invalid username or",
            "Permission denied (publickey",
        ],
        what: "it does not know us: give the account that runs the worker a deploy key or a credential helper of git",
    },
    Remedy {
        says_one_of: &[
            "error: 403",
            "ermission to",
            "ermission denied",
            "not allowed to push",
            "unable to create temporary object directory",
            "read-only",
            "read only",
            "denied to",
            "insufficient permission",
        ],
        what: "we may not write there: give the account that runs the worker the right to push",
    },
    Remedy { says_one_of: &NO_ANSWER, what: "its host does not answer" },
    Remedy {
        says_one_of: &["does not appear to be a git repository", "not found", "Not Found"],
        what: "there is no git repository, or none that we may see: check `repository` in signoff.toml",
    },
];

impl PushFailure<'_> {
    /// The reason and the remedy, for people.
    pub fn error(self) -> WorkspaceError {
        let own_words = self.own_words();
        let why = match (self.remedy(), own_words.is_empty()) {
            (Some(remedy), false) => format!("{remedy}. It says: {own_words}"),
            (Some(remedy), true) => remedy,
            (None, false) => own_words,
            (None, true) => "git does not say why".to_owned(),
        };
        WorkspaceError::Repository { repository: without_password(self.repository), why }
    }

    fn remedy(self) -> Option<String> {
        if let Some(other) = self.in_the_way {
            let branch = self.branch;
            return Some(format!(
                "its branch `{other}` is in the way of `{branch}`: rename or delete that branch there"
            ));
        }
        let said = without_address(self.stderr, self.repository);
        let fits = |known: &&Remedy| known.says_one_of.iter().any(|sign| said.contains(sign));
        REMEDIES.iter().find(fits).map(|known| known.what.to_owned())
    }

    /// What the host said, then what git said; on one line.
    fn own_words(self) -> String {
        let host = self.stderr.lines().filter_map(|line| line.strip_prefix("remote:"));
        let git = self.stderr.lines().filter(|line| is_complaint(line));
        let said = host.chain(git).map(str::trim).filter(|line| !line.is_empty());
        let said = said.collect::<Vec<_>>().join(" · ");
        let shown = said.replace(self.repository, &without_password(self.repository));
        let shown = masked(&without_credentials(&shown));
        shown.chars().filter(|c| !c.is_control()).take(QUOTE).collect()
    }
}

fn is_complaint(line: &str) -> bool {
    let line = line.trim_start();
    // The last word of a push is always this one, and says nothing.
    let says_nothing = line.starts_with("error: failed to push some refs")
        // Of the program that answers for the terminal nobody sits at.
        || line.starts_with("error: unable to read askpass response");
    !says_nothing
        && (line.starts_with("! [")
            || ["fatal:", "error:", "ssh:", "ERROR:", "git@"].iter().any(|it| line.starts_with(it))
            || line.contains("Permission denied"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stderr: &str) -> String {
        let repository = "https://ana:hunter2@git.example/a.git";
        let failure = PushFailure { repository, branch: "signoff/a-1", stderr, in_the_way: None };
        failure
            .error()
            .to_string()
            .replace("the repository https://git.example/a.git cannot be used: ", "")
    }

    #[test]
    fn the_hosts_own_words_stand_beside_the_remedy() {
        let hook = "remote: Commit messages need a ticket.\nremote: \nTo https://ana:hunter2@git.example/a.git\n ! [remote rejected] 1a2b -> signoff/a-1 (pre-receive hook declined)\nerror: failed to push some refs to 'https://ana:hunter2@git.example/a.git'\n";
        assert_eq!(
            said(hook),
            "a hook there refused it. It says: Commit messages need a ticket. · ! [remote rejected] 1a2b -> signoff/a-1 (pre-receive hook declined)"
        );
        let denied = "remote: Permission to acme/a.git denied to bot.\nfatal: unable to access 'https://ana:hunter2@git.example/a.git/': The requested URL returned error: 403\n";
        assert!(said(denied).starts_with("we may not write there: "));
        assert!(said(denied).contains("denied to bot") && !said(denied).contains("hunter2"));
    }

    #[test]
    fn each_kind_has_its_remedy() {
        let refused = " ! [rejected] 1a2b -> signoff/a-1 (non-fast-forward)";
        for (stderr, remedy) in [
            (refused, "the branch is there already"),
            ("remote: error: GH006: Protected branch update failed", "branches of this name"),
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/signoff/a-1.\nremote: - GITHUB PUSH PROTECTION\nremote: - Push cannot contain secrets",
                "it takes something in the work for a secret",
            ),
            (
                "remote: error: GH013: Repository rule violations found\nremote: - Cannot create ref due to creations being restricted.",
                "branches of this name",
            ),
            (
                "remote: error: GH013: Repository rule violations found\nremote: - Commits must have verified signatures.",
                "a rule of the repository",
            ),
            (
                "remote: error: GH001: Large files detected.\n ! [remote rejected] a -> a (pre-receive hook declined)",
                "it refuses files of this size",
            ),
            (
                "fatal: unable to access 'https://git.example/ticket-4031/': The requested URL returned error: 502",
                "its host does not answer",
            ),
            (
                "fatal: could not read Username for 'https://x': terminal prompts disabled",
                "it does not know us",
            ),
            ("git@git.example: Permission denied (publickey).", "it does not know us"),
            (
                "ssh: Could not resolve hostname git.example: Name or service not known",
                "its host does not answer",
            ),
            (
                "error: remote unpack failed: unable to create temporary object directory",
                "we may not write there",
            ),
        ] {
            assert!(said(stderr).starts_with(remedy), "{}", said(stderr));
        }
        assert_eq!(said("fatal: something new\n"), "fatal: something new");
        assert_eq!(said(""), "git does not say why");
    }

    #[test]
    fn a_token_in_anybodys_words_is_not_shown() {
        let said = said(
            "fatal: unable to access 'https://x-access-token:ghs_0123456789@other.example/': weird",
        );
        assert!(said.contains("https://other.example/") && !said.contains("ghs_"), "{said}");
    }
}
