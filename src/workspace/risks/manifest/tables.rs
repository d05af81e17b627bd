//! Manifests in TOML.

use toml::{Table, Value};

use super::Declared;

const CARGO: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "dev_dependencies",
    "build_dependencies",
];
/// What names another place than the registry, or another package than the key.
const ELSEWHERE: [&str; 6] = ["git", "path", "registry", "registry-index", "package", "url"];

pub(super) fn cargo(text: &str) -> Option<Vec<Declared>> {
    let file: Table = text.parse().ok()?;
    let mut all: Vec<Declared> = CARGO.iter().flat_map(|list| keys(at(&file, &[list]))).collect();
    for target in
        at(&file, &["target"]).into_iter().flat_map(Table::values).filter_map(Value::as_table)
    {
        all.extend(CARGO.iter().flat_map(|list| keys(at(target, &[list]))));
    }
    all.extend(keys(at(&file, &["workspace", "dependencies"])));
    all.extend(
        at(&file, &["patch"])
            .into_iter()
            .flat_map(Table::values)
            .flat_map(|source| keys(source.as_table())),
    );
    all.extend(keys(at(&file, &["replace"])));
    Some(all)
}

pub(super) fn pyproject(text: &str) -> Option<Vec<Declared>> {
    let file: Table = text.parse().ok()?;
    let mut all = Vec::new();
    for list in [
        &["build-system", "requires"][..],
        &["project", "dependencies"],
        &["tool", "uv", "dev-dependencies"],
    ] {
        all.extend(
            list.split_last()
                .and_then(|(last, way)| at(&file, way)?.get(*last))
                .into_iter()
                .flat_map(required),
        );
    }
    for groups in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ] {
        all.extend(at(&file, groups).into_iter().flat_map(Table::values).flat_map(required));
    }
    let poetry = |table: &Table| {
        ["dependencies", "dev-dependencies"]
            .iter()
            .flat_map(|list| keys(at(table, &[list])))
            .collect::<Vec<_>>()
    };
    let groups = at(&file, &["tool", "poetry", "group"])
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    all.extend(
        at(&file, &["tool", "poetry"])
            .into_iter()
            .chain(groups)
            .flat_map(poetry)
            .filter(|one| one.name != "python"),
    );
    all.extend(
        at(&file, &["tool", "uv", "sources"]).into_iter().flat_map(|sources| keys(Some(sources))),
    );
    Some(all)
}

pub(super) fn pipfile(text: &str) -> Option<Vec<Declared>> {
    let file: Table = text.parse().ok()?;
    Some(["packages", "dev-packages"].iter().flat_map(|list| keys(at(&file, &[list]))).collect())
}

fn at<'a>(table: &'a Table, way: &[&str]) -> Option<&'a Table> {
    way.iter().try_fold(table, |table, part| table.get(*part)?.as_table())
}

fn keys(table: Option<&Table>) -> Vec<Declared> {
    let declared = |(name, value): (&String, &Value)| Declared {
        name: name.clone(),
        origin: elsewhere(value),
    };
    table.into_iter().flatten().map(declared).collect()
}

fn elsewhere(value: &Value) -> Option<String> {
    let places = ELSEWHERE.iter().filter_map(|key| value.get(key)?.as_str());
    Some(places.collect::<Vec<_>>().join(" ")).filter(|places| !places.is_empty())
}

fn required(list: &Value) -> Vec<Declared> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(requirement)
        .collect()
}

/// `name[extra] >= 1 ; marker` or `name @ address`, with the name as indexes know it.
pub(super) fn requirement(text: &str) -> Option<Declared> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '_' | '-'))
        .unwrap_or(text.len());
    let origin =
        text[end..].trim_start().strip_prefix('@').map(|address| address.trim().to_owned());
    (end > 0)
        .then(|| Declared { name: text[..end].to_lowercase().replace(['_', '.'], "-"), origin })
}
