//! Several people are invited at once: their addresses pasted, looked at, and sent.

use askama::Template;
use axum::extract::{Request, State};
use domain::{
    ids::MemberId,
    people::invitations::{
        InviteRun, InviteSeveral as Input, InvitedSeveral, LeftOutLine, invite_several as ask,
    },
    problem::Problem,
    viewer::{Permission, Role},
};
use gateway::schema::ids::decode;

use crate::{
    format,
    forms::{Fields, FormState, problem, read_form},
    ids,
    lists::read_on,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(InviteSeveral, "src/pages/invite_several/query.graphql");

#[derive(Template)]
#[template(path = "pages/invite_several/page.html")]
struct Page {
    shell: Shell,
    is_on_trial: bool,
    members: Vec<(String, String)>,
    strands: Vec<(String, String)>,
    roles: Vec<(&'static str, String)>,
    /// Lines that nobody was invited by, after the others were.
    left_out: Vec<LeftOutLine>,
    invited: usize,
    form: FormState,
    base: String,
    invitations: String,
}

impl Page {
    fn sent(&self) -> String {
        invitations(self.invited)
    }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    after: Option<String>,
) -> Result<invite_several::InviteSeveralAlliance, PageError> {
    let variables = invite_several::Variables { slug: within.slug(), after };
    let data = site.query::<InviteSeveral>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(site: &SharedSite, within: &Within, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    let mut alliance = load(site, within, None).await?;
    read_on!(alliance.members, |after| load(site, within, after));
    Ok(Page {
        shell: within.shell("Invite several people"),
        is_on_trial: alliance.is_on_trial,
        members: words::choices(
            "no school",
            alliance.members.nodes.into_iter().map(|one| (one.id, one.name)),
        ),
        strands: words::choices("none", alliance.strands.into_iter().map(|one| (one.id, one.name))),
        roles: words::roles_to_give(within.viewer(), "choose a role"),
        left_out: Vec::new(),
        invited: 0,
        form,
        base: within.path("/people/invitations/several"),
        invitations: within.path("/people/invitations"),
    })
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    render(&page(&site, &within, FormState::default()).await?)
}

/// Who is mailed when the button is pressed.
#[derive(Template)]
#[template(path = "pages/invite_several/preview.html")]
struct Preview {
    shell: Shell,
    list: InvitedSeveral,
    role: String,
    form: FormState,
    base: String,
    people: String,
}

impl Preview {
    fn invited(&self) -> String {
        invitations(self.list.invited.len())
    }
}

fn invitations(count: usize) -> String {
    format::plural(&i64::try_from(count).unwrap_or(i64::MAX), "invitation", "invitations")
}

fn input(fields: &Fields) -> Result<Input, Problem> {
    let role = Role::parse(fields.text("role")).ok_or_else(|| problem("role", "Please choose a role."))?;
    Ok(Input {
        list: fields.text("list").to_owned(),
        role,
        member_id: decode(fields.text("memberId")).map(|(_, _, id)| MemberId(id)),
        strand_id: ids::strand(fields.text("strandId")),
        message: fields.text("message").to_owned(),
    })
}

async fn asked(
    site: &SharedSite,
    within: &Within,
    fields: &Fields,
    run: InviteRun,
) -> Result<Result<InvitedSeveral, Problem>, PageError> {
    match input(fields) {
        Err(problem) => Ok(Err(problem)),
        Ok(input) => outcome(ask(&site.gateway.app, within.viewer(), input, run).await),
    }
}

pub(crate) async fn preview(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    match asked(&site, &within, &fields, InviteRun::Dry).await? {
        Ok(list) => render(&Preview {
            shell: within.shell("Invite several people"),
            list,
            role: words::role(&fields.text("role").to_uppercase()),
            form: FormState::kept(&fields),
            base: within.path("/people/invitations/several"),
            people: within.path("/people/invitations"),
        }),
        Err(problem) => render_refused(&page(&site, &within, FormState::refused(&fields, problem)).await?),
    }
}

pub(crate) async fn send(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    match asked(&site, &within, &fields, InviteRun::Real).await? {
        Ok(list) if list.left_out.is_empty() => {
            let count = i64::try_from(list.invited.len()).unwrap_or(i64::MAX);
            let said = format!("{} sent.", format::plural(&count, "invitation is", "invitations are"));
            Ok(done(&within.path("/people/invitations"), &said))
        }
        // The others are invited; these stay to be mended.
        Ok(list) => {
            let lines: Vec<_> = list.left_out.iter().map(|one| one.text.as_str()).collect();
            let form = FormState::kept(&fields.with("list", &lines.join("\n")));
            let page = page(&site, &within, form).await?;
            render(&Page { invited: list.invited.len(), left_out: list.left_out, ..page })
        }
        Err(problem) => render_refused(&page(&site, &within, FormState::refused(&fields, problem)).await?),
    }
}
