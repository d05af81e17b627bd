//! How is a TOML file read so that everything wrong with it is told at once?
//! Asking for a key is what makes it known: a key that nobody asked for is reported.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Problem, Problems, did_you_mean};
use crate::run::StageName;

/// What to do about a name that is none.
pub const NAME: &str =
    "Use lower-case letters, digits, - and _ (up to 64), starting with a letter or digit";

/// A table of a file, its keys and where they stand.
pub struct Fields<'p, 't> {
    page: &'p Page<'t>,
    table: &'p DeTable<'t>,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
    /// Names of entries are the writer's own: none of them is unknown.
    free: Cell<bool>,
}

struct Page<'t> {
    file: &'t str,
    text: &'t str,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'t> Fields<'_, 't> {
    /// Reads a whole file. `body` may go on after a problem and answer anything: with problems, its answer is dropped.
    ///
    /// # Errors
    /// Everything that `body` or the TOML reader reported, in the order of its lines.
    pub fn read<T>(
        file: &'t str,
        text: &'t str,
        body: impl FnOnce(&Fields<'_, 't>) -> Option<T>,
    ) -> Result<T, Problems> {
        let page = Page { file, text, problems: RefCell::default() };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            page.report(
                error.span().map(|s| s.start),
                error.message().to_owned(),
                "See toml.io for how TOML is written".to_owned(),
            );
        }
        // What is left of a broken file would only be misread as missing keys.
        let answer =
            if errors.is_empty() { Fields::over(&page, root.get_ref(), 0..0, body) } else { None };
        let mut problems = page.problems.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        match answer {
            Some(answer) if problems.is_empty() => Ok(answer),
            _ => Err(Problems(problems.into_iter().map(|(_, p)| p).collect())),
        }
    }
}

impl<'p, 't> Fields<'p, 't> {
    fn over<T>(
        page: &'p Page<'t>,
        table: &'p DeTable<'t>,
        span: Range<usize>,
        body: impl FnOnce(&Self) -> T,
    ) -> T {
        let fields = Self { page, table, span, asked: RefCell::default(), free: Cell::new(false) };
        let answer = body(&fields);
        fields.report_unknown();
        answer
    }

    fn report_unknown(&self) {
        let asked = self.asked.borrow();
        for key in
            self.table.keys().filter(|k| !self.free.get() && !asked.contains(&k.get_ref().as_ref()))
        {
            let mut known = asked.clone();
            known.sort_unstable();
            let remedy = did_you_mean(
                key.get_ref(),
                asked.iter().copied(),
                &format!("Here go {}", known.join(", ")),
            );
            self.page.report(
                Some(key.span().start),
                format!("unknown key {:?}", key.get_ref()),
                remedy,
            );
        }
    }

    fn value(&self, key: &'static str) -> Option<&'p Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    /// Whether the key is there, whatever its value.
    pub fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// A problem of this table as a whole.
    pub fn problem(&self, what: impl Into<String>, remedy: impl Into<String>) {
        self.page.report(Some(self.span.start), what.into(), remedy.into());
    }

    /// A problem of one value.
    pub fn problem_at<T>(
        &self,
        value: &Spanned<T>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.page.report(Some(value.span().start), what.into(), remedy.into());
    }

    /// What is wrong with another file that this value names; told once, however often it is named.
    pub fn problems_behind<T>(&self, value: &Spanned<T>, others: Problems) {
        let mut problems = self.page.problems.borrow_mut();
        for other in others.0 {
            if !problems.iter().any(|(_, p)| p == &other) {
                problems.push((value.span().start, other));
            }
        }
    }

    /// A problem of a word inside a value, such as a line of a long text.
    pub fn problem_in<T>(
        &self,
        value: &Spanned<T>,
        word: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let span = value.span();
        let inside = self.page.text.get(span.clone()).and_then(|text| text.find(word)).unwrap_or(0);
        self.page.report(Some(span.start + inside), what.into(), remedy.into());
    }

    /// Reports the key as missing if it is not there at all; a value that is there and wrong has its own problem.
    pub fn required(&self, key: &'static str, remedy: &str) {
        if !self.has(key) {
            self.problem(format!("{key} is missing"), remedy);
        }
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<Spanned<String>> {
        self.value(key).and_then(|v| self.as_text(key, v))
    }

    /// A string that says something.
    pub fn full_text(&self, key: &'static str) -> Option<Spanned<String>> {
        let text = self.text(key)?;
        if text.get_ref().trim().is_empty() {
            self.problem_at(&text, format!("{key} is empty"), "Fill it in or leave the line out");
            return None;
        }
        Some(text)
    }

    /// A string that must be there and be a name as stages have them.
    pub fn name(&self, key: &'static str) -> Option<String> {
        self.required(key, NAME);
        let text = self.text(key)?;
        self.parse::<StageName>(&text, "name", NAME).map(String::from)
    }

    /// A list of strings.
    pub fn texts(&self, key: &'static str) -> Option<Vec<Spanned<String>>> {
        let value = self.value(key)?;
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong_type(key, value, "a list of strings, [\"…\"]");
        };
        // All of them are read before one that is wrong spoils the list.
        let texts: Vec<Option<Spanned<String>>> =
            array.iter().map(|one| self.as_text(key, one)).collect();
        texts.into_iter().collect()
    }

    /// A number or a string, as it was written: money and percentages are parsed from that, never from a float.
    pub fn number(&self, key: &'static str) -> Option<Spanned<String>> {
        let value = self.value(key)?;
        let plain = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            DeValue::String(text) => text,
            _ => return self.wrong_type(key, value, "a number"),
        };
        Some(Spanned::new(value.span(), plain.to_owned()))
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => self.wrong_type(key, value, "true or false"),
        }
    }

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
            DeValue::Table(table) => Some(Fields::over(self.page, table, value.span(), body)),
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
            Some(table) => Some(Fields::over(self.page, table, value.span(), body)),
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
            Some(table) => Fields::over(self.page, table, one.span(), &body),
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
                        Fields::over(self.page, table, value.span(), |fields| body(&name, fields))
                    }
                    None => self.wrong_type(key, value, &format!("a table under [{key}.<name>]")),
                }
            });
            each.collect()
        });
        tables.unwrap_or_default()
    }

    /// The text as something of that `kind`, as in "is no …".
    pub fn parse<T: FromStr>(&self, text: &Spanned<String>, kind: &str, remedy: &str) -> Option<T> {
        let parsed = text.get_ref().parse().ok();
        if parsed.is_none() {
            self.problem_at(text, format!("{:?} is no {kind}", text.get_ref()), remedy);
        }
        parsed
    }

    fn as_text(&self, key: &str, value: &Spanned<DeValue<'t>>) -> Option<Spanned<String>> {
        match value.get_ref().as_str() {
            Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
            None => self.wrong_type(key, value, "a string, \"…\""),
        }
    }

    fn wrong_type<T>(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str) -> Option<T> {
        self.problem_at(
            value,
            format!("{key} cannot be a value of type {}", value.get_ref().type_str()),
            format!("Write {wanted}"),
        );
        None
    }
}

impl Page<'_> {
    fn report(&self, at: Option<usize>, what: String, remedy: String) {
        let line = at.map(|at| 1 + self.text.bytes().take(at).filter(|b| *b == b'\n').count());
        self.problems
            .borrow_mut()
            .push((at.unwrap_or(0), Problem { file: self.file.to_owned(), line, what, remedy }));
    }
}
