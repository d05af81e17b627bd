//! Raster: which pixels does a chart have?
//! It is told apart from the system: no font but ours, no file, no address is ever looked for.

use std::sync::Arc;

use charts_rs::DEFAULT_FONT_DATA;
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Error, Options, Tree};

use super::ChartError;

/// The PNG of an SVG that covers its whole size.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, ChartError> {
    let tree = Tree::from_str(svg, &options())?;
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(Error::InvalidSize)?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    encoded(&pixels)
}

fn options() -> Options<'static> {
    let mut fonts = Database::new();
    fonts.load_font_source(Source::Binary(Arc::new(DEFAULT_FONT_DATA)));
    Options { fontdb: Arc::new(fonts), ..Options::default() }
}

/// Without transparency, of which a chart has none: Slack would show its own colour through it.
fn encoded(pixels: &Pixmap) -> Result<Vec<u8>, ChartError> {
    let opaque: Vec<u8> =
        pixels.data().chunks_exact(4).flat_map(|rgba| rgba.iter().take(3)).copied().collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&opaque)?;
    writer.finish()?;
    Ok(file)
}
