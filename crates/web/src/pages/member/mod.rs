//! One member: who it is, who pays, who works there, what it was asked and what it gave.

use std::fmt::Write;

use askama::Template;
use axum::extract::{Path, Request, State};
use chrono::NaiveDate;
use domain::{
    ids::{MemberId, PayerId, PersonId},
    people::{self, AddPerson, NewPost},
    problem::Problem,
    schools::members::{
        self as members, ChangePayer, EndMembership, PayerDetails, PayerKind, PurchaseOrderRule, RecordRoll,
        SetLeadSchool,
    },
    viewer::{Permission, Role},
};
use gateway::schema::ids::{Kind, decode};
use uuid::Uuid;

use crate::{
    format,
    forms::{self, Fields, FormState, problem, read_form},
    ids::{self, global},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Member, "src/pages/member/query.graphql");

/// Which member leads the alliance.
#[derive(PartialEq)]
enum Lead {
    /// This one.
    This,
    /// Another or none, and the viewer may make it this one.
    ToChoose,
    /// Another or none.
    Another,
}

#[derive(Template)]
#[template(path = "pages/member/page.html")]
struct Page {
    shell: Shell,
    member: member::MemberAllianceMember,
    today: NaiveDate,
    form: FormState,
    may_manage: bool,
    lead: Lead,
    may_budget: bool,
    roles: Vec<(&'static str, String)>,
    base: String,
}

/// Something the register says, and what to do about it.
struct News {
    words: String,
    /// Empty when there is nothing to do.
    act: String,
    href: String,
}

type Former = member::MemberAllianceMemberFormerSchools;
type Contact = member::MemberAllianceMemberPayerFinanceContact;

impl Page {
    fn purpose(&self) -> String {
        let member = &self.member;
        let mut purpose = words::phase(&member.phase);
        // Writing to a String cannot fail.
        if let Some(urn) = member.urn {
            let _ = write!(purpose, ", URN {urn}");
        }
        let _ = write!(purpose, ". Member since {}", format::day(&member.joined_on));
        if let Some(left) = &member.left_on {
            let _ = write!(purpose, ", until {}", format::day(left));
        }
        if self.lead == Lead::This {
            let _ = write!(purpose, ". It leads the {}", self.shell.wording.alliance);
        }
        purpose + "."
    }

    /// Whether it belongs today or will.
    fn is_current(&self) -> bool {
        self.member.left_on.is_none_or(|left| left >= self.today)
    }

    /// Whether the viewer may make it the lead school: it belongs today.
    fn may_lead(&self) -> bool {
        self.lead == Lead::ToChoose && self.is_current() && self.member.joined_on <= self.today
    }

    /// What the register says that the alliance does not know yet, with the one thing to do about it.
    fn news(&self) -> Option<News> {
        if !self.is_current() {
            return None;
        }
        let member = &self.member;
        let change = |urn: Option<i64>| match urn {
            Some(urn) => format!("{}/change?urn={urn}", self.base),
            None => format!("{}/change", self.base),
        };
        let is_itself = member.todays_schools.iter().any(|school| Some(school.urn) == member.urn);
        match &member.todays_schools[..] {
            [] => {}
            _ if is_itself => {}
            [school] => {
                let name = school.name.as_deref().unwrap_or("its successor");
                return Some(News {
                    words: school.steps.join(" "),
                    act: format!("Go on as {name}"),
                    href: change(Some(school.urn)),
                });
            }
            schools => {
                let steps = schools.iter().flat_map(|school| &school.steps).map(String::as_str);
                return Some(News {
                    words: steps.collect::<Vec<_>>().join(" "),
                    act: "Say which it is".into(),
                    href: change(None),
                });
            }
        }
        let entry = member.register_school.as_ref()?;
        let on = |date: Option<NaiveDate>| {
            date.map_or_else(
                || "on a day that it does not give".into(),
                |day| format!("on {}", format::day(&day)),
            )
        };
        match words::name(&entry.status).as_str() {
            "CLOSED" => Some(News {
                words: format!(
                    "The national register says that this school closed {}, and knows no successor.",
                    on(entry.closed_on)
                ),
                act: "End the membership".into(),
                href: "#leaving".into(),
            }),
            "PROPOSED_TO_CLOSE" => Some(News {
                words: format!(
                    "The national register says that this school is to close {}. Such plans often slip: when it has \
                     become another school, that one is named here.",
                    on(entry.closed_on)
                ),
                act: String::new(),
                href: String::new(),
            }),
            _ if words::name(&member.phase) == "OTHER" => Some(News {
                words:
                    "The national register does not say which ages this school teaches, so a share by phase \
                        cannot be worked out."
                        .into(),
                act: "Say which phase it is".into(),
                href: change(None),
            }),
            _ => None,
        }
    }

    /// The last day that the form for leaving proposes: as recorded, else as the register has it.
    fn last_day(&self) -> String {
        let closed =
            self.member.register_school.as_ref().and_then(|entry| {
                if words::name(&entry.status) == "CLOSED" { entry.closed_on } else { None }
            });
        self.member.left_on.or(closed).map(|day| day.to_string()).unwrap_or_default()
    }

    /// For whom else a change of the payer counts.
    fn payer_of(&self) -> String {
        match self.member.payer.as_ref().map_or(0, |payer| payer.member_count) {
            ..=1 => "This payer is this school’s alone.".into(),
            count => format!(
                "This payer is for {} schools: a change here is for all of them. When this school alone gets another \
                 payer, choose that instead.",
                format::number(&count)
            ),
        }
    }

    fn contact(&self) -> Option<&Contact> {
        self.member.payer.as_ref()?.finance_contact.as_ref()
    }

    fn finance_contact(&self) -> &str {
        self.contact().map_or("none", |contact| &contact.name)
    }

    fn finance_contact_id(&self) -> &str {
        self.contact().map_or("", |contact| &contact.id)
    }

    /// Who may be the finance contact: who it is, and whoever works here and gets mail.
    fn people(&self) -> Vec<(&str, &str)> {
        let contact = self.contact().map(|one| (one.id.as_str(), one.name.as_str()));
        let posts = self.member.posts.iter().flatten().map(|post| &post.person);
        let mut people: Vec<_> = std::iter::once(("", "none")).chain(contact).collect();
        for person in posts.filter(|person| person.email.is_some()) {
            if people.iter().all(|(id, _)| *id != person.id) {
                people.push((&person.id, &person.name));
            }
        }
        people
    }
}

/// `Mount Street Infant School, URN 120694`.
fn former_name(school: &Former) -> String {
    match &school.name {
        Some(name) => format!("{name}, URN {}", school.urn),
        None => format!("URN {}", school.urn),
    }
}

type Entry = member::MemberAllianceMemberLedgerLatest;

/// `Gave 2 days`.
fn gave_or_gained(entry: &Entry) -> String {
    words::gave_or_gained(&entry.direction, &entry.unit, entry.quantity)
}

/// `12 Nov 2026, for the maths project`.
fn when_and_why(entry: &Entry) -> String {
    words::when_and_why(entry.occurred_on, &entry.note)
}

async fn page(site: &SharedSite, within: &Within, id: Uuid, form: FormState) -> Result<Page, PageError> {
    let variables = member::Variables { slug: within.slug(), id: global(within, Kind::Member, id) };
    let data = site.query::<Member>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let member = alliance.member.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell(&member.name),
        base: within.path(&format!("/members/{id}")),
        may_manage: within.may(Permission::ManageMembers),
        lead: match alliance.lead_school {
            Some(lead) if lead.id == member.id => Lead::This,
            _ if within.may(Permission::ManageAlliance) => Lead::ToChoose,
            _ => Lead::Another,
        },
        roles: words::school_roles(within.viewer()),
        may_budget: within.may(Permission::ManageBudgets),
        member,
        today: alliance.today,
        form,
    })
}

type Address = Path<(String, Uuid)>;

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
) -> PageResult {
    render(&page(&site, &within, id, FormState::default()).await?)
}

/// The member's page after a form was taken, or the form again.
async fn answer<T>(
    (site, within, id): (&SharedSite, &Within, Uuid),
    fields: &Fields,
    result: Result<T, Problem>,
    said: &str,
) -> PageResult {
    let next = within.path(&format!("/members/{id}"));
    forms::answer(result, fields, |form| page(site, within, id, form), |_| (next, said.to_owned())).await
}

pub(crate) async fn record_roll(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = || {
        let pupils = fields.text("pupils").replace(',', "").parse();
        Ok(RecordRoll {
            member_id: MemberId(id),
            pupils: pupils.map_err(|_| problem("pupils", "Please give a whole number of pupils."))?,
            census_date: fields.date("censusDate")?,
            source: fields.text("source").to_owned(),
        })
    };
    let result = match input() {
        Err(problem) => Err(problem),
        Ok(input) => outcome(members::record_roll(&site.gateway.app, within.viewer(), input).await)?,
    };
    answer((&site, &within, id), &fields, result, "The number of pupils is recorded.").await
}

pub(crate) async fn change_payer(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let contact = decode(fields.text("financeContactId")).map(|(_, _, id)| PersonId(id));
    let before = page(&site, &within, id, FormState::default()).await?;
    let payer = before.member.payer.ok_or(PageError::NotFound)?;
    let (_, _, payer_id) = decode(&payer.id).ok_or(PageError::NotFound)?;
    let input = ChangePayer { payer_id: PayerId(payer_id), details: payer_details(&fields, contact) };
    let result = outcome(members::change_payer(&site.gateway.app, within.viewer(), input).await)?;
    answer((&site, &within, id), &fields, result, "The changes are saved.").await
}

/// What a form says of a payer.
pub(crate) fn payer_details(fields: &Fields, finance_contact_id: Option<PersonId>) -> PayerDetails {
    PayerDetails {
        kind: PayerKind::parse(fields.text("kind")).unwrap_or(PayerKind::Other),
        legal_name: fields.text("legalName").to_owned(),
        address: fields.text("address").to_owned(),
        accounts_email: fields.optional("accountsEmail"),
        purchase_order: PurchaseOrderRule::parse(fields.text("purchaseOrder"))
            .unwrap_or(PurchaseOrderRule::Requested),
        finance_contact_id,
    }
}

pub(crate) async fn end_membership(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    // The button that takes a last day back sends no date.
    let (left_on, said) = match fields.text("stays") {
        "" => (fields.date("leftOn").map(Some), "The last day of membership is recorded."),
        _ => (Ok(None), "The membership goes on."),
    };
    let result = match left_on {
        Err(problem) => Err(problem),
        Ok(left_on) => {
            let input = EndMembership { member_id: MemberId(id), left_on };
            outcome(members::end_membership(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    answer((&site, &within, id), &fields, result, said).await
}

pub(crate) async fn lead(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = SetLeadSchool { member_id: MemberId(id) };
    let result = outcome(members::set_lead_school(&site.gateway.app, within.viewer(), input).await)?;
    answer((&site, &within, id), &fields, result, "It is the lead school from today on.").await
}

pub(crate) async fn add_person(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = AddPerson {
        name: fields.text("name").to_owned(),
        email: fields.optional("email"),
        post: Some(NewPost {
            member_id: MemberId(id),
            title: fields.text("title").to_owned(),
            starts_on: None,
        }),
        role: Role::parse(fields.text("role")),
        strand_id: None,
    };
    let result = outcome(people::add_person(&site.gateway.app, within.viewer(), input).await)?;
    answer((&site, &within, id), &fields, result, "The person is added.").await
}
