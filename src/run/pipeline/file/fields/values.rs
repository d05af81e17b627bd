//! The values of a TOML table: strings, lists, numbers and switches.

use std::str::FromStr;

use toml::Spanned;
use toml::de::DeValue;

use super::{Fields, NAME};
use crate::run::{StageName, Usd};

impl<'t> Fields<'_, 't> {
    /// A string.
    pub fn text(&self, key: &'static str) -> Option<Spanned<String>> {
        self.value(key).and_then(|v| self.as_text(key, v))
    }

    /// Whether the value is a string.
    pub fn has_text(&self, key: &'static str) -> bool {
        self.value(key).is_some_and(|value| value.get_ref().as_str().is_some())
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
        // All of them are read first, so that every wrong one is reported.
        let texts: Vec<Option<Spanned<String>>> =
            array.iter().map(|one| self.as_text(key, one)).collect();
        texts.into_iter().collect()
    }

    /// A string that says something, or a list of such strings.
    pub fn text_or_texts(&self, key: &'static str) -> Option<Vec<Spanned<String>>> {
        if self.value(key)?.get_ref().as_array().is_none() {
            return self.full_text(key).map(|text| vec![text]);
        }
        let texts = self.texts(key)?;
        for empty in texts.iter().filter(|text| text.get_ref().trim().is_empty()) {
            self.problem_at(
                empty,
                format!("{key} holds an empty text"),
                "Fill it in or leave it out",
            );
        }
        Some(texts)
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

    /// What may be spent.
    pub fn budget(&self, key: &'static str) -> Option<Usd> {
        let text = self.number(key)?;
        let budget = self.parse(&text, "amount", "Write it like 5, \"$5\" or 2.50")?;
        if budget == Usd::ZERO {
            let what = "a budget of nothing lets nothing start";
            self.problem_at(&text, what, "Leave it out for no limit");
        }
        Some(budget)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => self.wrong_type(key, value, "true or false"),
        }
    }

    /// The text as something of that `kind`, as in "is no …".
    pub fn parse<T: FromStr>(&self, text: &Spanned<String>, kind: &str, remedy: &str) -> Option<T> {
        let parsed = text.get_ref().parse().ok();
        if parsed.is_none() {
            self.problem_at(text, format!("{:?} is no {kind}", text.get_ref()), remedy);
        }
        parsed
    }

    pub(super) fn as_text(
        &self,
        key: &str,
        value: &Spanned<DeValue<'t>>,
    ) -> Option<Spanned<String>> {
        match value.get_ref().as_str() {
            Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
            None => self.wrong_type(key, value, "a string, \"…\""),
        }
    }
}
