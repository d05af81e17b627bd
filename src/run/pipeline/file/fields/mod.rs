//! The reader of TOML files: how is everything wrong with a file told at once?
//! Asking for a key is what makes it known: a key that nobody asked for is reported.

mod tables;
mod values;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Problem, Problems, did_you_mean};

/// What to do about a text that is no name.
pub const NAME: &str =
    "Use lower-case letters, digits, - and _ (up to 64), starting with a letter or digit";

/// A table of a file, its keys and where they stand.
pub struct Fields<'p, 't> {
    source: &'p SourceFile<'t>,
    table: &'p DeTable<'t>,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
    /// The keys are names that the writer chose, so none of them is unknown.
    free: Cell<bool>,
}

struct SourceFile<'t> {
    file: &'t str,
    text: &'t str,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'t> Fields<'_, 't> {
    /// Reads a whole file. `body` may go on after a problem and return anything: where there are problems, that is dropped.
    ///
    /// # Errors
    /// Everything that `body` or the TOML reader reported, in the order of its lines.
    pub fn read<T>(
        file: &'t str,
        text: &'t str,
        body: impl FnOnce(&Fields<'_, 't>) -> Option<T>,
    ) -> Result<T, Problems> {
        let (answer, problems) = Self::read_with_problems(file, text, body);
        answer.filter(|_| problems.0.is_empty()).ok_or(problems)
    }

    /// The same of a file that was good once: what is a problem by now keeps nobody from what it says.
    ///
    /// # Errors
    /// Everything that was reported, where `body` gave nothing.
    pub fn read_once_more<T>(
        file: &'t str,
        text: &'t str,
        body: impl FnOnce(&Fields<'_, 't>) -> Option<T>,
    ) -> Result<T, Problems> {
        let (answer, problems) = Self::read_with_problems(file, text, body);
        answer.ok_or(problems)
    }

    fn read_with_problems<T>(
        file: &'t str,
        text: &'t str,
        body: impl FnOnce(&Fields<'_, 't>) -> Option<T>,
    ) -> (Option<T>, Problems) {
        let source = SourceFile { file, text, problems: RefCell::default() };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let (at, what) = (error.span().map(|s| s.start), error.message().to_owned());
            source.report(at, what, "See toml.io for how TOML is written".to_owned());
        }
        // A broken file is not read further: its missing parts would be reported as missing keys.
        let answer = if errors.is_empty() {
            Fields::over(&source, root.get_ref(), 0..0, body)
        } else {
            None
        };
        (answer, source.problems())
    }
}

impl<'p, 't> Fields<'p, 't> {
    fn over<T>(
        source: &'p SourceFile<'t>,
        table: &'p DeTable<'t>,
        span: Range<usize>,
        body: impl FnOnce(&Self) -> T,
    ) -> T {
        let fields =
            Self { source, table, span, asked: RefCell::default(), free: Cell::new(false) };
        let answer = body(&fields);
        fields.report_unknown();
        answer
    }

    fn report_unknown(&self) {
        if self.free.get() {
            return;
        }
        let asked = self.asked.borrow();
        let mut known = asked.clone();
        known.sort_unstable();
        let all = format!("Here go {}", known.join(", "));
        for key in self.table.keys().filter(|k| !asked.contains(&k.get_ref().as_ref())) {
            let remedy = did_you_mean(key.get_ref(), asked.iter().copied(), &all);
            let what = format!("unknown key {:?}", key.get_ref());
            self.source.report(Some(key.span().start), what, remedy);
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
        self.source.report(Some(self.span.start), what.into(), remedy.into());
    }

    /// A problem of one value.
    pub fn problem_at<T>(
        &self,
        value: &Spanned<T>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.source.report(Some(value.span().start), what.into(), remedy.into());
    }

    /// What is wrong with another file that this value names; told once, however often it is named.
    pub fn problems_behind<T>(&self, value: &Spanned<T>, others: Problems) {
        let mut problems = self.source.problems.borrow_mut();
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
        let inside =
            self.source.text.get(span.clone()).and_then(|text| text.find(word)).unwrap_or(0);
        self.source.report(Some(span.start + inside), what.into(), remedy.into());
    }

    /// Reports the key as missing if it is not there at all; a value that is there and wrong has its own problem.
    pub fn required(&self, key: &'static str, remedy: &str) {
        if !self.has(key) {
            self.problem(format!("{key} is missing"), remedy);
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

impl SourceFile<'_> {
    /// What was reported, in the order of its lines.
    fn problems(self) -> Problems {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        Problems(problems.into_iter().map(|(_, problem)| problem).collect())
    }

    fn report(&self, at: Option<usize>, what: String, remedy: String) {
        let line = at.map(|at| 1 + self.text.bytes().take(at).filter(|b| *b == b'\n').count());
        self.problems
            .borrow_mut()
            .push((at.unwrap_or(0), Problem { file: self.file.to_owned(), line, what, remedy }));
    }
}
