//! The alliance's first page: where things stand, and what needs somebody.

use askama::Template;
use axum::extract::State;
use chrono::{Days, NaiveDate};
use domain::{money::Pence, viewer::Permission};

use crate::{
    format, ids,
    page::{PageError, PageResult, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Home, "src/pages/home/query.graphql");
query!(SchoolHome, "src/pages/home/school.graphql");

#[derive(Template)]
#[template(path = "pages/home/page.html")]
struct Page {
    shell: Shell,
    greeting: String,
    notice: Option<String>,
    members: i64,
    all: home::HomeAllianceAll,
    not_yet_due: Pence,
    todo: Vec<Todo>,
}

impl Page {
    fn purpose(&self) -> String {
        match i64::try_from(self.todo.len()).unwrap_or(i64::MAX) {
            0 => "Nothing needs you at the moment.".into(),
            things => format!("{} somebody.", format::plural(&things, "thing needs", "things need")),
        }
    }

    /// Overdue, disputed or held: what does not come by itself.
    fn late(&self) -> Pence {
        Pence(self.all.outstanding.0 - self.not_yet_due.0)
    }
}

#[derive(Template)]
#[template(path = "pages/home/school.html")]
struct SchoolPage {
    shell: Shell,
    greeting: String,
    members: i64,
    schools: Vec<school_home::SchoolHomeAllianceMeMembers>,
}

type Entry = school_home::SchoolHomeAllianceMeMembersLedgerLatest;

/// `Gave 2 days`.
fn gave_or_gained(entry: &Entry) -> String {
    words::gave_or_gained(&entry.direction, &entry.unit, entry.quantity)
}

/// `12 Nov 2026, for the maths project`.
fn when_and_why(entry: &Entry) -> String {
    words::when_and_why(entry.occurred_on, &entry.note)
}

/// One thing that needs somebody.
struct Todo {
    what: String,
    why: String,
    href: String,
    act: &'static str,
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    if !within.may(Permission::SeeMoney) {
        return school(&site, &within).await;
    }
    let data = site.query::<Home>(&within.signed, home::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let todo = todo(&within, &alliance);
    let page = Page {
        shell: within.shell("Home"),
        greeting: greeting(&within),
        notice: quiet_days(&alliance.closures, alliance.today),
        members: alliance.members.total_count,
        all: alliance.all,
        not_yet_due: Pence(alliance.aged_debt.iter().map(|payer| payer.not_yet_due.0).sum()),
        todo,
    };
    render(&page)
}

/// A school's people see their own school, and the invoices of it where their role has them.
async fn school(site: &SharedSite, within: &Within) -> PageResult {
    let data =
        site.query::<SchoolHome>(&within.signed, school_home::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let page = SchoolPage {
        shell: within.shell("Home"),
        greeting: greeting(within),
        members: alliance.members.total_count,
        schools: alliance.me.members,
    };
    render(&page)
}

fn greeting(within: &Within) -> String {
    let first = within.entered.person_name.split(' ').next().unwrap_or_default().to_owned();
    format!("Welcome, {first}")
}

/// Says that reminders pause when schools are closed now or within two weeks.
fn quiet_days(closures: &[home::HomeAllianceClosures], today: NaiveDate) -> Option<String> {
    let soon = today + Days::new(14);
    let next = closures.iter().find(|closure| closure.starts_on <= soon && closure.ends_on >= today)?;
    let (from, to) = (format::day(&next.starts_on), format::day(&next.ends_on));
    Some(format!("{}: schools are closed from {from} to {to}, and no reminders go then.", next.name))
}

fn todo(within: &Within, alliance: &home::HomeAlliance) -> Vec<Todo> {
    let mut todo = Vec::new();
    let may = |permission| within.may(permission);
    for budget in alliance.budgets.iter().filter(|budget| budget.agreed_at.is_none()) {
        if may(Permission::ManageBudgets) {
            todo.push(Todo {
                what: format!("Settle the budget {}", budget.label),
                why: format!("It is a draft over {}. Agreeing it fixes each member's share.", budget.total),
                href: within.path(&format!("/budgets/{}", ids::in_path(&budget.id))),
                act: "Open",
            });
        }
    }
    if alliance.overdue.count > 0 {
        todo.push(Todo {
            what: format!(
                "{} overdue",
                format::plural(&alliance.overdue.count, "invoice is", "invoices are")
            ),
            why: format!(
                "{} in all. Reminders go by themselves; a call often helps more.",
                alliance.overdue.outstanding
            ),
            href: within.path("/invoices?state=OVERDUE"),
            act: "See who",
        });
    }
    if alliance.disputed.count > 0 {
        todo.push(Todo {
            what: format!(
                "{} disputed",
                format::plural(&alliance.disputed.count, "invoice is", "invoices are")
            ),
            why: "Nobody is reminded until you settle it.".into(),
            href: within.path("/invoices?state=DISPUTED"),
            act: "Look",
        });
    }
    todo
}
