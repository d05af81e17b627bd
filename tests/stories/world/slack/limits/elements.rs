//! Is that something to press, choose or fill in?

use std::ops::RangeInclusive;

use serde_json::Value;

use super::Wrong;
use super::blocks::list;
use super::texts::{Kind, length};

pub(super) const IN_SECTION: &[&str] = &[
    "button",
    "overflow",
    "static_select",
    "users_select",
    "radio_buttons",
    "checkboxes",
    "image",
];
pub(super) const IN_ACTIONS: &[&str] =
    &["button", "overflow", "static_select", "users_select", "radio_buttons", "checkboxes"];
pub(super) const IN_INPUT: &[&str] = &[
    "plain_text_input",
    "static_select",
    "users_select",
    "multi_users_select",
    "radio_buttons",
    "checkboxes",
];

impl Wrong {
    pub(super) fn elements(&mut self, elements: &[Value], allowed: &[&str]) {
        for element in elements {
            if let Some(id) = element.get("action_id") {
                self.name(id, "action_id");
                let id = id.as_str().unwrap_or_default();
                if self.action_ids.iter().any(|known| known == id) {
                    self.say(&format!("two elements are called {id}"));
                }
                self.action_ids.push(id.to_owned());
            }
            let kind = element["type"].as_str().unwrap_or_default();
            if allowed.contains(&kind) {
                self.element(element, kind);
            } else {
                self.say(&format!("an element of type {kind:?}"));
            }
        }
    }

    fn element(&mut self, element: &Value, kind: &str) {
        // Slack would make one up; then nobody knows what was pressed.
        if element.get("action_id").is_none() && kind != "image" {
            self.say(&format!("{kind} without action_id"));
        }
        match kind {
            "button" => self.button(element),
            "overflow" => self.options(element, 2..=5, Kind::Plain),
            "static_select" => self.options(element, 1..=100, Kind::Plain),
            "radio_buttons" | "checkboxes" => self.options(element, 1..=10, Kind::Any),
            "plain_text_input" => self.input_of_text(element),
            "image" => self.image(element),
            _ => self.only(
                element,
                &[
                    "initial_user",
                    "initial_users",
                    "max_selected_items",
                    "placeholder",
                    "confirm",
                    "focus_on_load",
                ],
            ),
        }
        self.maybe_text(element.get("placeholder"), 150, "placeholder", Kind::Plain);
        if let Some(confirm) = element.get("confirm") {
            self.confirm(confirm);
        }
    }

    fn button(&mut self, button: &Value) {
        self.only(button, &["text", "value", "url", "style", "confirm", "accessibility_label"]);
        self.text(button.get("text"), 75, "button", Kind::Plain);
        for (name, most) in [("value", 2_000), ("url", 3_000), ("accessibility_label", 75)] {
            self.if_more(length(&button[name]), most, &format!("characters of a button's {name}"));
        }
        self.style(button);
    }

    fn style(&mut self, part: &Value) {
        if !matches!(part.get("style").map(Value::as_str), None | Some(Some("primary" | "danger")))
        {
            self.say(&format!("an unknown style {}", part["style"]));
        }
    }

    fn confirm(&mut self, confirm: &Value) {
        self.only(confirm, &["title", "text", "confirm", "deny", "style"]);
        for (name, most, kind) in [
            ("title", 100, Kind::Plain),
            ("text", 300, Kind::Any),
            ("confirm", 30, Kind::Plain),
            ("deny", 30, Kind::Plain),
        ] {
            self.text(confirm.get(name), most, &format!("confirm's {name}"), kind);
        }
        self.style(confirm);
    }

    fn options(&mut self, element: &Value, range: RangeInclusive<usize>, kind: Kind) {
        self.only(
            element,
            &[
                "options",
                "initial_option",
                "initial_options",
                "placeholder",
                "confirm",
                "focus_on_load",
            ],
        );
        let options = list(element, "options");
        self.count(options.len(), range, "options");
        let mut values = Vec::new();
        for option in options {
            self.only(option, &["text", "value", "description", "url"]);
            self.text(option.get("text"), 75, "option", kind);
            self.maybe_text(option.get("description"), 75, "description", kind);
            // Slack's pages say 75 here and 150 there.
            self.count(length(&option["value"]), 1..=75, "characters of an option's value");
            if values.contains(&&option["value"]) {
                self.say(&format!("two options mean {}", option["value"]));
            }
            values.push(&option["value"]);
        }
        let chosen =
            element.get("initial_option").into_iter().chain(list(element, "initial_options"));
        if chosen.into_iter().any(|it| !options.contains(it)) {
            self.say("an initial option that is none of the options");
        }
    }

    fn input_of_text(&mut self, input: &Value) {
        let known = [
            "initial_value",
            "multiline",
            "min_length",
            "max_length",
            "placeholder",
            "focus_on_load",
            "dispatch_action_config",
        ];
        self.only(input, &known);
        let number = |name: &str| {
            input.get(name).and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok())
        };
        let most = number("max_length").unwrap_or(3_000);
        self.count(most, 1..=3_000, "for max_length");
        self.if_more(number("min_length").unwrap_or(0), most, "for min_length");
        self.if_more(length(&input["initial_value"]), most, "characters of initial_value");
    }
}
