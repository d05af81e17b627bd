//! The tables inside a TOML table: one, a list of them, or one by each name.

use toml::Spanned;
use toml::de::DeValue;

use super::Fields;

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
            return self
                .wrong_type(key, value, &format!("tables, each under [[{key}]]"))
                .unwrap_or_default();
        };
        let tables = array.iter().filter_map(|one| match one.get_ref().as_table() {
            Some(table) => Fields::over(self.source, table, one.span(), &body),
            None => self.wrong_type(key, one, "a table"),
        });
        tables.collect()
    }

    /// Each table under `key` by its own name, as `[key.name]` writes it.
    pub fn named<T>(
        &self,
        key: &'static str,
        body: impl Fn(&Spanned<String>, &Fields<'p, 't>) -> Option<T>,
    ) -> Vec<T> {
        let tables = self.within(key, |all| {
            all.free.set(true);
            let each = all.table.iter().filter_map(|(name, value)| {
                let name = Spanned::new(name.span(), name.get_ref().to_string());
                match value.get_ref().as_table() {
                    Some(table) => {
                        Fields::over(self.source, table, value.span(), |fields| body(&name, fields))
                    }
                    None => self.wrong_type(key, value, &format!("a table under [{key}.<name>]")),
                }
            });
            each.collect()
        });
        tables.unwrap_or_default()
    }
}
