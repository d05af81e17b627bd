//! Manifests in JSON: npm, Deno, Composer.

use serde_json::{Map, Value};

use super::{Dependency, Hook, ManifestContents};

/// Where package.json names what it needs.
const NPM: [&str; 6] = [
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "overrides",
    "resolutions",
];
/// Scripts that `npm install` runs unasked.
const HOOKS: [&str; 7] =
    ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish"];

/// Whether a script of this name is run unasked.
pub(in crate::workspace::risks) fn is_hook(name: &str) -> bool {
    HOOKS.contains(&name)
}

pub(super) fn npm(text: &str) -> Option<ManifestContents> {
    let file: Map<String, Value> = serde_json::from_str(text).ok()?;
    let listed = NPM.iter().flat_map(|list| entries(&file, list));
    let listed =
        listed.map(|(name, version)| Dependency { name: name.clone(), origin: elsewhere(version) });
    let dependencies = listed.chain(bundled(&file)).collect();
    let scripts = entries(&file, "scripts");
    let hooks = scripts.filter(|(name, _)| is_hook(name)).map(hook).collect();
    Some(ManifestContents { dependencies, hooks })
}

fn bundled(file: &Map<String, Value>) -> impl Iterator<Item = Dependency> {
    let lists = ["bundleDependencies", "bundledDependencies"].into_iter();
    let names = lists.filter_map(|list| file.get(list)?.as_array()).flatten();
    names.filter_map(Value::as_str).map(Dependency::from_registry)
}

fn hook((name, command): (&String, &Value)) -> Hook {
    Hook { name: name.clone(), command: command.as_str().unwrap_or_default().to_owned() }
}

/// With comments, which Deno allows, it cannot be read here.
pub(super) fn deno(text: &str) -> Option<Vec<Dependency>> {
    let file: Map<String, Value> = serde_json::from_str(text).ok()?;
    let remote = entries(&file, "imports").filter_map(|(_, place)| place.as_str()?.split_once(':'));
    Some(remote.map(|(_, name)| Dependency::from_registry(unversioned(name))).collect())
}

pub(super) fn composer(text: &str) -> Option<Vec<Dependency>> {
    let file: Map<String, Value> = serde_json::from_str(text).ok()?;
    let all = ["require", "require-dev"].into_iter().flat_map(|list| entries(&file, list));
    // PHP itself and its extensions have no vendor.
    Some(
        all.filter(|(name, _)| name.contains('/'))
            .map(|(name, _)| Dependency::from_registry(name))
            .collect(),
    )
}

fn entries<'a>(
    file: &'a Map<String, Value>,
    list: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    file.get(list).and_then(Value::as_object).into_iter().flatten()
}

/// The value where it is no version, but an address, an alias or a path.
fn elsewhere(value: &Value) -> Option<String> {
    let version = value.as_str()?;
    let local = ["workspace:", "catalog:"].iter().any(|begin| version.starts_with(begin));
    (!local && version.contains(['/', ':'])).then(|| version.to_owned())
}

/// `@s/a@1/mod.ts` is `@s/a`.
fn unversioned(name: &str) -> &str {
    let name = name.trim_start_matches('/');
    name.get(1..).and_then(|rest| rest.find('@')).map_or(name, |at| &name[..=at])
}
