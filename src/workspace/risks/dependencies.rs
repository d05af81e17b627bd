//! New dependencies: what does a change add to the project's manifests?
//! Only the two versions of each manifest are compared, nothing is resolved or fetched.

use std::collections::{BTreeSet, HashMap};

use super::change::Change;
use super::check_settings::changed_keys;
use super::findings::RiskFindings;
use super::manifest::{Manifest, ManifestContents};
use crate::run::Risk;
use crate::workspace::{Result, Shadow};

/// A manifest larger than this is no manifest that people write.
const MANIFEST_BYTES: u64 = 256 << 10;
/// As many manifests are compared; each further one counts as changed.
const MANIFESTS: usize = 50;
/// A manifest that was added or changed.
struct ChangedManifest<'a> {
    change: &'a Change,
    kind: Manifest,
    /// Its text now, by id.
    after: &'a str,
}

impl Shadow {
    pub(super) async fn look_into_manifests(
        &self,
        changes: &[Change],
        sizes: &HashMap<String, u64>,
        findings: &mut RiskFindings,
    ) -> Result<()> {
        let manifests: Vec<_> = changes.iter().filter_map(ChangedManifest::of).collect();
        let texts = self.manifest_texts(&manifests, sizes).await?;
        let mut known = BTreeSet::new();
        for manifest in &manifests {
            let path = &manifest.change.path;
            for key in manifest.changed_check_settings(&texts) {
                findings.add(Risk::Checks, &format!("{path} ({key})"));
            }
            match manifest.news(&texts) {
                Some(news) => news.add_to(findings, &mut known, path),
                // Whoever installs from it may understand what we do not.
                None => findings.add(Risk::Dependency, path),
            }
        }
        Ok(())
    }

    /// The texts before and after, by id, of those that are compared.
    async fn manifest_texts(
        &self,
        manifests: &[ChangedManifest<'_>],
        sizes: &HashMap<String, u64>,
    ) -> Result<HashMap<String, String>> {
        let is_small = |id: &&str| sizes.get(*id).is_some_and(|bytes| *bytes <= MANIFEST_BYTES);
        let compared = manifests.iter().take(MANIFESTS).flat_map(|m| m.change.files());
        self.texts(compared.filter(is_small)).await
    }
}

impl<'a> ChangedManifest<'a> {
    fn of(change: &'a Change) -> Option<Self> {
        Some(Self { change, kind: Manifest::of(&change.path)?, after: change.after()? })
    }

    /// What is in it that was not there before; none where it is not known or cannot be read.
    fn news(&self, texts: &HashMap<String, String>) -> Option<ManifestContents> {
        let now = self.kind.read(texts.get(self.after)?)?;
        let before = self.kind.read(self.text_before(texts)).unwrap_or_default();
        Some(now.without(&before))
    }

    /// What in it decides about checks and is another now; nothing, where the manifest itself is new.
    fn changed_check_settings(&self, texts: &HashMap<String, String>) -> Vec<String> {
        let (before, now) = (self.text_before(texts), texts.get(self.after));
        now.map_or_else(Vec::new, |now| changed_keys(self.kind, before, now))
    }

    /// Empty where it was no manifest of that kind, or was not there.
    fn text_before<'t>(&self, texts: &'t HashMap<String, String>) -> &'t str {
        let was_manifest = Manifest::of(self.change.old_name()) == Some(self.kind);
        let before = self.change.before().filter(|_| was_manifest);
        before.and_then(|id| texts.get(id)).map_or("", String::as_str)
    }
}

impl ManifestContents {
    fn without(self, before: &Self) -> Self {
        let is_new = |one: &_| !before.dependencies.contains(one);
        Self {
            dependencies: self.dependencies.into_iter().filter(is_new).collect(),
            hooks: self.hooks.into_iter().filter(|hook| !before.hooks.contains(hook)).collect(),
        }
    }

    /// Each name counts once, in however many manifests it is.
    fn add_to(self, findings: &mut RiskFindings, known: &mut BTreeSet<String>, path: &str) {
        for new in self.dependencies {
            if known.insert(new.name.clone()) {
                findings.add(Risk::Dependency, &new.name);
            }
        }
        for hook in self.hooks {
            findings.add(Risk::Automation, &format!("{path} ({})", hook.name));
        }
    }
}
