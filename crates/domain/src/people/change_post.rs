//! A post gets another title or other dates, or ends.

use chrono::NaiveDate;

use super::{PersonChange, Post, repo};
use crate::{
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::PostId,
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A post as it shall be.
#[derive(Debug, Clone)]
pub struct ChangePost {
    /// Which.
    pub post_id: PostId,
    /// What it is.
    pub title: String,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day; `None` while it goes on.
    pub ends_on: Option<NaiveDate>,
}

/// Why the post stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangePostError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such post in this alliance.
    #[error("That post is not one of this alliance's.")]
    UnknownPost,
    /// Empty, or longer than 200 characters.
    #[error("Please say in a few words what the post is, such as Head or School business manager.")]
    InvalidTitle,
    /// Over before it begins.
    #[error("The last day of a post cannot be before its first day.")]
    EndsBeforeStart,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Changes a post. One that ends stays on record; the roles of its holder are ended by themselves.
pub async fn change_post(app: &App, viewer: &Viewer, input: ChangePost) -> Result<Post, ChangePostError> {
    use ChangePostError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    let title = one_line(&input.title, 200).ok_or(E::InvalidTitle)?;
    if input.ends_on.is_some_and(|last| last < input.starts_on) {
        return Err(E::EndsBeforeStart);
    }

    let mut tx = app.db.begin(scope).await?;
    let before = repo::post(&mut tx, input.post_id).await?.ok_or(E::UnknownPost)?;
    let post = Post { title, starts_on: input.starts_on, ends_on: input.ends_on, ..before.clone() };
    if post != before {
        repo::update_post(&mut tx, &post).await?;
        repo::insert_change(&mut tx, &PersonChange::of_post(app, viewer, Some(&before), &post)).await?;
        tx.announce(&[Change::Person(post.person_id, Some(post.member_id))]).await?;
    }
    tx.commit().await?;
    Ok(post)
}

failure!(ChangePostError {
    UnknownPost => "postId",
    InvalidTitle => "title",
    EndsBeforeStart => "endsOn",
} nested { Forbidden, Internal });
