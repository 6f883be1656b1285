//! Who was invited, how that stands, and the form to invite somebody.

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    ids::{InvitationId, MemberId},
    people::invitations::{Invitation, Invite, invite, send_invitation_again, withdraw_invitation},
    problem::Problem,
    viewer::{Permission, Role},
};
use gateway::schema::ids::decode;
use uuid::Uuid;

use crate::{
    format,
    forms::{self, Fields, FormState, problem, read_form},
    ids,
    lists::read_on,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Invitations, "src/pages/invitations/query.graphql");

type Row = invitations::InvitationsAllianceInvitations;

#[derive(Template)]
#[template(path = "pages/invitations/page.html")]
struct Page {
    shell: Shell,
    is_on_trial: bool,
    invitations: Vec<Row>,
    members: Vec<(String, String)>,
    strands: Vec<(String, String)>,
    roles: Vec<(&'static str, String)>,
    form: FormState,
    base: String,
    people: String,
}

impl Page {
    /// Whether the row's role is the viewer's to give, and the row still open.
    fn may_withdraw(&self, row: &Row) -> bool {
        is_open(row) && self.roles.iter().any(|(name, _)| *name == words::lower_name(&row.role))
    }
}

fn is_open(row: &Row) -> bool {
    words::name(&row.state) == "OPEN"
}

/// `Head, Alder Primary School`.
fn role(row: &Row) -> String {
    let place = row.member.as_ref().map(|member| member.name.as_str());
    let place = place.or(row.strand.as_ref().map(|strand| strand.name.as_str()));
    words::at(&words::role(&row.role), place)
}

/// The state, with the day on which an open one runs out.
fn state(row: &Row) -> words::Tag {
    let (tone, label) = match words::name(&row.state).as_str() {
        "OPEN" if row.refusal.is_some() => ("bad", "mail refused".into()),
        "OPEN" => ("calm", format!("open until {}", format::day(&row.expires_at.date_naive()))),
        "ACCEPTED" => ("good", "accepted".into()),
        "EXPIRED" => ("warn", "ran out".into()),
        "DECLINED" => ("warn", "declined".into()),
        _ => ("", "withdrawn".into()),
    };
    words::Tag { tone, label }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    after: Option<String>,
) -> Result<invitations::InvitationsAlliance, PageError> {
    let variables = invitations::Variables { slug: within.slug(), after };
    let data = site.query::<Invitations>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(site: &SharedSite, within: &Within, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    let mut alliance = load(site, within, None).await?;
    read_on!(alliance.members, |after| load(site, within, after));
    Ok(Page {
        shell: within.shell("Invitations"),
        is_on_trial: alliance.is_on_trial,
        invitations: alliance.invitations.unwrap_or_default(),
        members: words::choices(
            "no school",
            alliance.members.nodes.into_iter().map(|one| (one.id, one.name)),
        ),
        strands: words::choices("none", alliance.strands.into_iter().map(|one| (one.id, one.name))),
        roles: words::roles_to_give(within.viewer(), "choose a role"),
        form,
        base: within.path("/people/invitations"),
        people: within.path("/people"),
    })
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    render(&page(&site, &within, FormState::default()).await?)
}

/// Back to the list, or to the form that was refused.
async fn answer(
    (site, within): (&SharedSite, &Within),
    fields: &Fields,
    result: Result<Invitation, Problem>,
    became: &str,
) -> PageResult {
    let next = |invitation: Invitation| {
        (within.path("/people/invitations"), format!("{} {became}.", invitation.name))
    };
    forms::answer(result, fields, |form| page(site, within, form), next).await
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match Role::parse(fields.text("role")) {
        None => Err(problem("role", "Please choose a role.")),
        Some(role) => {
            let input = Invite {
                name: fields.text("name").to_owned(),
                email: fields.text("email").to_owned(),
                role,
                member_id: decode(fields.text("memberId")).map(|(_, _, id)| MemberId(id)),
                strand_id: ids::strand(fields.text("strandId")),
                message: fields.text("message").to_owned(),
            };
            outcome(invite(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    answer((&site, &within), &fields, result, "is invited").await
}

pub(crate) async fn again(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let sent = send_invitation_again(&site.gateway.app, within.viewer(), InvitationId(id)).await;
    answer((&site, &within), &fields, outcome(sent)?, "is sent the invitation again").await
}

pub(crate) async fn withdraw(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let withdrawn = withdraw_invitation(&site.gateway.app, within.viewer(), InvitationId(id)).await;
    answer((&site, &within), &fields, outcome(withdrawn)?, "is no longer invited").await
}
