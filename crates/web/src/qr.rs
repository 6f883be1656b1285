//! Pictures that a phone's camera reads, drawn here: what they say goes to nobody else.

use std::fmt::Write;

use qrcode::{Color, QrCode};

/// A picture of squares.
pub(crate) struct Picture {
    /// How many squares wide and high it is, with the empty edge that cameras need.
    pub(crate) size: usize,
    /// The dark ones, as the outline of an SVG path.
    pub(crate) dark: String,
}

/// How wide the empty edge is.
const EDGE: usize = 4;

/// The picture of `text`; `None` when it is too long for one.
pub(crate) fn picture(text: &str) -> Option<Picture> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let mut dark = String::new();
    for (at, color) in code.into_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a String cannot fail.
            let _ = write!(dark, "M{} {}h1v1h-1z", at % width + EDGE, at / width + EDGE);
        }
    }
    Some(Picture { size: width + 2 * EDGE, dark })
}
