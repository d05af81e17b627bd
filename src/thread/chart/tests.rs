//! What a chart promises: all is on it, nothing gets out of it, and it stays small.

use std::collections::BTreeSet;

use proptest::prelude::*;
use resvg::usvg::roxmltree::{Document, Node};

use super::*;

fn bar<'a>(name: &'a str, cost: (i64, &str), time: (u64, &str)) -> StageBar<'a> {
    let (cost_nanos, cost) = (cost.0, cost.1.to_owned());
    let (seconds, time) = (time.0, time.1.to_owned());
    StageBar { name, cost_nanos, cost, seconds, time, trouble: None }
}

fn named(name: &str) -> StageBar<'_> {
    bar(name, (210_000_000, "$0.21"), (120, "2 min"))
}

fn chart(bars: Vec<StageBar<'_>>) -> StageChart<'_> {
    StageChart { title: "llm-wrapper", cost: "$1.61".to_owned(), time: "49 min".to_owned(), bars }
}

fn six() -> StageChart<'static> {
    chart(vec![
        bar("scaffold", (40_000_000, "$0.04"), (75, "1 min")),
        bar("core-implementation", (520_000_000, "$0.52"), (840, "14 min")),
        bar("streaming", (310_000_000, "$0.31"), (460, "7 min")),
        bar("error-handling", (210_000_000, "$0.21"), (300, "5 min")),
        bar("testing", (440_000_000, "$0.44"), (1_210, "20 min")),
        bar("documentation", (90_000_000, "$0.09"), (45, "under a minute")),
    ])
}

fn drawn(chart: &StageChart<'_>) -> String {
    chart.svg(Theme::Light).expect("drawn")
}

/// What is written on a chart, in its order; read as XML, so that a broken chart fails.
fn written(svg: &str) -> Vec<String> {
    let page = Document::parse(svg).expect("well-formed");
    let texts = page.descendants().filter(|n| n.has_tag_name("text"));
    texts.map(|n| n.text().unwrap_or_default().trim().to_owned()).collect()
}

fn elements(svg: &str) -> BTreeSet<String> {
    let page = Document::parse(svg).expect("well-formed");
    page.descendants().filter(Node::is_element).map(|n| n.tag_name().name().to_owned()).collect()
}

fn attributes(svg: &str) -> BTreeSet<String> {
    let page = Document::parse(svg).expect("well-formed");
    page.descendants().flat_map(|n| n.attributes()).map(|a| a.name().to_owned()).collect()
}

/// The widths of the bars of a column, and of the sample in its heading.
fn widths(svg: &str, class: &str) -> Vec<f32> {
    let page = Document::parse(svg).expect("well-formed");
    let bars = page.descendants().filter(|n| n.attribute("class") == Some(class));
    bars.filter_map(|n| n.attribute("width")?.parse().ok()).collect()
}

/// From the header of the file.
fn size(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert!(png.starts_with(b"\x89PNG"));
    (number(16), number(20))
}

#[test]
fn every_name_and_amount_is_on_the_chart() {
    let all = written(&drawn(&six())).join(" | ");
    assert_eq!(
        all,
        "llm-wrapper | Cost | $1.61 | Time | 49 min | scaffold | $0.04 | 1 min | core-implementation | $0.52 | 14 min | \
         streaming | $0.31 | 7 min | error-handling | $0.21 | 5 min | testing | $0.44 | 20 min | \
         documentation | $0.09 | under a minute"
    );
}

#[test]
fn who_cannot_see_it_hears_it() {
    let mut two = chart(vec![named("scaffold"), named("testing")]);
    two.bars[1].trouble = Some("failed");
    let words =
        "llm-wrapper, $1.61 in 49 min: scaffold $0.21 in 2 min, testing $0.21 in 2 min (failed).";
    assert_eq!(two.words(), words);
    assert!(drawn(&two).contains(&format!("role=\"img\">\n<title>{words}</title>")));
}

#[test]
fn what_went_wrong_is_said_in_words() {
    let mut one = chart(vec![named("testing")]);
    one.bars[0].trouble = Some("failed");
    assert!(written(&drawn(&one)).contains(&"failed".to_owned()));
}

#[test]
fn bars_are_true_to_scale() {
    let svg = drawn(&chart(vec![
        bar("a", (100, "$1"), (30, "1 min")),
        bar("b", (200, "$2"), (60, "2 min")),
    ]));
    let [_, a, b] = widths(&svg, "chart-cost")[..] else { panic!("two bars and a sample") };
    assert!((b - 2.0 * a).abs() <= 1.0, "{a} and {b}");
}

#[test]
fn little_is_seen_beside_much_and_nothing_is_no_bar() {
    let svg = drawn(&chart(vec![
        bar("much", (350_000_000_000, "$350.00"), (144_000, "40 h")),
        bar("little", (400_000, "$0.0004"), (3, "under a minute")),
        bar("nothing", (0, "$0.00"), (0, "under a minute")),
        bar("less", (-1, "$0.00"), (0, "under a minute")),
    ]));
    let [sample, much, little] = widths(&svg, "chart-cost")[..] else { panic!("two bars") };
    assert_eq!((sample, little), (24.0, 4.0));
    assert!(much > 200.0);
}

#[test]
fn no_amount_is_too_large() {
    let svg = drawn(&chart(vec![bar("all", (i64::MAX, "$9,223,372,036.85"), (u64::MAX, "ages"))]));
    assert!(widths(&svg, "chart-cost").into_iter().all(|wide| wide <= 348.0), "{svg}");
}

#[test]
fn a_long_name_ends_with_an_ellipsis() {
    let svg = drawn(&chart(vec![named(&"W".repeat(40)), named(&"i".repeat(40))]));
    let texts = written(&svg);
    assert!(texts.iter().any(|t| t.starts_with("WWWW") && t.ends_with('…')));
    assert!(texts.contains(&"i".repeat(40)));
}

#[test]
fn a_name_stays_text_whatever_is_in_it() {
    let names = ["<script>alert(1)</script>", "a & b \"c\" ]]> &lt;", "🚀 שלב", "<!--", "</svg>"];
    let svg = drawn(&chart(names.map(named).to_vec()));
    let texts = written(&svg);
    assert!(names.into_iter().all(|name| texts.iter().any(|t| t == name)), "{texts:?}");
    assert_eq!(elements(&svg), ["rect", "svg", "text", "title"].map(String::from).into());
}

#[test]
fn what_is_not_seen_is_left_out() {
    let name = "\u{202e}evil\u{0}\u{1b}[31m\u{feff}\u{ffff}\u{fffe}\nsecond";
    let hidden = chart(vec![named(name)]);
    assert!(written(&drawn(&hidden)).contains(&"evil".to_owned()));
    assert!(hidden.png(Theme::Light).is_ok());
}

#[test]
fn two_charts_fit_one_page() {
    let svg = drawn(&six());
    let known =
        "class fill font-family font-size height role stroke stroke-width viewBox width x y";
    assert_eq!(attributes(&svg), known.split(' ').map(String::from).collect());
    assert_eq!(svg.matches("http").count(), 1, "the name of SVG itself");
}

#[test]
fn the_same_run_makes_the_same_bytes() {
    assert_eq!(drawn(&six()), drawn(&six()));
    let png = || six().png(Theme::Dark).expect("drawn");
    assert_eq!(png(), png());
}

#[test]
fn themes_differ_in_colours_only() {
    let (light, dark) = (drawn(&six()), six().svg(Theme::Dark).expect("drawn"));
    assert_eq!(light.len(), dark.len());
    assert_ne!(light, dark);
    assert_eq!(written(&light), written(&dark));
}

#[test]
fn a_picture_is_small() {
    let png = six().png(Theme::Light).expect("drawn");
    assert_eq!(size(&png), (800, 816));
    assert!(png.len() < 40_000, "{}", png.len());
}

#[test]
fn one_stage_is_a_chart_too() {
    let one = chart(vec![named("scaffold")]);
    assert_eq!(written(&drawn(&one)).len(), 8);
    assert_eq!(size(&one.png(Theme::Light).expect("drawn")), (800, 276));
}

#[test]
fn more_than_twenty_stages_are_counted() {
    let of = |n| chart(vec![named("stage"); n]);
    assert_eq!(written(&drawn(&of(20))).len(), 65);
    assert_eq!(written(&drawn(&of(21))).pop(), Some("and 1 more stage".to_owned()));
    assert_eq!(written(&drawn(&of(500))).pop(), Some("and 480 more stages".to_owned()));
    assert!(of(500).words().ends_with(", and 480 more stages."));
}

#[test]
fn the_largest_chart_is_bounded() {
    let most = chart(vec![named("the-longest-name-of-all-the-stages-there-is"); 500]);
    let png = most.png(Theme::Light).expect("drawn");
    assert_eq!(size(&png), (800, 2_436));
    assert!(png.len() < 200_000, "{}", png.len());
}

#[test]
fn a_run_without_work_says_so() {
    let none = chart(vec![]);
    assert_eq!(none.words(), "llm-wrapper, $1.61 in 49 min: no stage was worked on.");
    assert!(written(&drawn(&none)).contains(&"no stage was worked on".to_owned()));
}

proptest! {
    #[test]
    fn any_words_make_a_chart(name in any::<String>(), word in any::<String>(), n: (i64, u64)) {
        let mut one = chart(vec![bar(&name, (n.0, &word), (n.1, &word))]);
        one.bars[0].trouble = Some(&word);
        let page = drawn(&StageChart { title: &name, ..one });
        prop_assert!(elements(&page).len() <= 4);
    }
}
