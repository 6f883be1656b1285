//! The demo's schools, who pays for them and who works there.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::{
    alliances::set_up::{Task, set_task_aside},
    app::App,
    error::Internal,
    ids::{AllianceId, PayerId},
    people::{AddPerson, NewPost, Person, add_person},
    schools::members::{
        AddMember, ChangePayer, Member, MemberIdentity, PayerChoice, PayerDetails, PayerKind, Phase,
        PurchaseOrderRule, RecordRoll, SetLeadSchool, add_member, change_payer, record_roll, set_lead_school,
    },
    viewer::{Role, Viewer},
};

use super::{World, failed};

/// Name, phase, pupils, and who pays.
type School = (&'static str, Phase, u32, Pays);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pays {
    /// The school, which gives an order number if it has one.
    Itself,
    /// The school, and only against an order.
    AgainstOrder,
    /// A trust, for several.
    Trust,
    /// Its local authority.
    Authority,
}

const WOLD_EDGE: [School; 27] = {
    use Pays::{AgainstOrder, Authority, Itself, Trust};
    use Phase::{AllThrough, Infant, Junior, Nursery, Primary, Secondary, Special};
    [
        ("Beacon Hill Academy", Secondary, 1184, Itself),
        ("Fenside Infant School", Infant, 171, Itself),
        ("Harbour View Primary School", Primary, 402, Itself),
        ("Holbeck St Botolph's Church of England Primary School and Nursery", Primary, 214, Itself),
        ("Marsh Lane Special School", Special, 96, AgainstOrder),
        ("Northgate Primary Academy", Primary, 412, Trust),
        ("Northgate Junior Academy", Junior, 288, Trust),
        ("Northgate High School", Secondary, 1226, Trust),
        ("Quarry Bank Junior School", Junior, 256, Itself),
        ("Wainfleet Road Primary School", Primary, 388, Itself),
        ("Ashby Lane Primary School", Primary, 187, Itself),
        // The eleven before founded the alliance; these came in its first year, but for the last.
        ("Barrow Mere Primary School", Primary, 305, Itself),
        ("Candlesby Infant School", Infant, 134, Itself),
        ("Driby Top Nursery School", Nursery, 61, Authority),
        ("Eastfield Secondary School", Secondary, 902, AgainstOrder),
        ("Friskney Fen Primary School", Primary, 142, Itself),
        ("Greetham Park Primary School", Primary, 421, Itself),
        ("Haugham Dale School", AllThrough, 1310, Itself),
        ("Irby Beck Primary School", Primary, 98, Itself),
        ("Keddington Green Infant School", Infant, 166, Itself),
        ("Langton Hill Primary School", Primary, 233, Itself),
        ("Mavis Lane Junior School", Junior, 241, Itself),
        ("Orby Meadow Primary School", Primary, 199, Itself),
        ("Partney Cross Secondary School", Secondary, 764, AgainstOrder),
        ("Riseholme View Special School", Special, 118, AgainstOrder),
        ("Skendleby Free School", Primary, 157, Itself),
        ("Tealby Vale Primary School", Primary, 276, AgainstOrder),
    ]
};

const HARBOUR_COAST: [School; 11] = {
    use Pays::Itself;
    use Phase::{Infant, Junior, Primary, Secondary};
    [
        ("Anchor Road Primary School", Primary, 310, Itself),
        ("Breakwater Academy", Secondary, 988, Itself),
        ("Cliff End Primary School", Primary, 205, Itself),
        ("Driftwood Infant School", Infant, 150, Itself),
        ("Estuary Junior School", Junior, 244, Itself),
        ("Ferry Lane Primary School", Primary, 178, Itself),
        ("Groyne Park Primary School", Primary, 402, Itself),
        ("Headland Secondary School", Secondary, 1105, Itself),
        ("Jetty Street Primary School", Primary, 221, Itself),
        ("Lantern Bay Primary School", Primary, 167, Itself),
        ("Mooring Hill Junior School", Junior, 259, Itself),
    ]
};

const FIRST_NAMES: [&str; 12] = [
    "Amara", "Bryn", "Celia", "Dilip", "Esther", "Farouk", "Greta", "Hamish", "Ines", "Jonty", "Kezia",
    "Lorcan",
];
const LAST_NAMES: [&str; 11] = [
    "Aldersyke",
    "Brackmere",
    "Copplethorn",
    "Dunsallow",
    "Eddlestock",
    "Fenwraith",
    "Garthwell",
    "Hollinbeck",
    "Ivelstone",
    "Jarrowby",
    "Kelmscar",
];

/// How many members founded an alliance; the others join in its first year, ten days apart, but for the last.
const FOUNDERS: usize = 11;

/// The last of Wold Edge, which joins in the middle of the year in hand.
const LATE: usize = WOLD_EDGE.len() - 1;

/// Those of Wold Edge who joined before this year. Some have a business manager who is asked about money.
pub(super) async fn wold_edge(
    world: &World<'_>,
    alliance: AllianceId,
    founded_on: NaiveDate,
) -> Result<(), Internal> {
    let home = Home::in_wold_edge(alliance);
    let mut trust: Option<PayerId> = None;
    for (at, school) in WOLD_EDGE[..LATE].iter().enumerate() {
        let waited = at.saturating_sub(FOUNDERS - 1) as u64 * 10;
        let app = world.on(founded_on + Days::new(waited));
        let member = home.join(&app, school, trust).await?;
        if at == 0 {
            home.set_up(&app, &member).await?;
        }
        if school.3 == Pays::Trust {
            trust = Some(member.payer_id);
        }
        home.staff(&app, school, &member, at).await?;
    }
    Ok(())
}

/// The 27th of Wold Edge joins.
pub(super) async fn late_joiner(
    world: &World<'_>,
    alliance: AllianceId,
    joined_on: NaiveDate,
) -> Result<Member, Internal> {
    let home = Home::in_wold_edge(alliance);
    let (app, school) = (world.on(joined_on), &WOLD_EDGE[LATE]);
    let member = home.join(&app, school, None).await?;
    home.staff(&app, school, &member, LATE).await?;
    Ok(member)
}

/// The 11 of Harbour Coast.
pub(super) async fn harbour_coast(
    world: &World<'_>,
    alliance: AllianceId,
    founded_on: NaiveDate,
) -> Result<(), Internal> {
    let home = Home { viewer: Viewer::machinery(alliance), address: "Quay Street\nHarbour Coast\nNR99 7ZZ" };
    let app = world.on(founded_on);
    for (at, school) in HARBOUR_COAST.iter().enumerate() {
        let member = home.join(&app, school, None).await?;
        if at == 0 {
            home.set_up(&app, &member).await?;
        }
        // Other people than at Wold Edge.
        home.staff(&app, school, &member, WOLD_EDGE.len() + at).await?;
    }
    Ok(())
}

/// `Fenside Infant School` as `fenside-infant`, for its addresses.
fn short(name: &str) -> String {
    let words: Vec<_> =
        name.split(' ').filter(|word| !matches!(*word, "School" | "Academy")).take(2).collect();
    words.join("-").to_lowercase().replace('\'', "")
}

/// The last day of the autumn census on or before `day`: the first Thursday of October.
fn census_before(day: NaiveDate) -> Result<NaiveDate, Internal> {
    let census = |year| NaiveDate::from_weekday_of_month_opt(year, 10, Weekday::Thu, 1);
    let mut days = [day.year(), day.year() - 1].into_iter().filter_map(census);
    days.find(|census| *census <= day).ok_or_else(|| Internal::new("no such census"))
}

/// Where the schools of an alliance are.
struct Home {
    viewer: Viewer,
    address: &'static str,
}

impl Home {
    fn in_wold_edge(alliance: AllianceId) -> Self {
        Self { viewer: Viewer::machinery(alliance), address: "Station Road\nWold Edge\nLN99 1AA" }
    }

    /// The school leads. What the demo's founders need not do is set aside: their words are the template's, and the days on
    /// which schools are closed are entered as closures.
    async fn set_up(&self, app: &App, lead: &Member) -> Result<(), Internal> {
        let lead = SetLeadSchool { member_id: lead.id };
        set_lead_school(app, &self.viewer, lead).await.map_err(failed)?;
        for task in [Task::Wording, Task::TermDates] {
            set_task_aside(app, &self.viewer, task).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn join(&self, app: &App, school: &School, trust: Option<PayerId>) -> Result<Member, Internal> {
        let (name, phase, pupils, pays) = *school;
        let today = app.clock.now().date_naive();
        let payer = match (pays, trust) {
            (Pays::Trust, Some(id)) => PayerChoice::Existing(id),
            _ => PayerChoice::New(self.payer(name, pays)),
        };
        let identity = MemberIdentity::Outside { name: name.into(), phase };
        let joins = AddMember { identity, joined_on: today, payer };
        let member = add_member(app, &self.viewer, joins).await.map_err(failed)?;
        let census_date = census_before(today)?;
        let roll = RecordRoll { member_id: member.id, pupils, census_date, source: "autumn census".into() };
        record_roll(app, &self.viewer, roll).await.map_err(failed)?;
        Ok(member)
    }

    fn payer(&self, name: &str, pays: Pays) -> PayerDetails {
        let (kind, legal_name) = match pays {
            Pays::Itself | Pays::AgainstOrder => (PayerKind::School, name),
            Pays::Trust => (PayerKind::Trust, "Northgate Learning Trust"),
            Pays::Authority => (PayerKind::Authority, "Wold Edge Borough Council"),
        };
        PayerDetails {
            kind,
            legal_name: legal_name.into(),
            address: self.address.into(),
            accounts_email: Some(format!("accounts@{}.example", short(legal_name))),
            purchase_order: match pays {
                Pays::AgainstOrder => PurchaseOrderRule::Required,
                Pays::Itself | Pays::Trust => PurchaseOrderRule::Requested,
                Pays::Authority => PurchaseOrderRule::None,
            },
            finance_contact_id: None,
        }
    }

    /// A head for each school, and at every third one a business manager, who is asked about its money.
    async fn staff(&self, app: &App, school: &School, member: &Member, at: usize) -> Result<(), Internal> {
        let (name, _, _, pays) = *school;
        let head = Post { title: "Head", mailbox: "head", role: Role::SchoolHead };
        self.add(app, school, member, (head, person_name(2 * at))).await?;
        if at.is_multiple_of(3) {
            let manager = Post {
                title: "School business manager",
                mailbox: "office",
                role: Role::SchoolBusinessManager,
            };
            let manager = self.add(app, school, member, (manager, person_name(2 * at + 1))).await?;
            if pays != Pays::Trust {
                let details = PayerDetails { finance_contact_id: Some(manager.id), ..self.payer(name, pays) };
                let change = ChangePayer { payer_id: member.payer_id, details };
                change_payer(app, &self.viewer, change).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    async fn add(
        &self,
        app: &App,
        school: &School,
        member: &Member,
        (post, name): (Post, String),
    ) -> Result<Person, Internal> {
        let person = AddPerson {
            name,
            email: Some(format!("{}@{}.example", post.mailbox, short(school.0))),
            post: Some(NewPost { member_id: member.id, title: post.title.into(), starts_on: None }),
            role: Some(post.role),
            strand_id: None,
        };
        add_person(app, &self.viewer, person).await.map_err(failed)
    }
}

struct Post {
    title: &'static str,
    mailbox: &'static str,
    role: Role,
}

/// Twelve and eleven have no factor in common: 132 people before a name comes again.
fn person_name(number: usize) -> String {
    format!("{} {}", FIRST_NAMES[number % FIRST_NAMES.len()], LAST_NAMES[number % LAST_NAMES.len()])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_school_and_person_has_a_name_and_an_address_of_its_own() {
        let schools = WOLD_EDGE.iter().chain(&HARBOUR_COAST);
        let addresses: BTreeSet<_> = schools.map(|school| short(school.0)).collect();
        assert_eq!(addresses.len(), 27 + 11);
        let people: BTreeSet<_> = (0..2 * (27 + 11)).map(person_name).collect();
        assert_eq!(people.len(), 2 * (27 + 11));
    }

    #[test]
    fn pupils_are_counted_on_the_first_thursday_of_october() {
        let census = |day: &str| census_before(day.parse().unwrap()).unwrap().to_string();
        assert_eq!(census("2025-07-28"), "2024-10-03");
        assert_eq!(census("2026-10-01"), "2026-10-01");
        assert_eq!(census("2026-09-30"), "2025-10-02");
    }

    #[test]
    fn every_phase_of_the_national_system_is_there() {
        let phases: BTreeSet<_> = WOLD_EDGE.iter().map(|school| school.1.as_str()).collect();
        assert_eq!(phases.len(), 7);
    }

    /// The welcome says that these can sign in.
    #[test]
    fn the_people_of_the_welcome_exist() {
        assert_eq!(short("Fenside Infant School"), "fenside-infant");
        assert_eq!(short("Wainfleet Road Primary School"), "wainfleet-road");
        let at = WOLD_EDGE.iter().position(|school| school.0.starts_with("Wainfleet")).unwrap();
        assert_eq!(at % 3, 0);
    }
}
