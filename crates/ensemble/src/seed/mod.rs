//! The demo: a fictional alliance of 27 schools of all phases and a second of 11, with people, the days on which their
//! schools are closed, last year's contributions and this year's in every state that money can be in. The
//! same whenever it is made, but for its dates, which lie around today. Every name in it is made up.
//!
//! [`schools`] says who belongs, [`year`] what happens to their money.

mod schools;
mod year;

use std::path::Path;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use domain::{
    access::EmailAddress,
    alliances::{
        Alliance, BankAccount, DemoState, FoundAlliance, FoundingPerson, Letterhead, SupplierKind, Template,
        Terms, Wording, begin_demo, clear_half_made_demo, demo_state, finish_demo, found_alliance,
    },
    app::{App, Clock, Rng},
    error::Internal,
    ids::AllianceId,
    problem::Failure,
    viewer::Role,
};
use uuid::Uuid;

use crate::{
    config::{Config, ConfigError, Hidden},
    data_dir::{self, DataDirError},
    database::{self, Database, Logins, Parts},
    embedded::EmbeddedError,
};

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

/// What came of asking for the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// It is made.
    New,
    /// It was here already.
    There,
    /// The database has alliances that are not the demo's: it was left as it is.
    InUse,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The embedded database.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// On a server that other processes use, nobody but a person may say that nothing of worth is in it.
    #[error(
        "the demo was begun in this database and not finished: if no other process is making it at this moment, make \
         the database anew (dropdb, createdb, ensemble migrate), and seed that"
    )]
    HalfMade,
    /// The database, or a demo that asks for what cannot be.
    #[error("the demo: {}", .0.detail())]
    Internal(#[from] Internal),
}

/// `ensemble seed`: makes the demo in the database that the environment names, else the embedded one, after bringing its
/// schema up to date where we may.
pub async fn command(config: &Config, data: &Path) -> Result<Seeded, SeedError> {
    let (database, secret_key) = if let Some(logins) = Logins::given(config) {
        (Database::Elsewhere(logins), config.secret_key()?.clone())
    } else {
        let data = data_dir::open(data)?;
        (Database::open(config, &data).await?, data_dir::secret_key(&data, &Rng::from_os())?)
    };
    let logins = database.logins();
    let ours = logins.owner.as_ref().filter(|_| matches!(database, Database::Ours(_)));
    let outcome = async {
        if let Some(owner) = &logins.owner {
            domain::db::migrate(owner.expose()).await?;
        }
        let parts = Parts {
            clock: Clock::system(),
            base_url: "http://localhost",
            secret_key: &secret_key,
            max_connections: config.max_connections,
        };
        let app = database::connect(&logins, parts).await?;
        let seeded = seed(&app, ours).await;
        app.db.close().await;
        seeded
    }
    .await;
    database.close().await;
    outcome
}

/// Makes the demo in an empty database. What an interrupted attempt has left is taken away first, where `owner` says
/// that the database is ours alone.
pub async fn seed(app: &App, owner: Option<&Hidden>) -> Result<Seeded, SeedError> {
    match (demo_state(app).await?, owner) {
        (DemoState::Made, _) => return Ok(Seeded::There),
        (DemoState::InUse, _) => return Ok(Seeded::InUse),
        (DemoState::HalfMade, None) => return Err(SeedError::HalfMade),
        (DemoState::HalfMade, Some(owner)) => clear_half_made_demo(owner.expose()).await?,
        (DemoState::Empty, _) => {}
    }
    begin_demo(app).await?;
    make(app).await?;
    finish_demo(app).await?;
    Ok(Seeded::New)
}

async fn make(app: &App) -> Result<(), Internal> {
    let world = World { app, rng: Rng::seeded(20_261_124), today: app.clock.now().date_naive() };
    // A run takes six weeks to become late: the year in hand is the one that has lasted so long.
    let settled = world.today - Days::new(42);
    let start_year = if settled.month() >= 9 { settled.year() } else { settled.year() - 1 };
    let year_start =
        NaiveDate::from_ymd_opt(start_year, 9, 1).ok_or_else(|| Internal::new("no such year"))?;
    let founded_on = year_start - Days::new(400);

    let founded = world.on(founded_on);
    let wold_edge =
        found_alliance(&founded, wold_edge(closures(year_start)?)?).await.map_err(Internal::new)?;
    schools::wold_edge(&world, wold_edge, founded_on).await?;
    year::wold_edge(&world, wold_edge, year_start).await?;
    let harbour_coast =
        found_alliance(&founded, harbour_coast(closures(year_start)?)?).await.map_err(Internal::new)?;
    schools::harbour_coast(&world, harbour_coast, founded_on).await?;
    year::harbour_coast(&world, harbour_coast, year_start).await
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
        Failure::Forbidden | Failure::Unconfirmed(_) => Internal::new("the demo asked for what it may not"),
        Failure::Problem(problem) => Internal::new(problem.message),
    }
}

/// Holidays: each begins on the Monday on or before a month's day, and lasts for so many days.
const HOLIDAYS: [(&str, u32, u32, u64); 6] = [
    ("Autumn half term", 10, 31, 5),
    ("Christmas holiday", 12, 22, 12),
    ("Spring half term", 2, 17, 5),
    ("Spring holiday", 4, 1, 12),
    ("Summer half term", 5, 31, 5),
    ("Summer holiday", 7, 27, 37),
];

type Closures = Vec<(String, NaiveDate, NaiveDate)>;

/// When schools are closed in the year that begins then, the one before and the one after.
fn closures(year_start: NaiveDate) -> Result<Closures, Internal> {
    let mut closures = Vec::new();
    for offset in -1..=1 {
        for (name, month, day, days) in HOLIDAYS {
            let year = year_start.year() + offset + i32::from(month < year_start.month());
            let date = NaiveDate::from_ymd_opt(year, month, day);
            let monday = date.map(|date| date.week(Weekday::Mon).first_day());
            let monday = monday.ok_or_else(|| Internal::new("no such holiday"))?;
            closures.push((name.to_owned(), monday, monday + Days::new(days - 1)));
        }
    }
    Ok(closures)
}

fn wold_edge(closures: Closures) -> Result<FoundAlliance, Internal> {
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
    Ok(FoundAlliance { closures, ..founding("wold-edge", "Wold Edge Alliance", "WEA-", letterhead, people) })
}

fn harbour_coast(closures: Closures) -> Result<FoundAlliance, Internal> {
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
    let founding = founding("harbour-coast", "Harbour Coast Partnership", "HCP-", letterhead, people);
    Ok(FoundAlliance { closures, ..founding })
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
        is_confirmed: true,
        requires_second_step: false,
    };
    FoundAlliance { alliance, template: Template::TeachingSchoolAlliance, closures: Vec::new(), people }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schools_are_closed_for_whole_weeks_of_their_holidays() {
        let closures = closures(NaiveDate::from_ymd_opt(2026, 9, 1).unwrap()).unwrap();
        let shown: Vec<_> =
            closures[6..12].iter().map(|(name, first, last)| format!("{name} {first} {last}")).collect();
        assert_eq!(
            shown,
            [
                "Autumn half term 2026-10-26 2026-10-30",
                "Christmas holiday 2026-12-21 2027-01-01",
                "Spring half term 2027-02-15 2027-02-19",
                "Spring holiday 2027-03-29 2027-04-09",
                "Summer half term 2027-05-31 2027-06-04",
                "Summer holiday 2027-07-26 2027-08-31",
            ]
        );
        assert_eq!((closures.len(), closures[0].1.year(), closures[17].1.year()), (18, 2025, 2028));
    }
}
