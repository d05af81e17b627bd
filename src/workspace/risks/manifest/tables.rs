//! Manifests in TOML: Cargo, pyproject, Pipfile.

use toml::{Table, Value};

use super::Dependency;

const CARGO: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "dev_dependencies",
    "build_dependencies",
];
/// What names another place than the registry, or another package than the key.
const ELSEWHERE: [&str; 6] = ["git", "path", "registry", "registry-index", "package", "url"];

/// Lists of requirements in pyproject.toml.
const PYTHON_LISTS: [&[&str]; 3] = [
    &["build-system", "requires"],
    &["project", "dependencies"],
    &["tool", "uv", "dev-dependencies"],
];
/// Groups there, each a list of requirements by its name.
const PYTHON_GROUPS: [&[&str]; 3] = [
    &["project", "optional-dependencies"],
    &["dependency-groups"],
    &["tool", "pdm", "dev-dependencies"],
];

pub(super) fn cargo(text: &str) -> Option<Vec<Dependency>> {
    let file: Table = text.parse().ok()?;
    let targets = tables_in(table_at(&file, &["target"]));
    let mut all: Vec<Dependency> =
        [&file].into_iter().chain(targets).flat_map(cargo_lists).collect();
    all.extend(keys(table_at(&file, &["workspace", "dependencies"])));
    all.extend(tables_in(table_at(&file, &["patch"])).flat_map(|source| keys(Some(source))));
    all.extend(keys(table_at(&file, &["replace"])));
    Some(all)
}

fn cargo_lists(table: &Table) -> Vec<Dependency> {
    CARGO.iter().flat_map(|list| keys(table_at(table, &[list]))).collect()
}

pub(super) fn pyproject(text: &str) -> Option<Vec<Dependency>> {
    let file: Table = text.parse().ok()?;
    let mut all = Vec::new();
    for path in PYTHON_LISTS {
        all.extend(value_at(&file, path).into_iter().flat_map(required));
    }
    for path in PYTHON_GROUPS {
        let groups = table_at(&file, path).into_iter().flat_map(Table::values);
        all.extend(groups.flat_map(required));
    }
    all.extend(poetry(&file));
    all.extend(keys(table_at(&file, &["tool", "uv", "sources"])));
    Some(all)
}

fn poetry(file: &Table) -> Vec<Dependency> {
    let groups = tables_in(table_at(file, &["tool", "poetry", "group"]));
    let tables = table_at(file, &["tool", "poetry"]).into_iter().chain(groups);
    let lists = |table| {
        ["dependencies", "dev-dependencies"].map(|list| keys(table_at(table, &[list]))).concat()
    };
    tables.flat_map(lists).filter(|one| one.name != "python").collect()
}

pub(super) fn pipfile(text: &str) -> Option<Vec<Dependency>> {
    let file: Table = text.parse().ok()?;
    Some(
        ["packages", "dev-packages"]
            .iter()
            .flat_map(|list| keys(table_at(&file, &[list])))
            .collect(),
    )
}

fn table_at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(table, |table, part| table.get(*part)?.as_table())
}

fn value_at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, way) = path.split_last()?;
    table_at(table, way)?.get(*last)
}

/// The tables among the values of a table.
fn tables_in(table: Option<&Table>) -> impl Iterator<Item = &Table> {
    table.into_iter().flat_map(Table::values).filter_map(Value::as_table)
}

fn keys(table: Option<&Table>) -> Vec<Dependency> {
    let declared = |(name, value): (&String, &Value)| Dependency {
        name: name.clone(),
        origin: elsewhere(value),
    };
    table.into_iter().flatten().map(declared).collect()
}

fn elsewhere(value: &Value) -> Option<String> {
    let places = ELSEWHERE.iter().filter_map(|key| value.get(key)?.as_str());
    Some(places.collect::<Vec<_>>().join(" ")).filter(|places| !places.is_empty())
}

fn required(list: &Value) -> Vec<Dependency> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(requirement)
        .collect()
}

/// `name[extra] >= 1 ; marker` or `name @ address`, with the name as indexes know it.
pub(super) fn requirement(text: &str) -> Option<Dependency> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '_' | '-'))
        .unwrap_or(text.len());
    let origin =
        text[end..].trim_start().strip_prefix('@').map(|address| address.trim().to_owned());
    (end > 0)
        .then(|| Dependency { name: text[..end].to_lowercase().replace(['_', '.'], "-"), origin })
}
