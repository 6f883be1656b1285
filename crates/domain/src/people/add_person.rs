//! Adding a person, with a post and a role.

use chrono::NaiveDate;

use super::{Person, PersonChange, Post, RoleGrant, repo};
use crate::{
    access::{EmailAddress, NotAnEmailAddress},
    alliances,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::{MemberId, PersonId, PostId, RoleGrantId, StrandId},
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, RemitKind, Role, Viewer, WrongRemit},
};

/// A new person.
#[derive(Debug, Clone)]
pub struct AddPerson {
    /// Their name, at most 200 characters.
    pub name: String,
    /// Where they get mail and sign in. Without it they cannot sign in.
    pub email: Option<String>,
    /// Their post at a member, if any.
    pub post: Option<NewPost>,
    /// What they may act as, from today. A role that may be of a school is for the member of `post`.
    pub role: Option<Role>,
    /// The strand of work that the role is for, if it is for one.
    pub strand_id: Option<StrandId>,
}

/// A post of a new person.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// Where.
    pub member_id: MemberId,
    /// "Head", "School business manager".
    pub title: String,
    /// The first day; today when not said.
    pub starts_on: Option<NaiveDate>,
}

/// Why nobody was added.
#[derive(Debug, thiserror::Error)]
pub enum AddPersonError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// Empty, or longer than 200 characters.
    #[error("Please give a name of at most 200 characters.")]
    InvalidName,
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// Empty, or longer than 200 characters.
    #[error("Please say in a few words what the post is, such as Head or School business manager.")]
    InvalidTitle,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// No such strand in this alliance.
    #[error("That is not among this alliance's work.")]
    UnknownStrand,
    /// The role is not for what was chosen.
    #[error(transparent)]
    WrongRemit(#[from] WrongRemit),
    /// The viewer's own roles may not give this one.
    #[error("Your own role does not give this one. Please ask a director.")]
    RoleAboveYou,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Adds a person. They become able to sign in when they prove the address.
pub async fn add_person(app: &App, viewer: &Viewer, input: AddPerson) -> Result<Person, AddPersonError> {
    use AddPersonError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    viewer.require_confirmed(Act::AddPerson)?;
    if input.role.is_some_and(|role| !viewer.may_give(role)) {
        return Err(E::RoleAboveYou);
    }
    let name = one_line(&input.name, 200).ok_or(E::InvalidName)?;
    let email = EmailAddress::parse_optional(input.email)?;
    let title = match &input.post {
        Some(post) => one_line(&post.title, 200).ok_or(E::InvalidTitle)?,
        None => String::new(),
    };
    let member_id = input.post.as_ref().map(|post| post.member_id);
    let role = match input.role {
        Some(role) => {
            let of_school = member_id.filter(|_| role.remits().contains(&RemitKind::School));
            Some((role, role.remit(of_school, input.strand_id)?))
        }
        None => None,
    };

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let person = Person { id: PersonId::new(app), name, email, has_signed_in: false };
    repo::insert_person(&mut tx, &person, now).await?;
    if let Some(post) = input.post {
        let post = Post {
            id: PostId::new(app),
            person_id: person.id,
            member_id: post.member_id,
            title,
            starts_on: post.starts_on.unwrap_or(today),
            ends_on: None,
        };
        repo::insert_post(&mut tx, &post).await.on_constraint("posts_member_fkey", || E::UnknownMember)?;
        repo::insert_change(&mut tx, &PersonChange::of_post(app, viewer, None, &post)).await?;
    }
    if let Some((role, remit)) = role {
        let grant = RoleGrant {
            id: RoleGrantId::new(app),
            person_id: person.id,
            role,
            remit,
            starts_on: today,
            ends_on: None,
        };
        repo::insert_role(&mut tx, &grant)
            .await
            .on_constraint("role_grants_strand_fkey", || E::UnknownStrand)?;
        let place = repo::place(&mut tx, remit).await?;
        let given = PersonChange::of_given_role(app, viewer, (&grant, place.as_deref()));
        repo::insert_change(&mut tx, &given).await?;
    }
    tx.announce(&[Change::Person(person.id, member_id)]).await?;
    tx.commit().await?;
    Ok(person)
}

failure!(AddPersonError {
    InvalidName => "name",
    InvalidTitle => "title",
    UnknownMember => "memberId",
    UnknownStrand => "strandId",
    RoleAboveYou => "role",
    InvalidEmail => "email",
} nested { Forbidden, Unconfirmed, WrongRemit, Internal });
