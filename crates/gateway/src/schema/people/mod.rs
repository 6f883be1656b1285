//! People as an alliance knows them.

mod accept_invitation;
mod add_person;
mod add_post;
mod change_person;
mod change_post;
mod decline_invitation;
mod end_role;
mod grant_role;
mod invite;
mod invite_several;
mod leave_alliance;
mod send_invitation_again;
mod withdraw_invitation;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, MergedObject, Object, Result};
use chrono::{DateTime, Utc};
use domain::{
    access,
    error::ReadError,
    ids::{MemberId, PersonId},
    people::{
        self, Changed, Person, PersonChange, PersonCursor, PersonFilter, Post, RoleGrant,
        departures::{self, Holdings},
        invitations::{self, Invitation, InvitationState, Received},
    },
    viewer::Permission,
};

use super::{
    alliances::{RoleEnum, StrandObject},
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{self, Kind},
    scalars::Date,
    schools::MemberObject,
};

#[derive(MergedObject, Default)]
pub(crate) struct PeopleMutation(
    add_person::AddPersonMutation,
    change_person::ChangePersonMutation,
    add_post::AddPostMutation,
    change_post::ChangePostMutation,
    grant_role::GrantRoleMutation,
    end_role::EndRoleMutation,
    invite::InviteMutation,
    invite_several::InviteSeveralMutation,
    withdraw_invitation::WithdrawInvitationMutation,
    send_invitation_again::SendInvitationAgainMutation,
    accept_invitation::AcceptInvitationMutation,
    decline_invitation::DeclineInvitationMutation,
    leave_alliance::LeaveAllianceMutation,
);

/// A person whom the alliance knows.
pub(crate) struct PersonObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) person: Person,
}

#[Object(name = "Person")]
impl PersonObject {
    /// Opaque, and good for as long as the person is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Person, self.inside.id(), self.person.id.0)
    }

    /// Their name as this alliance writes it.
    async fn name(&self) -> &str {
        &self.person.name
    }

    /// Where they get mail, and sign in for the first time.
    async fn email(&self) -> Option<&str> {
        self.person.email.as_ref().map(access::EmailAddress::as_str)
    }

    /// Whether somebody has proved to be this person by signing in.
    async fn has_signed_in(&self) -> bool {
        self.person.has_signed_in
    }

    /// Whether they are asked for a second step at sign-in; null where the alliance does not require one, and when that is
    /// not yours to see.
    async fn has_second_step(&self) -> Result<Option<bool>> {
        let inside = &self.inside;
        if !inside.alliance.requires_second_step || !inside.viewer().may(Permission::ManageMembers) {
            return Ok(None);
        }
        Ok(Some(inside.load::<SecondStepOfPerson>(self.person.id).await?.is_some()))
    }

    /// Every post, the newest first; for a head those at their own school.
    async fn posts(&self) -> Result<Vec<PostObject>> {
        let found = self.inside.load::<PostsOfPerson>(self.person.id).await?.unwrap_or_default();
        let object =
            |post| PostObject { inside: Arc::clone(&self.inside), post, person: self.person.clone() };
        Ok(found.into_iter().map(object).collect())
    }

    /// Every role, the newest first; for a head those at their own school.
    async fn roles(&self) -> Result<Vec<RoleGrantObject>> {
        let found = self.inside.load::<RolesOfPerson>(self.person.id).await?.unwrap_or_default();
        let object = |grant| RoleGrantObject { inside: Arc::clone(&self.inside), grant };
        Ok(found.into_iter().map(object).collect())
    }

    /// What was changed of this person, the newest first, at most 100 changes; null when that is not yours to see.
    async fn changes(&self) -> Result<Option<Vec<PersonChangeObject>>> {
        if !self.inside.viewer().may(Permission::ManageMembers) {
            return Ok(None);
        }
        let changes = people::changes_of_person(&self.inside.reading, self.person.id).await;
        let object = |change| PersonChangeObject { inside: Arc::clone(&self.inside), change };
        Ok(Some(changes.map_err(errors::read)?.into_iter().map(object).collect()))
    }
}

/// A role of a person, from its first day to its last.
pub(crate) struct RoleGrantObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) grant: RoleGrant,
}

#[Object(name = "RoleGrant")]
impl RoleGrantObject {
    /// Opaque, and good for as long as the role is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::RoleGrant, self.inside.id(), self.grant.id.0)
    }

    /// What they may act as.
    async fn role(&self) -> RoleEnum {
        self.grant.role.into()
    }

    /// The one school it is for, if it is.
    async fn member(&self) -> Result<Option<MemberObject>> {
        match self.grant.remit.member_id() {
            None => Ok(None),
            Some(id) => self.inside.member(id).await,
        }
    }

    /// The one strand of work it is for, if it is. Neither a school nor a strand is the whole alliance.
    async fn strand(&self) -> Result<Option<StrandObject>> {
        match self.grant.remit.strand_id() {
            None => Ok(None),
            Some(id) => self.inside.strand(id).await,
        }
    }

    /// The first day.
    async fn starts_on(&self) -> Date {
        self.grant.starts_on.into()
    }

    /// The last day, once known.
    async fn ends_on(&self) -> Option<Date> {
        self.grant.ends_on.map(Into::into)
    }
}

/// An invitation to act in a role.
pub(crate) struct InvitationObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) invitation: Invitation,
}

#[Object(name = "Invitation")]
impl InvitationObject {
    /// Opaque, and good for as long as the invitation is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Invitation, self.inside.id(), self.invitation.id.0)
    }

    /// As the person shall be known, unless they are known already.
    async fn name(&self) -> &str {
        &self.invitation.name
    }

    /// Where it was sent.
    async fn email(&self) -> &str {
        self.invitation.email.as_str()
    }

    /// What they may act as.
    async fn role(&self) -> RoleEnum {
        self.invitation.role.into()
    }

    /// The one school that the role is for, if it is.
    async fn member(&self) -> Result<Option<MemberObject>> {
        match self.invitation.remit.member_id() {
            None => Ok(None),
            Some(id) => self.inside.member(id).await,
        }
    }

    /// The one strand of work that the role is for, if it is.
    async fn strand(&self) -> Result<Option<StrandObject>> {
        match self.invitation.remit.strand_id() {
            None => Ok(None),
            Some(id) => self.inside.strand(id).await,
        }
    }

    /// What the inviter wrote; may be empty.
    async fn message(&self) -> &str {
        &self.invitation.message
    }

    /// Who invited; null when the deployment did.
    async fn invited_by(&self) -> Result<Option<PersonObject>> {
        match self.invitation.invited_by {
            None => Ok(None),
            Some(id) => self.inside.person(id).await,
        }
    }

    /// When.
    async fn invited_at(&self) -> DateTime<Utc> {
        self.invitation.invited_at
    }

    /// From when on it can no longer be taken up.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.invitation.expires_at
    }

    /// When it was last mailed.
    async fn mailed_at(&self) -> DateTime<Utc> {
        self.invitation.mailed_at
    }

    /// What the mail server said when it refused that mail; null when it did not.
    async fn refusal(&self) -> Option<&str> {
        self.invitation.refusal.as_deref()
    }

    /// How it stands.
    async fn state(&self) -> InvitationStateEnum {
        self.invitation.state.into()
    }
}

/// How an invitation stands.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "InvitationState", remote = "InvitationState")]
pub(crate) enum InvitationStateEnum {
    /// It waits for whoever was invited.
    Open,
    /// Its time ran out.
    Expired,
    /// It was taken up.
    Accepted,
    /// Whoever was invited said no.
    Declined,
    /// The alliance took it back.
    Withdrawn,
}

/// The alliance's invitations, for those who may invite.
pub(crate) async fn invitations(inside: &Arc<Inside>) -> Result<Option<Vec<InvitationObject>>> {
    if !inside.viewer().may(Permission::ManageMembers) {
        return Ok(None);
    }
    let found = invitations::invitations(&inside.reading, inside.app.clock.now()).await;
    let object = |invitation| InvitationObject { inside: Arc::clone(inside), invitation };
    Ok(Some(found.map_err(errors::read)?.into_iter().map(object).collect()))
}

/// An invitation to you.
pub(crate) struct ReceivedInvitationObject(pub(crate) Received);

#[Object(name = "ReceivedInvitation")]
impl ReceivedInvitationObject {
    /// Opaque, and good for as long as the invitation is open.
    async fn id(&self) -> ID {
        ids::encode(Kind::Invitation, self.0.alliance_id, self.0.id.0)
    }

    /// The name of the alliance.
    async fn alliance_name(&self) -> &str {
        &self.0.alliance_name
    }

    /// Whom it is for, as the inviter wrote it: several people may share one address.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What you may act as, and where, in words: "head, Alder Primary School".
    async fn role_in_words(&self) -> &str {
        &self.0.role
    }

    /// The name of whoever invited you; null when the deployment did.
    async fn invited_by(&self) -> Option<&str> {
        self.0.invited_by.as_deref()
    }

    /// What they wrote; may be empty.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// From when on it can no longer be taken up.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
}

/// What you hold in an alliance: what ends when you leave it.
pub(crate) struct HoldingsObject {
    inside: Arc<Inside>,
    held: Holdings,
}

#[Object(name = "Holdings")]
impl HoldingsObject {
    /// Your roles that are not over, the newest first.
    async fn roles(&self) -> Vec<RoleGrantObject> {
        let object = |grant: &RoleGrant| RoleGrantObject { inside: Arc::clone(&self.inside), grant: *grant };
        self.held.roles.iter().map(object).collect()
    }

    /// Your posts that are not over, the newest first.
    async fn posts(&self) -> Vec<PostObject> {
        let object = |post: &Post| PostObject {
            inside: Arc::clone(&self.inside),
            post: post.clone(),
            person: self.held.person.clone(),
        };
        self.held.posts.iter().map(object).collect()
    }

    /// The payers whose finance contact you are, by name. That does not end by itself.
    async fn finance_contact_of(&self) -> &[String] {
        &self.held.finance_contact_of
    }

    /// Your last day, once you have said that you leave.
    async fn leaves_on(&self) -> Option<Date> {
        self.held.leaves_on.map(Into::into)
    }
}

/// What the viewer holds themselves.
pub(crate) async fn holdings(inside: &Arc<Inside>) -> Result<HoldingsObject> {
    let held = departures::own_holdings(&inside.reading, inside.today).await.map_err(errors::read)?;
    Ok(HoldingsObject { inside: Arc::clone(inside), held: held.ok_or_else(errors::forbidden)? })
}

/// One change of what is known of a person.
pub(crate) struct PersonChangeObject {
    inside: Arc<Inside>,
    change: PersonChange,
}

#[Object(name = "PersonChange")]
impl PersonChangeObject {
    /// When.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.change.changed_at
    }

    /// By whom; null when the deployment did it.
    async fn changed_by(&self) -> Result<Option<PersonObject>> {
        match self.change.changed_by {
            None => Ok(None),
            Some(id) => self.inside.person(id).await,
        }
    }

    /// What.
    async fn what(&self) -> ChangedEnum {
        self.change.what.into()
    }

    /// What stood there before, in words.
    async fn before(&self) -> Option<&str> {
        self.change.before.as_deref()
    }

    /// What stands there now, in words.
    async fn after(&self) -> Option<&str> {
        self.change.after.as_deref()
    }
}

/// What was changed of a person.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Changed", remote = "Changed")]
pub(crate) enum ChangedEnum {
    /// Their name.
    Name,
    /// Where they get mail.
    Email,
    /// A post.
    Post,
    /// A role.
    Role,
}

/// A post of a person at a member.
pub(crate) struct PostObject {
    inside: Arc<Inside>,
    post: Post,
    person: Person,
}

impl PostObject {
    /// A post that was just changed.
    async fn of(inside: Arc<Inside>, post: Post) -> Result<Self> {
        let person = inside.person(post.person_id).await?.ok_or_else(errors::forbidden)?.person;
        Ok(Self { inside, post, person })
    }
}

#[Object(name = "Post")]
impl PostObject {
    /// Opaque, and good for as long as the post is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Post, self.inside.id(), self.post.id.0)
    }

    /// "Head", "School business manager".
    async fn title(&self) -> &str {
        &self.post.title
    }

    /// The first day.
    async fn starts_on(&self) -> Date {
        self.post.starts_on.into()
    }

    /// The last day, once known.
    async fn ends_on(&self) -> Option<Date> {
        self.post.ends_on.map(Into::into)
    }

    /// Whose it is.
    async fn person(&self) -> PersonObject {
        PersonObject { inside: Arc::clone(&self.inside), person: self.person.clone() }
    }

    /// Where.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.post.member_id).await
    }
}

/// Counts the people of a list.
pub(crate) struct PeopleTotal {
    inside: Arc<Inside>,
    filter: PersonFilter,
}

impl PeopleTotal {
    async fn count(&self) -> Result<i64> {
        people::count_people(&self.inside.reading, &self.filter).await.map_err(errors::read)
    }
}

connection::connection! {
    /// People in pages.
    PersonConnection of PersonObject, total: PeopleTotal
}

pub(crate) async fn people(
    inside: &Arc<Inside>,
    filter: PersonFilter,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<PersonConnection> {
    let list = inside.list("people");
    let page =
        people::people(&inside.reading, &filter, &list.page(first, after)?).await.map_err(errors::read)?;
    let end_cursor =
        page.items.last().map(|last| list.cursor(&PersonCursor { name: last.name.clone(), id: last.id }));
    let object = |person| PersonObject { inside: Arc::clone(inside), person };
    Ok(PersonConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: PeopleTotal { inside: Arc::clone(inside), filter },
    })
}

struct PeopleById;

impl Batch for PeopleById {
    type Key = PersonId;
    type Value = Person;

    async fn read(inside: &Inside, keys: &[PersonId]) -> Result<HashMap<PersonId, Person>, ReadError> {
        let found = people::people_by_ids(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|person| (person.id, person)).collect())
    }
}

struct SecondStepOfPerson;

impl Batch for SecondStepOfPerson {
    type Key = PersonId;
    type Value = ();

    async fn read(inside: &Inside, keys: &[PersonId]) -> Result<HashMap<PersonId, ()>, ReadError> {
        let found = access::people_with_second_step(&inside.app, inside.viewer(), keys).await?;
        Ok(found.into_iter().map(|id| (id, ())).collect())
    }
}

struct PostsOfMember;

impl Batch for PostsOfMember {
    type Key = MemberId;
    type Value = Vec<(Post, Person)>;

    async fn read(inside: &Inside, keys: &[MemberId]) -> Result<HashMap<MemberId, Self::Value>, ReadError> {
        let mut found: HashMap<_, Self::Value> = HashMap::new();
        for (post, person) in people::posts_of_members(&inside.reading, keys, inside.today).await? {
            found.entry(post.member_id).or_default().push((post, person));
        }
        Ok(found)
    }
}

struct PostsOfPerson;

impl Batch for PostsOfPerson {
    type Key = PersonId;
    type Value = Vec<Post>;

    async fn read(inside: &Inside, keys: &[PersonId]) -> Result<HashMap<PersonId, Vec<Post>>, ReadError> {
        let mut found: HashMap<_, Vec<Post>> = HashMap::new();
        for post in people::posts_of_people(&inside.reading, keys).await? {
            found.entry(post.person_id).or_default().push(post);
        }
        Ok(found)
    }
}

struct RolesOfPerson;

impl Batch for RolesOfPerson {
    type Key = PersonId;
    type Value = Vec<RoleGrant>;

    async fn read(
        inside: &Inside,
        keys: &[PersonId],
    ) -> Result<HashMap<PersonId, Vec<RoleGrant>>, ReadError> {
        let mut found: HashMap<_, Vec<RoleGrant>> = HashMap::new();
        for grant in people::roles_of_people(&inside.reading, keys).await? {
            found.entry(grant.person_id).or_default().push(grant);
        }
        Ok(found)
    }
}

impl Inside {
    pub(crate) async fn person(self: &Arc<Self>, id: PersonId) -> Result<Option<PersonObject>> {
        let found = self.load::<PeopleById>(id).await?;
        Ok(found.map(|person| PersonObject { inside: Arc::clone(self), person }))
    }

    pub(crate) async fn posts(self: &Arc<Self>, id: MemberId) -> Result<Vec<PostObject>> {
        let found = self.load::<PostsOfMember>(id).await?.unwrap_or_default();
        let object = |(post, person)| PostObject { inside: Arc::clone(self), post, person };
        Ok(found.into_iter().map(object).collect())
    }
}
