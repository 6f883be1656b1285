//! The frame around every page of an alliance: plain data, filled by [`Within::shell`](crate::session::Within::shell)
//! and shown by `base.html`.

use domain::alliances::Wording;

/// What the frame shows.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// The page's name, in the window's title.
    pub(crate) title: String,
    /// The alliance's name.
    pub(crate) alliance: String,
    /// What it calls itself and its parts.
    pub(crate) wording: Wording,
    /// The address of the alliance's first page.
    pub(crate) home: String,
    /// Who is signed in, with their roles: `Ruth Adeyemi, director`.
    pub(crate) person: String,
    /// Where else one can go, in groups.
    pub(crate) nav: Vec<NavSection>,
    /// What the form before this page did, in one sentence.
    pub(crate) flash: Option<String>,
    /// The page's own address, for a form that is sent back to it: a browser left to itself would add the place in the
    /// page that it last went to, and go there again, past what is wrong.
    pub(crate) here: String,
    /// The token that every `POST` form carries.
    pub(crate) csrf: String,
}

/// A group of pages.
#[derive(Debug, Clone)]
pub(crate) struct NavSection {
    pub(crate) heading: String,
    pub(crate) items: Vec<NavItem>,
}

/// A page one can go to.
#[derive(Debug, Clone)]
pub(crate) struct NavItem {
    pub(crate) label: String,
    pub(crate) href: String,
    /// Whether it is the page shown, or above it.
    pub(crate) is_current: bool,
}
