//! The project's repository: how is it shown, and what does git's failure with it mean?
//! A path or an address without passwords, and reasons that people can do something about.

use std::path::Path;

use url::Url;

use super::{Result, WorkspaceError};

/// The repository as it may be shown: a password in its address stays with us.
pub(super) fn without_password(repository: &str) -> String {
    match Url::parse(repository) {
        Ok(mut url)
            if url.password().is_some()
                || matches!(url.scheme(), "http" | "https") && !url.username().is_empty() =>
        {
            // Both refuse only addresses that have no host, which then have no password either.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string()
        }
        _ => repository.to_owned(),
    }
}

/// The text without the users and passwords of the addresses in it.
pub(super) fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |c: char| c == '/' || c.is_whitespace() || "'\"`<>".contains(c);
        let authority = part.find(ends).unwrap_or(part.len());
        let host = part[..authority].rfind('@').map_or(0, |at| at + 1);
        shown.push_str("://");
        shown.push_str(&part[host..]);
    }
    shown
}

/// Whether git would take it for a path, by git's own rule.
pub(super) fn is_path(repository: &str) -> bool {
    let before_slash = repository.split('/').next().unwrap_or_default();
    !repository.contains("://") && !before_slash.contains(':')
}

/// Whether it is on this machine: git then runs the repository's own hooks with the environment that it was given.
pub(super) fn is_here(repository: &str) -> bool {
    is_path(repository) || repository.starts_with("file://")
}

/// Refuses what git would misread or cannot find, before git is asked.
pub(super) fn validate(repository: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(WorkspaceError::Repository {
            repository: without_password(repository),
            why: why.to_owned(),
        })
    };
    if repository.is_empty() || repository.starts_with('-') || repository.contains("::") {
        return refuse(
            "this is neither a path nor an address; write a path, `https://…` or `git@host:path`",
        );
    }
    if is_path(repository) && !Path::new(repository).exists() {
        return refuse("there is no such folder; check `repository` in signoff.toml");
    }
    Ok(())
}

/// What git, curl and ssh say where a host does not answer, or too many ask it at once: later it may.
pub(super) const NO_ANSWER: [&str; 27] = [
    "Could not resolve host",
    "Name or service not known",
    "Temporary failure in name resolution",
    "Connection refused",
    "Connection reset",
    "Connection closed",
    "Connection was reset",
    "timed out",
    "Could not connect",
    "Couldn't connect",
    "Failed to connect",
    "unable to connect",
    "Network is unreachable",
    "Network is down",
    "No route to host",
    "Host is down",
    "error: 408",
    "error: 429",
    "error: 500",
    "error: 502",
    "error: 503",
    "error: 504",
    "Empty reply from server",
    "exchange_identification",
    "Recv failure",
    "Send failure",
    "SSL_ERROR_SYSCALL",
];

/// What they say where an answer breaks off in the middle; of a repository on this machine, which no line leads to, it means damage.
const BROKEN_OFF: [&str; 8] = [
    "early EOF",
    "hung up unexpectedly",
    "unexpected disconnect",
    "RPC failed",
    "Broken pipe",
    "transfer closed",
    "unexpected eof while reading",
    "TLS connection was non-properly terminated",
];

/// What git says when it fails with somebody's repository, and what to do about it.
struct Explanation {
    says_one_of: &'static [&'static str],
    /// Later it may go well.
    passes: bool,
    why: &'static str,
}

/// In this order: the first that fits counts.
const EXPLANATIONS: [Explanation; 7] = [
    Explanation {
        says_one_of: &[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "Permission denied",
            "terminal prompts disabled",
            "error: 403",
        ],
        passes: false,
        why: "it refuses us; give the account that runs the worker access (a deploy key, or git's credential helper)",
    },
    Explanation {
        says_one_of: &["mismatched algorithms"],
        passes: false,
        why: "its objects have SHA-256 names, and a run keeps its work under SHA-1 names; name a repository that was made without `--object-format=sha256`",
    },
    Explanation {
        says_one_of: &["bad pack header", "promisor"],
        passes: false,
        why: "it is a partial clone, and files are missing in it; name the repository that it was cloned from, or clone it without `--filter`",
    },
    Explanation {
        says_one_of: &["dubious ownership"],
        passes: false,
        why: "it belongs to another user; as the account that runs the worker: `git config --global --add safe.directory <its path>`",
    },
    Explanation {
        says_one_of: &["Host key verification failed"],
        passes: false,
        why: "its host key is unknown; as the account that runs the worker, connect once with ssh",
    },
    Explanation { says_one_of: &NO_ANSWER, passes: true, why: "its host does not answer" },
    Explanation {
        says_one_of: &[
            "does not appear to be a git repository",
            "not a git repository",
            "Repository not found",
            "repository not found",
            "not found",
        ],
        passes: false,
        why: "there is no git repository, or none that we may see; check `repository` in signoff.toml",
    },
];

/// What git's failure means and what to do about it.
pub(super) fn explain_failure(repository: &str, stderr: &str) -> WorkspaceError {
    let said = without_address(stderr, repository);
    let is_in = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    let shown = without_password(repository);
    if let Some(known) = EXPLANATIONS.iter().find(|known| is_in(known.says_one_of)) {
        return known.error(shown);
    }
    if is_in(&BROKEN_OFF) && !is_here(repository) {
        let why = "its host broke off the answer".to_owned();
        return WorkspaceError::Unreachable { repository: shown, why };
    }
    let why = last_complaint(stderr).replace(repository, &shown);
    WorkspaceError::Repository { repository: shown, why }
}

/// A complaint without the address of the repository, which may read like one itself.
pub(super) fn without_address(stderr: &str, repository: &str) -> String {
    let shown = without_password(repository);
    stderr.replace(repository, "").replace(&shown, "")
}

impl Explanation {
    fn error(&self, repository: String) -> WorkspaceError {
        let why = self.why.to_owned();
        if self.passes {
            WorkspaceError::Unreachable { repository, why }
        } else {
            WorkspaceError::Repository { repository, why }
        }
    }
}

fn last_complaint(stderr: &str) -> &str {
    let is_complaint = |line: &&str| {
        line.starts_with("fatal:")
            || line.contains("[remote rejected]")
            || line.contains("[rejected]")
    };
    stderr.lines().rev().find(is_complaint).unwrap_or(stderr).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(
            without_password("https://ana:hunter2@example.com/a.git"),
            "https://example.com/a.git"
        );
        assert_eq!(
            without_password("https://token@example.com/a.git"),
            "https://example.com/a.git"
        );
        assert_eq!(without_password("ssh://git@example.com/a.git"), "ssh://git@example.com/a.git");
        assert_eq!(without_password("git@example.com:a.git"), "git@example.com:a.git");
        assert_eq!(without_password("/srv/a.git"), "/srv/a.git");
    }

    #[test]
    fn options_and_helpers_are_no_repositories() {
        assert!(validate("--upload-pack=touch x").is_err());
        assert!(validate("ext::sh -c touch% x").is_err());
        assert!(validate("/surely/not/there").unwrap_err().to_string().contains("no such folder"));
        assert!(validate("git@example.com:a.git").is_ok());
    }

    #[test]
    fn what_passes_is_tried_again() {
        let passes = |repository: &str, said: &str| {
            matches!(explain_failure(repository, said), WorkspaceError::Unreachable { .. })
        };
        for said in [
            "fatal: unable to access 'https://c.d/e/': The requested URL returned error: 503",
            "fatal: unable to access 'https://c.d/e/': The requested URL returned error: 429",
            "fatal: unable to access 'https://c.d/e/': Recv failure: Connection reset by peer",
            "ssh: connect to host c.d port 22: No route to host\nfatal: Could not read from remote repository.",
            "Connection closed by 10.0.0.1 port 22\nfatal: Could not read from remote repository.",
            "kex_exchange_identification: read: Connection reset by peer",
            "error: RPC failed; curl 18 transfer closed\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output",
        ] {
            assert!(passes("https://c.d/e", said), "{said}");
        }
        let ours =
            "ana@c.d: Permission denied (publickey).\nfatal: the remote end hung up unexpectedly";
        assert!(!passes("ana@c.d:e", ours), "nobody mends that by waiting");
        let damaged = "fatal: early EOF\nfatal: the remote end hung up unexpectedly";
        assert!(passes("https://c.d/e", damaged) && !passes("/srv/e", damaged));
    }

    #[test]
    fn an_address_that_reads_like_a_complaint_is_none() {
        for place in ["/srv/ticket-4031", "/srv/timed out/not found"] {
            let said = format!("fatal: '{place}' does not appear to be a git repository");
            let told = explain_failure(place, &said).to_string();
            assert!(told.contains("there is no git repository"), "{told}");
        }
    }

    #[test]
    fn an_unknown_complaint_is_quoted_without_the_password() {
        let said = explain_failure(
            "https://a:b@c.d/e",
            "remote: x\nfatal: unable to access 'https://a:b@c.d/e/': weird\n",
        )
        .to_string();
        assert_eq!(
            said,
            "the repository https://c.d/e cannot be used: fatal: unable to access 'https://c.d/e/': weird"
        );
    }
}
