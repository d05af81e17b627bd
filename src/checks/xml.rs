//! XML of other people's tools: read leniently, without any entity but XML's own five, and no document of somebody else's.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesRef, BytesStart};
use quick_xml::reader::Reader;

/// A reader that goes on where names do not match.
pub(super) fn lenient_reader(text: &str) -> Reader<&[u8]> {
    let mut xml = Reader::from_str(text);
    let config = xml.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    xml
}

pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.html_attributes();
    let found = attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().into_inner() == name)?;
    Some(
        unescape(&found.value)
            .map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned),
    )
}

/// What stands for an entity; one that nobody knows stands for itself.
pub(super) fn resolved(entity: &BytesRef<'_>) -> String {
    let name = entity.clone().into_inner();
    unescape(&format!("&{name};"))
        .map_or_else(|_| format!("&{name};"), std::borrow::Cow::into_owned)
}
