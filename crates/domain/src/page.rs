//! Lists in pages of at most 100, by keyset.

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRequest<C> {
    /// After this position; `None` starts at the beginning.
    pub after: Option<C>,
    /// How many, 1 to [`MAX_PAGE`].
    pub first: u16,
}

/// The longest page.
pub const MAX_PAGE: u16 = 100;

impl<C> PageRequest<C> {
    /// The first `first` entries, cut to [`MAX_PAGE`].
    #[must_use]
    pub fn first(first: u16) -> Self {
        Self { after: None, first: first.clamp(1, MAX_PAGE) }
    }

    /// One row more than asked for tells whether there is a next page.
    pub(crate) fn limit(&self) -> i64 {
        i64::from(self.first.clamp(1, MAX_PAGE)) + 1
    }

    /// Cuts what a query with [`PageRequest::limit`] returned into a page.
    pub(crate) fn cut<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let first = usize::from(self.first.clamp(1, MAX_PAGE));
        let has_next = rows.len() > first;
        rows.truncate(first);
        Page { items: rows, has_next }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in the list's order.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_next: bool,
}
