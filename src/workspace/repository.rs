//! What is a project's repository, to people?
//! A path or an address without passwords, and reasons they can do something about.

use std::path::Path;

use url::Url;

use super::WorkspaceError;

/// The repository as it may be shown: a password in its address stays with us.
pub(super) fn shown(repository: &str) -> String {
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

/// Whether git would take it for a path, by git's own rule.
pub(super) fn is_path(repository: &str) -> bool {
    let before_slash = repository.split('/').next().unwrap_or_default();
    !repository.contains("://") && !before_slash.contains(':')
}

/// Refuses what git would misread or cannot find, before git is asked.
pub(super) fn acceptable(repository: &str) -> Result<(), WorkspaceError> {
    let refuse = |why: &str| {
        Err(WorkspaceError::Repository { repository: shown(repository), why: why.to_owned() })
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

/// What git's complaint means and what to do about it.
pub(super) fn complaint(repository: &str, stderr: &str) -> WorkspaceError {
    let said = |words: &[&str]| words.iter().any(|word| stderr.contains(word));
    let refused = |why: &str| WorkspaceError::Repository {
        repository: shown(repository),
        why: why.to_owned(),
    };
    let unreachable = |why: &str| WorkspaceError::Unreachable {
        repository: shown(repository),
        why: why.to_owned(),
    };
    if said(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "Permission denied",
        "terminal prompts disabled",
        "403",
    ]) {
        return refused(
            "it refuses us; give the account that runs the worker access (a deploy key, or git's credential helper)",
        );
    }
    if said(&["dubious ownership"]) {
        return refused(
            "it belongs to another user; as the account that runs the worker: `git config --global --add safe.directory <its path>`",
        );
    }
    if said(&["Host key verification failed"]) {
        return refused(
            "its host key is unknown; as the account that runs the worker, connect once with ssh",
        );
    }
    if said(&[
        "Could not resolve host",
        "Connection refused",
        "timed out",
        "Could not connect",
        "Couldn't connect",
        "Network is unreachable",
        "unable to connect",
    ]) {
        return unreachable("its host does not answer");
    }
    if said(&[
        "does not appear to be a git repository",
        "not a git repository",
        "Repository not found",
        "repository not found",
        "not found",
    ]) {
        return refused(
            "there is no git repository, or none that we may see; check `repository` in signoff.toml",
        );
    }
    let last = stderr.lines().rev().find(|line| {
        line.starts_with("fatal:")
            || line.contains("[remote rejected]")
            || line.contains("[rejected]")
    });
    refused(&last.unwrap_or(stderr).trim().replace(repository, &shown(repository)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("https://ana:hunter2@example.com/a.git"), "https://example.com/a.git");
        assert_eq!(shown("https://token@example.com/a.git"), "https://example.com/a.git");
        assert_eq!(shown("ssh://git@example.com/a.git"), "ssh://git@example.com/a.git");
        assert_eq!(shown("git@example.com:a.git"), "git@example.com:a.git");
        assert_eq!(shown("/srv/a.git"), "/srv/a.git");
    }

    #[test]
    fn options_and_helpers_are_no_repositories() {
        assert!(acceptable("--upload-pack=touch x").is_err());
        assert!(acceptable("ext::sh -c touch% x").is_err());
        assert!(
            acceptable("/surely/not/there").unwrap_err().to_string().contains("no such folder")
        );
        assert!(acceptable("git@example.com:a.git").is_ok());
    }

    #[test]
    fn an_unknown_complaint_is_quoted_without_the_password() {
        let said = complaint(
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
