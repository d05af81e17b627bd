//! The tables inside a TOML table: one, a list of them, or one by each name.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::Fields;

/// What to do about a variable that none may be.
const VARIABLE: &str = "Use letters, digits and _, and none of PATH, HOME, LD_… and the proxies', which are the box's own";
/// Variables by which a program would be another one, or would miss the way out of its box.
const RESERVED: [&str; 10] = [
    "PATH",
    "HOME",
    "PWD",
    "LD_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SIGNOFF_",
    "CARGO_HTTP_PROXY",
];

impl<'p, 't> Fields<'p, 't> {
    /// `true` for what is usual, a table for what is not, `false` or nothing for none.
    pub fn switch<T>(
        &self,
        key: &'static str,
        usual: T,
        body: impl FnOnce(&Fields<'p, 't>) -> T,
    ) -> Option<T> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(wanted) => wanted.then_some(usual),
            DeValue::Table(table) => Some(Fields::over(self.source, table, value.span(), body)),
            _ => self.wrong_type(key, value, "true, false or a table"),
        }
    }

    /// The table under `key`.
    pub fn within<T>(
        &self,
        key: &'static str,
        body: impl FnOnce(&Fields<'p, 't>) -> T,
    ) -> Option<T> {
        let value = self.value(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Fields::over(self.source, table, value.span(), body)),
            None => self.wrong_type(key, value, "a table, { … }"),
        }
    }

    /// Each table of the list under `key`, as `[[key]]` writes it.
    pub fn each<T>(
        &self,
        key: &'static str,
        body: impl Fn(&Fields<'p, 't>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            let wanted = format!("tables, each under [[{key}]]");
            return self.wrong_type(key, value, &wanted).unwrap_or_default();
        };
        array.iter().filter_map(|one| self.table(key, one, "a table", &body)).collect()
    }

    /// Each table under `key` by its own name, as `[key.name]` writes it.
    pub fn named<T>(
        &self,
        key: &'static str,
        body: impl Fn(&Spanned<String>, &Fields<'p, 't>) -> Option<T>,
    ) -> Vec<T> {
        let wanted = format!("a table under [{key}.<name>]");
        let tables = self.within(key, |all| {
            all.free.set(true);
            let each = all.table.iter().filter_map(|(name, value)| {
                let name = Spanned::new(name.span(), name.get_ref().to_string());
                self.table(key, value, &wanted, |fields| body(&name, fields))
            });
            each.collect()
        });
        tables.unwrap_or_default()
    }

    /// Environment variables, each with its value.
    pub fn variables(&self, key: &'static str) -> BTreeMap<String, String> {
        let read = |all: &Fields<'p, 't>| {
            all.free.set(true);
            let each = all.table.iter().filter_map(|(name, value)| {
                let name = Spanned::new(name.span(), name.get_ref().to_string());
                if !is_variable(name.get_ref()) {
                    let what = format!("{:?} is no variable that can be set", name.get_ref());
                    self.problem_at(&name, what, VARIABLE);
                }
                Some((name.into_inner(), self.as_text(key, value)?.into_inner()))
            });
            each.collect()
        };
        self.within(key, read).unwrap_or_default()
    }

    fn table<T>(
        &self,
        key: &'static str,
        value: &'p Spanned<DeValue<'t>>,
        wanted: &str,
        body: impl FnOnce(&Fields<'p, 't>) -> Option<T>,
    ) -> Option<T> {
        match value.get_ref().as_table() {
            Some(table) => Fields::over(self.source, table, value.span(), body),
            None => self.wrong_type(key, value, wanted),
        }
    }
}

fn is_variable(name: &str) -> bool {
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    let is_reserved =
        |own: &str| name.eq_ignore_ascii_case(own) || (own.ends_with('_') && name.starts_with(own));
    word && !RESERVED.into_iter().any(is_reserved)
}
