//! A person takes a post.

use super::{NewPost, PersonChange, Post, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::{PersonId, PostId},
    problem::failure,
    text::one_line,
    viewer::{Permission, Reach, Viewer},
};

/// A post of a person whom the alliance knows.
#[derive(Debug, Clone)]
pub struct AddPost {
    /// Whose.
    pub person_id: PersonId,
    /// Which.
    pub post: NewPost,
}

/// Why there is no new post.
#[derive(Debug, thiserror::Error)]
pub enum AddPostError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such person in this alliance.
    #[error("That person is not one of this alliance's.")]
    UnknownPerson,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// Empty, or longer than 200 characters.
    #[error("Please say in a few words what the post is, such as Head or School business manager.")]
    InvalidTitle,
    /// A post of that name at that school lasts into the new one.
    #[error("This person has that post there already.")]
    AlreadyHeld,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Adds a post. A person may hold several, at one school or more. A post alone lets nobody sign in.
pub async fn add_post(app: &App, viewer: &Viewer, input: AddPost) -> Result<Post, AddPostError> {
    use AddPostError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    let title = one_line(&input.post.title, 200).ok_or(E::InvalidTitle)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let person = repo::person(&mut tx, input.person_id).await?.ok_or(E::UnknownPerson)?;
    let post = Post {
        id: PostId::new(app),
        person_id: person.id,
        member_id: input.post.member_id,
        title,
        starts_on: input.post.starts_on.unwrap_or(today),
        ends_on: None,
    };
    let held = repo::posts_of_people(&mut tx, &Reach::Alliance, &[person.id]).await?;
    if held.iter().any(|held| is_same(held, &post)) {
        return Err(E::AlreadyHeld);
    }
    repo::insert_post(&mut tx, &post).await.on_constraint("posts_member_fkey", || E::UnknownMember)?;
    repo::insert_change(&mut tx, &PersonChange::of_post(app, viewer, None, &post)).await?;
    tx.announce(&[Change::Person(person.id, Some(post.member_id))]).await?;
    tx.commit().await?;
    Ok(post)
}

/// Whether a post goes on at the same school under the same name when the other begins.
fn is_same(held: &Post, new: &Post) -> bool {
    held.member_id == new.member_id
        && held.title == new.title
        && held.ends_on.is_none_or(|last| last >= new.starts_on)
}

failure!(AddPostError {
    UnknownPerson => "personId",
    UnknownMember => "memberId",
    AlreadyHeld => "title",
    InvalidTitle => "title",
} nested { Forbidden, Internal });
