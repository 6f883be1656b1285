//! Several schools join at once: ticked in lists of the national register, looked at, and taken.

use askama::Template;
use axum::extract::{RawQuery, Request, State};
use chrono::NaiveDate;
use domain::{
    problem::Problem,
    schools::{
        RegisterSchool,
        members::{
            AddMembers as Input, JoinPlan, LeftOutSchool, MOST_AT_ONCE, add_members as join, plan_members,
        },
    },
    viewer::Permission,
};

use crate::{
    format,
    forms::{Fields, FormState, read_form},
    lists::ListAddress,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(AddMembers, "src/pages/add_members/query.graphql");

type Chosen = add_members::AddMembersViewerRegisterSchoolsOf;
type Found = add_members::AddMembersViewerRegisterSchoolsNodes;

#[derive(Template)]
#[template(path = "pages/add_members/page.html")]
struct Page {
    shell: Shell,
    today: NaiveDate,
    authority: String,
    text: String,
    authorities: Vec<(String, String)>,
    chosen: Vec<Chosen>,
    /// Schools that are not chosen yet.
    found: Vec<Found>,
    total: i64,
    first: Option<String>,
    next: Option<String>,
    form: FormState,
    base: String,
    members: String,
}

impl Page {
    fn is_asked(&self) -> bool {
        !self.authority.is_empty() || !self.text.is_empty()
    }
}

/// The numbers that were ticked, once each, no more than join at once.
fn urns(fields: &Fields) -> Vec<i32> {
    let mut urns: Vec<i32> = fields.all("urn").filter_map(|urn| urn.parse().ok()).collect();
    urns.sort_unstable();
    urns.dedup();
    urns
}

async fn page(
    site: &SharedSite,
    within: &Within,
    fields: &Fields,
    form: FormState,
) -> Result<Page, PageError> {
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    let urns = urns(fields);
    let (authority, text) = (fields.text("la").to_owned(), fields.text("q").to_owned());
    let after = fields.optional("after");
    let variables = add_members::Variables {
        slug: within.slug(),
        authority: authority.parse::<i32>().ok().map(Into::into),
        text: text.clone(),
        chosen: urns.iter().take(MOST_AT_ONCE).map(|urn| i64::from(*urn)).collect(),
        after: after.clone(),
    };
    let data = site.query::<AddMembers>(&within.signed, variables).await?;
    let (alliance, viewer) = data.alliance.zip(data.viewer).ok_or(PageError::NotFound)?;
    let register = viewer.register;
    let numbers: Vec<_> = urns.iter().map(ToString::to_string).collect();
    let mut kept = vec![("la", authority.as_str()), ("q", text.as_str())];
    kept.extend(numbers.iter().map(|urn| ("urn", urn.as_str())));
    let at = ListAddress::new(within.path("/members/several"), &kept, after.as_deref());
    let info = &register.schools.page_info;
    let authorities = register.local_authorities.into_iter().map(|one| (one.code.to_string(), one.name));
    let is_chosen = |school: &Found| urns.iter().any(|urn| i64::from(*urn) == school.urn);
    Ok(Page {
        shell: within.shell(&format!("Add several {}", within.entered.wording.members())),
        today: alliance.today,
        first: at.first(),
        next: at.next(&info.has_next_page, &info.end_cursor),
        authorities: std::iter::once((String::new(), "Any".to_owned())).chain(authorities).collect(),
        total: register.schools.total_count,
        found: register.schools.nodes.into_iter().filter(|school| !is_chosen(school)).collect(),
        chosen: register.schools_of,
        authority,
        text,
        form,
        base: within.path("/members/several"),
        members: within.path("/members"),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    RawQuery(query): RawQuery,
) -> PageResult {
    let fields = Fields::from_query(query.as_deref());
    render(&page(&site, &within, &fields, FormState::default()).await?)
}

/// Who joins when the button is pressed.
#[derive(Template)]
#[template(path = "pages/add_members/preview.html")]
struct Preview {
    shell: Shell,
    plan: JoinPlan,
    joined_on: NaiveDate,
    base: String,
    /// The list again, to change it.
    back: String,
}

impl Preview {
    fn joining(&self) -> String {
        let count = i64::try_from(self.plan.joins.len()).unwrap_or(i64::MAX);
        format::plural(&count, "school", "schools")
    }
}

fn place(school: &RegisterSchool) -> String {
    let parts = [&school.town, &school.postcode, &school.local_authority_name];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn name(school: &LeftOutSchool) -> String {
    school.name.clone().unwrap_or_else(|| school.urn.to_string())
}

fn input(fields: &Fields) -> Result<Input, Problem> {
    Ok(Input { urns: urns(fields), joined_on: fields.date("joinedOn")? })
}

pub(crate) async fn preview(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let planned = match input(&fields) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(plan_members(&site.gateway.app, within.viewer(), &input).await)?
            .map(|plan| (plan, input.joined_on)),
    };
    match planned {
        Ok((plan, joined_on)) => {
            let numbers: Vec<_> = urns(&fields).iter().map(ToString::to_string).collect();
            let kept: Vec<_> = numbers.iter().map(|urn| ("urn", urn.as_str())).collect();
            let base = within.path("/members/several");
            let back = ListAddress::new(base.clone(), &kept, None).here();
            let title = format!("Add several {}", within.entered.wording.members());
            render(&Preview { shell: within.shell(&title), plan, joined_on, base, back })
        }
        Err(problem) => {
            let form = FormState::refused(&fields, problem);
            render_refused(&page(&site, &within, &fields, form).await?)
        }
    }
}

pub(crate) async fn take(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let taken = match input(&fields) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(join(&site.gateway.app, within.viewer(), input).await)?,
    };
    match taken {
        Ok((members, plan)) => {
            let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
            let joined = format::plural(&count(members.len()), "school has joined", "schools have joined");
            let said = match plan.left_out.len() {
                0 => format!("{joined}."),
                others => format!("{joined}, {} left out.", format::plural(&count(others), "was", "were")),
            };
            Ok(done(&within.path("/members"), &said))
        }
        Err(problem) => {
            let form = FormState::refused(&fields, problem);
            render_refused(&page(&site, &within, &fields, form).await?)
        }
    }
}
