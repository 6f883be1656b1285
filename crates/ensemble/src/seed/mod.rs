//! The demo: a fictional alliance of 27 schools of all phases and a second of 11, with people, last year's contributions
//! and this year's in every state that money can be in. The same whenever it is made, but for its dates, which lie
//! around today. Every name in it is made up.
//!
//! [`schools`] says who belongs, [`year`] what happens to their money.

mod schools;
mod year;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{
    access::EmailAddress,
    alliances::{
        Alliance, BankAccount, FoundAlliance, FoundingPerson, Letterhead, SupplierKind, Template, Terms,
        Wording, alliance, found_alliance,
    },
    app::{App, Clock, Rng},
    error::Internal,
    ids::AllianceId,
    jobs::queue::alliance_calendars,
    problem::Failure,
    viewer::{Reading, Role, Viewer},
};
use uuid::Uuid;

/// The short address of the first alliance.
const WOLD_EDGE: &str = "wold-edge";

/// A person of the demo who can sign in.
pub struct DemoPerson {
    /// Where the code goes.
    pub email: &'static str,
    /// What they do.
    pub role: &'static str,
}

/// Who can sign in to the demo, for the welcome: one of each kind. Every other head and business manager can too.
#[must_use]
pub fn people() -> &'static [DemoPerson] {
    &[
        DemoPerson { email: "ruth.adeyemi@woldedge.example", role: "director of Wold Edge Alliance" },
        DemoPerson {
            email: "owen.tarrant@woldedge.example",
            role: "manager there, and finance lead of Harbour Coast Partnership",
        },
        DemoPerson { email: "dana.whitlock@woldedge.example", role: "finance lead of Wold Edge Alliance" },
        DemoPerson { email: "head@fenside-infant.example", role: "head of Fenside Infant School" },
        DemoPerson {
            email: "office@wainfleet-road.example",
            role: "business manager of Wainfleet Road Primary School",
        },
        DemoPerson { email: "finance@harbourcoast.example", role: "director of Harbour Coast Partnership" },
    ]
}

/// Makes the demo, unless its alliance is there. Returns whether it was made.
pub async fn seed(app: &App) -> Result<bool, Internal> {
    let world = World { app, rng: Rng::seeded(20_261_124), today: app.clock.now().date_naive() };
    // A run takes six weeks to become late: the year in hand is the one that has lasted so long.
    let settled = world.today - Days::new(42);
    let start_year = if settled.month() >= 9 { settled.year() } else { settled.year() - 1 };
    let year_start =
        NaiveDate::from_ymd_opt(start_year, 9, 1).ok_or_else(|| Internal::new("no such year"))?;
    let founded_on = year_start - Days::new(400);

    if is_there(app).await? {
        return Ok(false);
    }
    let founded = world.on(founded_on);
    let wold_edge = found_alliance(&founded, wold_edge()?).await.map_err(Internal::new)?;
    schools::wold_edge(&world, wold_edge, founded_on).await?;
    year::wold_edge(&world, wold_edge, year_start).await?;
    let harbour_coast = found_alliance(&founded, harbour_coast()?).await.map_err(Internal::new)?;
    schools::harbour_coast(&world, harbour_coast, founded_on).await?;
    year::harbour_coast(&world, harbour_coast, year_start).await?;
    Ok(true)
}

/// Whether the demo was made here before, on whatever day.
async fn is_there(app: &App) -> Result<bool, Internal> {
    for calendar in alliance_calendars(app).await? {
        let reading = Reading::new(app.db.clone(), Viewer::machinery(calendar.alliance_id));
        if alliance(&reading).await.map_err(Internal::new)?.slug == WOLD_EDGE {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The deployment that gets the demo.
struct World<'a> {
    app: &'a App,
    rng: Rng,
    today: NaiveDate,
}

impl World<'_> {
    /// The same deployment, with a clock that stands still on the morning of `date`.
    fn on(&self, date: NaiveDate) -> App {
        let morning =
            DateTime::from_naive_utc_and_offset(date.and_time(NaiveTime::MIN), Utc) + TimeDelta::hours(10);
        App { clock: Clock::from_fn(move || morning), rng: self.rng.clone(), ..self.app.clone() }
    }
}

/// A demo that asks for what it may not, or for what cannot be, is a fault of ours.
fn failed(failure: impl Into<Failure>) -> Internal {
    match failure.into() {
        Failure::Internal(error) => error,
        Failure::Forbidden => Internal::new("the demo asked for what it may not"),
        Failure::Problem(problem) => Internal::new(problem.message),
    }
}

fn wold_edge() -> Result<FoundAlliance, Internal> {
    let letterhead = Letterhead {
        legal_name: "Wold Edge Alliance Ltd".into(),
        address: "The Old Schoolhouse\n4 Church Lane\nWold Edge\nLN99 4AB".into(),
        contact_email: "contributions@woldedge.example".into(),
        vat_number: None,
        bank: BankAccount {
            name: "Wold Edge Alliance".into(),
            sort_code: "12-34-56".into(),
            number: "12345678".into(),
        },
    };
    let people = vec![
        person("Ruth Adeyemi", "ruth.adeyemi@woldedge.example", Role::Director)?,
        person("Owen Tarrant", "owen.tarrant@woldedge.example", Role::Manager)?,
        person("Dana Whitlock", "dana.whitlock@woldedge.example", Role::FinanceLead)?,
    ];
    Ok(founding(WOLD_EDGE, "Wold Edge Alliance", "WEA-", letterhead, people))
}

fn harbour_coast() -> Result<FoundAlliance, Internal> {
    let letterhead = Letterhead {
        legal_name: "Harbour Coast Partnership CIO".into(),
        address: "Breakwater Academy\nQuay Street\nHarbour Coast\nNR99 7ZZ".into(),
        contact_email: "finance@harbourcoast.example".into(),
        vat_number: None,
        bank: BankAccount {
            name: "Harbour Coast Partnership".into(),
            sort_code: "65-43-21".into(),
            number: "87654321".into(),
        },
    };
    let people = vec![
        person("Iris Polgreen", "finance@harbourcoast.example", Role::Director)?,
        // The same address: one sign-in, two alliances.
        person("Owen Tarrant", "owen.tarrant@woldedge.example", Role::FinanceLead)?,
    ];
    Ok(founding("harbour-coast", "Harbour Coast Partnership", "HCP-", letterhead, people))
}

fn person(name: &str, email: &str, role: Role) -> Result<FoundingPerson, Internal> {
    let email = EmailAddress::parse(email).map_err(Internal::new)?;
    Ok(FoundingPerson { name: name.into(), email, role })
}

fn founding(
    slug: &str,
    name: &str,
    prefix: &str,
    letterhead: Letterhead,
    people: Vec<FoundingPerson>,
) -> FoundAlliance {
    let alliance = Alliance {
        id: AllianceId(Uuid::nil()),
        slug: slug.into(),
        name: name.into(),
        letterhead,
        terms: Terms {
            supplier_kind: SupplierKind::EducationBody,
            timezone: chrono_tz::Europe::London,
            year_start_month: 9,
            payment_terms_days: 30,
            invoice_prefix: prefix.into(),
            credit_prefix: format!("{prefix}C"),
        },
        wording: Wording::default(),
    };
    FoundAlliance { alliance, template: Template::TeachingSchoolAlliance, closures: Vec::new(), people }
}
