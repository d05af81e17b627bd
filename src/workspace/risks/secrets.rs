//! Secret detection: does a line look like it holds a credential?
//! By the shapes of known tokens, and by values assigned to names like `password`. Test fixtures count too: nobody can tell them apart.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::paths;

/// Tokens by the shapes that their issuers gave them; the groups are the parts that must not be a placeholder.
const TOKENS: &str = r"(?x)
    -----BEGIN\ (?:[A-Z0-9]+\ ){0,3}PRIVATE\ KEY(?:\ BLOCK)?-----
  | AGE-SECRET-KEY-1[0-9A-Z]{50,}
  | (?-u:\b)(?:
        (?:AKIA|ASIA|ABIA|ACCA)(?<aws>[A-Z0-9]{16})(?-u:\b)
      | gh[pousr]_(?<github>[A-Za-z0-9]{30,})
      | github_pat_(?<pat>[A-Za-z0-9_]{22,})
      | gl(?:pat|dt|rt|cbt|ptt)-(?<gitlab>[A-Za-z0-9_-]{20,})
      | xox[a-z]-(?<slack>[A-Za-z0-9-]{10,})
      | xapp-(?<app>[0-9]-[A-Za-z0-9-]{10,})
      | hooks\.slack\.com/services/(?<hook>T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,})
      | sk-(?<model>[A-Za-z0-9_-]{20,})
      | [sr]k_(?:live|test)_(?<stripe>[A-Za-z0-9]{16,})
      | whsec_(?<webhook>[A-Za-z0-9+/=]{24,})
      | AIza(?<google>[A-Za-z0-9_-]{35})
      | GOCSPX-(?<oauth>[A-Za-z0-9_-]{20,})
      | npm_(?<npm>[A-Za-z0-9]{36})
      | pypi-AgE(?<pypi>[A-Za-z0-9_-]{40,})
      | cio(?<cargo>[A-Za-z0-9]{32})(?-u:\b)
      | hf_(?<hub>[A-Za-z0-9]{30,})
      | SG\.(?<mail>[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{40,44})
      | d(?:op|oo|or)_v1_(?<ocean>[a-f0-9]{64})
      | shp(?:at|ca|pa|ss)_(?<shop>[a-fA-F0-9]{32})
      | hv[sb]\.(?<vault>[A-Za-z0-9_-]{24,})
      | dapi(?<bricks>[a-f0-9]{32})
      | lin_api_(?<linear>[A-Za-z0-9]{32,})
      | AccountKey=(?<azure>[A-Za-z0-9+/]{80,}={0,2})
      | eyJ[A-Za-z0-9_-]{10,}\.eyJ(?<jwt>[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})
    )";

/// Names of variables that hold secrets, alone or at the end of a longer name.
const KEYS: &str = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|(?:api|access|secret|private|auth|account|signing|encryption|master)[_-]?key)";

static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(TOKENS).expect("a pattern of ours"));

/// `name: type = "value"` in most languages, and `"name": "value"` in their data.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?i){KEYS}["'\]]{{0,2}}\s*(?::\s*[&'\w<>\[\]., ]{{1,40}}?\s*=|=>|:=|[:=])\s*[a-z@]{{0,2}}(?:"(?<double>[^"\s]{{8,200}})"|'(?<single>[^'\s]{{8,200}})'|`(?<tick>[^`\s]{{8,200}})`)"#
    );
    Regex::new(&pattern).expect("a pattern of ours")
});

/// `NAME=value` in files of settings.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?i)^\s*(?:export\s+|ENV\s+|ARG\s+|-\s+)?["']?[\w./:-]*?{KEYS}["']?\s*[:=]\s*(?<bare>[^\s"'`#,;]{{8,200}})\s*$"#
    );
    Regex::new(&pattern).expect("a pattern of ours")
});

/// `scheme://name:password@host`.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"[A-Za-z0-9+.-]{2,20}://[^\s/:@"'`]{0,100}:(?<url>[^\s/@"'`]{8,200})@"#)
        .expect("a pattern of ours")
});

/// Texts that only stand for a value.
const PLACEHOLDERS: [&str; 15] = [
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "your",
    "xxxx",
    "****",
    "...",
    "redacted",
    "${",
    "{{",
    "$(",
    "process.env",
    "://",
];

/// Looks for credentials in the lines of one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineScanner {
    /// Whether assigned values are looked at: not in lock files, which are full of hashes.
    assignments: bool,
    bare: bool,
}

impl LineScanner {
    pub fn of(path: &str) -> Self {
        Self { assignments: !paths::is_lock_file(path), bare: paths::is_settings(path) }
    }

    pub fn finds_secret_in(self, line: &str) -> bool {
        // Most lines end here: whatever we look for holds digits, or begins a key.
        if !line.bytes().any(|byte| byte.is_ascii_digit()) && !line.contains("-----BEGIN") {
            return false;
        }
        has_token(line)
            || has_random_value(&ADDRESS, line)
            || self.assignments && has_random_value(&QUOTED, line)
            || self.bare && has_random_value(&BARE, line)
    }
}

fn has_token(line: &str) -> bool {
    let mut tokens = TOKEN.captures_iter(line);
    tokens.any(|found| found.iter().skip(1).flatten().all(|body| is_issued(body.as_str())))
}

fn has_random_value(pattern: &Regex, line: &str) -> bool {
    let mut values = pattern.captures_iter(line);
    values.any(|found| found.iter().skip(1).flatten().any(|value| is_random(value.as_str())))
}

/// The text without tokens.
pub(in crate::workspace) fn masked(text: &str) -> String {
    TOKEN.replace_all(text, "…").into_owned()
}

/// Issuers' tokens hold digits and do not repeat themselves: `sk-your-key-goes-right-here` and `ghp_xxxx…` are none.
fn is_issued(body: &str) -> bool {
    body.bytes().any(|byte| byte.is_ascii_digit()) && kinds(body).len() > 6
}

/// A value that was generated, not written: several kinds of characters, hardly any of them twice.
fn is_random(value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    let is_code = value.contains(['(', ')', '<', '>', '{', '}', '$', '\\'])
        || value.starts_with(['/', '.', '%', '@', '#', '!', '&', '*']);
    if is_code || PLACEHOLDERS.iter().any(|word| small.contains(word)) {
        return false;
    }
    let has = |kind: fn(&u8) -> bool| usize::from(value.bytes().any(|byte| kind(&byte)));
    let sorts = has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(u8::is_ascii_punctuation);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let bits = bits_per_letter(value);
    digits >= 2 && (sorts >= 3 && bits >= 2.75 || sorts >= 2 && value.len() >= 20 && bits >= 3.0)
}

/// Shannon entropy, in bits per letter.
#[expect(clippy::cast_precision_loss, reason = "values are at most 200 letters long")]
fn bits_per_letter(value: &str) -> f64 {
    let all = value.chars().count() as f64;
    kinds(value).values().map(|count| *count as f64 / all).map(|share| -share * share.log2()).sum()
}

fn kinds(text: &str) -> HashMap<char, usize> {
    let mut kinds = HashMap::new();
    for letter in text.chars() {
        *kinds.entry(letter).or_insert(0) += 1;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that nobody's scanner takes this file for a leak.
    fn made_up(begin: &str, end: &str) -> String {
        format!("{begin}{end}")
    }

    #[track_caller]
    fn strikes(path: &str, line: &str) {
        assert!(LineScanner::of(path).finds_secret_in(line), "{path}: {line}");
    }

    #[track_caller]
    fn passes(path: &str, line: &str) {
        assert!(!LineScanner::of(path).finds_secret_in(line), "{path}: {line}");
    }

    #[test]
    fn tokens_are_known_by_their_shape_wherever_they_stand() {
        let body = "q7Wz3LmX9cVb2NhT5rKd8YpS4gFj6ZaQ1eRw";
        for begin in ["gh", "github_", "gl", "s", "sk", "AI", "np", "hf"] {
            let rest = HashMap::from([
                ("gh", "p_"),
                ("github_", "pat_"),
                ("gl", "pat-"),
                ("s", "k-ant-api03-"),
                ("sk", "_live_"),
                ("AI", "za"),
                ("np", "m_"),
                ("hf", "_"),
            ]);
            let token = made_up(begin, rest[begin]) + &body[..if begin == "AI" { 35 } else { 36 }];
            strikes("yarn.lock", &format!("fetch(\"https://x.y/?t={token}\")"));
        }
        strikes("a.js", &made_up("const k = 'AK", "IA2E5Q7ZK3LMNTP4WX'"));
        strikes("a.js", &made_up("xox", "b-123456789012-abcdefGHIJ"));
        strikes("id", &made_up("-----BEGIN OPENSSH PRIVATE", " KEY-----"));
        strikes("id", &made_up("-----BEGIN PRIVATE", " KEY-----"));
        strikes(
            "a.py",
            &made_up(
                "'eyJhbGciOiJIUzI1NiJ9.ey",
                "JzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N'",
            ),
        );
        strikes("a.yml", "url: postgres://app:x9Kq2LmZ77pw@db/app");
    }

    #[test]
    fn what_is_assigned_to_a_secret_name_is_looked_at() {
        for line in [
            r#"password = "kW9x!2mQz7""#,
            r#"  "apiKey": "9f86d081884c7d659a2feaa0c55ad015","#,
            "const client_secret: &str = \"Zx81qWe4rTy9\";",
            "PASSWORD => 'Tr0ub4dor&37'",
            "db_password := `kW9x-2mQz7`",
            "secrets['api_key'] = 'a1B2c3D4e5F6g7'",
        ] {
            strikes("src/a.js", line);
        }
        strikes(".env", "export STRIPE_API_KEY=a1B2c3D4e5F6g7");
        strikes("deploy/values.yaml", "  adminPassword: kW9x-2mQz7Lp");
    }

    #[test]
    fn innocent_lines_pass() {
        for line in [
            r#"password = "correct-horse-battery""#,
            r#"password: "","#,
            r#"token: "<your-token-1234>","#,
            r#"api_key = "your-api-key-12345""#,
            r#"secret: "${{ secrets.DEPLOY_2024_KEY }}""#,
            r#"const tokenUrl = "https://id.example.org/oauth2/v2.0/token""#,
            "let token = next_token(2024);",
            r#"tokenizer: "cl100k_base""#,
            r#""integrity": "sha512-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
            r#"password_field: "settings.user.password""#,
            "sk-your-key-goes-right-here",
            "class=\"sk-fading-circle-container\"",
            "risk-assessment-of-the-2024-quarterly-report",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "https://github.com/org/repo/commit/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
            "postgres://postgres:postgres@localhost/test",
        ] {
            passes("src/a.js", line);
        }
        passes("src/a.rs", "access_token = a1B2c3D4e5F6g7");
        passes("Cargo.lock", r#"secret = "9f86d081884c7d659a2feaa0c55ad015""#);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read(line in ".{0,300}", path in "[a-z.]{0,12}") {
            LineScanner::of(&path).finds_secret_in(&line);
            proptest::prop_assert!(!TOKEN.is_match(&masked(&line)) || line.contains('…'));
        }
    }
}
