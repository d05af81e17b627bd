//! Tolerant JSON access: what stands in that field?
//! Looks into JSON without believing its shape: what is missing or of another kind is simply not there.

use serde_json::Value;

use super::Malformed;

/// A payload, or a part of one.
#[derive(Clone, Copy)]
pub(super) struct FormFields<'a>(&'a Value);

impl<'a> FormFields<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        Self(value)
    }

    /// A text that is not empty, at a JSON pointer.
    pub(super) fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// The first text there is.
    pub(super) fn first(self, pointers: &[&str]) -> Option<&'a str> {
        pointers.iter().find_map(|pointer| self.text(pointer))
    }

    /// A text that has to be there, at one of these places.
    pub(super) fn need(self, pointers: &[&str]) -> Result<String, Malformed> {
        self.first(pointers)
            .map(ToOwned::to_owned)
            .ok_or_else(|| Malformed(format!("{} is missing", pointers[0])))
    }

    pub(super) fn is_true(self, pointer: &str) -> bool {
        self.0.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether there is anything but null.
    pub(super) fn has(self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some_and(|value| !value.is_null())
    }

    pub(super) fn at(self, pointer: &str) -> Option<Self> {
        self.0.pointer(pointer).map(Self)
    }

    pub(super) fn list(self, pointer: &str) -> impl Iterator<Item = Self> {
        self.0.pointer(pointer).and_then(Value::as_array).into_iter().flatten().map(Self)
    }

    pub(super) fn entries(self, pointer: &str) -> impl Iterator<Item = (&'a String, Self)> {
        self.0
            .pointer(pointer)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name, Self(value)))
    }

    pub(super) fn as_text(self) -> Option<&'a str> {
        self.0.as_str()
    }
}
