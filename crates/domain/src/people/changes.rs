//! The record of changes: who changed a name, an address, a post or a role, when, and what stood there before.

use chrono::NaiveDate;

use super::{Post, RoleGrant, in_words};
use crate::{
    access::EmailAddress,
    app::{App, Timestamp},
    ids::{PersonChangeId, PersonId},
    viewer::Viewer,
};

/// What was changed of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Their name.
    Name,
    /// Where they get mail.
    Email,
    /// A post.
    Post,
    /// A role.
    Role,
}

impl Changed {
    /// Everything that is recorded.
    pub const ALL: [Self; 4] = [Self::Name, Self::Email, Self::Post, Self::Role];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Post => "post",
            Self::Role => "role",
        }
    }

    pub(super) fn stored(name: &str) -> Self {
        Self::ALL.into_iter().find(|what| what.as_str() == name).unwrap_or(Self::Name)
    }
}

/// One change of what is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonChange {
    /// The change.
    pub id: PersonChangeId,
    /// Of whom.
    pub person_id: PersonId,
    /// By whom; `None` is the deployment.
    pub changed_by: Option<PersonId>,
    /// When.
    pub changed_at: Timestamp,
    /// What.
    pub what: Changed,
    /// What stood there before, in words.
    pub before: Option<String>,
    /// What stands there now, in words.
    pub after: Option<String>,
}

impl PersonChange {
    fn new(app: &App, viewer: &Viewer, (person_id, what): (PersonId, Changed)) -> Self {
        Self {
            id: PersonChangeId::new(app),
            person_id,
            changed_by: viewer.person_id(),
            changed_at: app.clock.now(),
            what,
            before: None,
            after: None,
        }
    }

    /// Another name.
    pub(super) fn of_name(app: &App, viewer: &Viewer, id: PersonId, (before, after): (&str, &str)) -> Self {
        let change = Self::new(app, viewer, (id, Changed::Name));
        Self { before: Some(before.to_owned()), after: Some(after.to_owned()), ..change }
    }

    /// Another address, or none.
    pub(super) fn of_email(
        app: &App,
        viewer: &Viewer,
        id: PersonId,
        (before, after): (Option<&EmailAddress>, Option<&EmailAddress>),
    ) -> Self {
        let change = Self::new(app, viewer, (id, Changed::Email));
        Self { before: before.map(ToString::to_string), after: after.map(ToString::to_string), ..change }
    }

    /// A new post, or one that was changed.
    pub(super) fn of_post(app: &App, viewer: &Viewer, before: Option<&Post>, after: &Post) -> Self {
        let change = Self::new(app, viewer, (after.person_id, Changed::Post));
        Self { before: before.map(post), after: Some(post(after)), ..change }
    }

    /// A post that ends sooner; `after` is `None` when it was taken back before it had begun.
    pub(super) fn of_ended_post(app: &App, viewer: &Viewer, before: &Post, after: Option<&Post>) -> Self {
        let change = Self::new(app, viewer, (before.person_id, Changed::Post));
        Self { before: Some(post(before)), after: after.map(post), ..change }
    }

    /// A role that was given; `place` is the name of the school or the strand that it is for.
    pub(super) fn of_given_role(
        app: &App,
        viewer: &Viewer,
        (given, place): (&RoleGrant, Option<&str>),
    ) -> Self {
        Self { after: Some(role(given, place)), ..Self::new(app, viewer, (given.person_id, Changed::Role)) }
    }

    /// A role that ends sooner; `after` is `None` when it was taken back before it had begun.
    pub(super) fn of_ended_role(
        app: &App,
        viewer: &Viewer,
        (before, after): (&RoleGrant, Option<&RoleGrant>),
        place: Option<&str>,
    ) -> Self {
        let change = Self::new(app, viewer, (before.person_id, Changed::Role));
        Self { before: Some(role(before, place)), after: after.map(|after| role(after, place)), ..change }
    }
}

/// `Head, from 1 Sep 2026`.
fn post(post: &Post) -> String {
    dated(&post.title, post.starts_on, post.ends_on)
}

/// `head, Alder Primary School, from 1 Sep 2026 to 31 Aug 2027`.
fn role(grant: &RoleGrant, place: Option<&str>) -> String {
    dated(&in_words(grant.role, place), grant.starts_on, grant.ends_on)
}

/// `Head, from 1 Sep 2026 to 31 Aug 2027`.
fn dated(what: &str, starts_on: NaiveDate, ends_on: Option<NaiveDate>) -> String {
    let day = |date: NaiveDate| date.format("%-d %b %Y").to_string();
    let until = ends_on.map(|date| format!(" to {}", day(date))).unwrap_or_default();
    format!("{what}, from {}{until}", day(starts_on))
}
