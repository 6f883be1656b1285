//! Starting an alliance: the school that leads it, its name, its address, what it begins with.

use askama::Template;
use axum::extract::{Query, Request, State};
use domain::{
    alliances::{FoundOwnAlliance, Template as Beginning, found_own_alliance},
    schools::members::{MemberIdentity, Phase},
};
use serde::Deserialize;

use crate::{
    format,
    forms::{self, FormState, read_form},
    lists::ListAddress,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Signed,
    site::SharedSite,
    words,
};

query!(Found, "src/pages/found/query.graphql");

/// Which school was looked for, and which was chosen.
#[derive(Deserialize, Default)]
pub(crate) struct Lookup {
    /// The code of a local authority.
    #[serde(default)]
    la: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    urn: String,
    /// Set for a school that is not in the register, or none.
    #[serde(default)]
    other: String,
    after: Option<String>,
}

impl Lookup {
    /// The number that was chosen, or typed in full.
    fn urn(&self) -> Option<i64> {
        let typed = [self.urn.trim(), self.q.trim()].into_iter().find(|text| text.len() == 6)?;
        typed.parse().ok()
    }

    fn authority(&self) -> Option<i64> {
        self.la.trim().parse::<i32>().ok().map(Into::into)
    }

    fn is_asked(&self) -> bool {
        self.urn().is_none() && (self.authority().is_some() || !self.q.trim().is_empty())
    }

    fn address(&self) -> ListAddress {
        let filter = [("la", self.la.trim()), ("q", self.q.trim())];
        ListAddress::new("/alliances/new".into(), &filter, self.after.as_deref())
    }
}

type Register = found::FoundViewerRegister;
type School = found::FoundViewerRegisterSchool;
type Successor = found::FoundViewerRegisterTodaysSchools;

#[derive(Template)]
#[template(path = "pages/found/page.html")]
struct Page {
    email: String,
    /// What comes before the short address, such as `ensemble.example/`.
    before: String,
    lookup: Lookup,
    register: Register,
    form: FormState,
    csrf: String,
}

impl Page {
    fn has_register(&self) -> bool {
        !self.register.local_authorities.is_empty()
    }

    /// The school that leads: one that teaches, so a closed one is none.
    fn lead(&self) -> Option<&School> {
        self.register.school.as_ref().filter(|school| words::name(&school.status) != "CLOSED")
    }

    /// What the school of the number has become, when that is another.
    fn successors(&self) -> impl Iterator<Item = &Successor> {
        let urn = self.register.school.as_ref().map(|school| school.urn).or(self.lookup.urn());
        self.register.todays_schools.iter().filter(move |school| Some(school.urn) != urn)
    }

    /// Whether the school is to be looked for first.
    fn asks_for_lead(&self) -> bool {
        self.has_register() && self.lead().is_none() && self.lookup.other.is_empty()
    }

    fn authorities(&self) -> Vec<(String, &str)> {
        let every = std::iter::once((String::new(), "Any"));
        let codes = &self.register.local_authorities;
        every.chain(codes.iter().map(|one| (one.code.to_string(), one.name.as_str()))).collect()
    }

    fn caption(&self) -> String {
        format::plural(&self.register.schools.total_count, "school", "schools")
    }

    fn first(&self) -> Option<String> {
        self.lookup.address().first()
    }

    fn next(&self) -> Option<String> {
        let page = &self.register.schools.page_info;
        self.lookup.address().next(&page.has_next_page, &page.end_cursor)
    }
}

/// What can be begun with, as the form names it.
const BEGINNINGS: [(&str, Beginning, &str); 3] = [
    ("tsa", Beginning::TeachingSchoolAlliance, "Teaching School Alliance"),
    ("hub", Beginning::TeachingSchoolHub, "Teaching School Hub"),
    ("county", Beginning::CountyPartnership, "County partnership"),
];

async fn page(
    site: &SharedSite,
    signed: &Signed,
    lookup: Lookup,
    form: FormState,
) -> Result<Page, PageError> {
    let variables = found::Variables {
        authority: lookup.authority(),
        // A number is no word to look for.
        text: if lookup.urn().is_some() { String::new() } else { lookup.q.trim().to_owned() },
        urn: lookup.urn().unwrap_or_default(),
        after: lookup.after.clone(),
    };
    let data = site.query::<Found>(signed, variables).await?;
    let viewer = data.viewer.ok_or(PageError::Internal)?;
    Ok(Page {
        email: signed.session.account.email.to_string(),
        before: format!("{}/", site.gateway.app.links.host()),
        lookup,
        register: viewer.register,
        form,
        csrf: signed.csrf.clone(),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    signed: Signed,
    Query(lookup): Query<Lookup>,
) -> PageResult {
    render(&page(&site, &signed, lookup, FormState::default()).await?)
}

pub(crate) async fn post(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let chosen = BEGINNINGS.iter().find(|(name, ..)| *name == fields.text("template"));
    let outside = |name| MemberIdentity::Outside {
        name,
        phase: Phase::parse(&fields.text("leadPhase").to_lowercase()).unwrap_or(Phase::Other),
    };
    let in_register = fields.text("urn").parse().ok().map(|urn| MemberIdentity::Register { urn });
    let input = FoundOwnAlliance {
        name: fields.text("name").to_owned(),
        slug: fields.text("slug").to_owned(),
        template: chosen.unwrap_or(&BEGINNINGS[0]).1,
        lead_school: in_register.or_else(|| fields.optional("leadName").map(outside)),
        your_name: fields.text("yourName").to_owned(),
    };
    let founded = outcome(found_own_alliance(&site.gateway.app, &signed.session, input).await)?;
    let urn = fields.text("urn").to_owned();
    let other = if urn.is_empty() { "yes".to_owned() } else { String::new() };
    let lookup = Lookup { urn, other, ..Lookup::default() };
    forms::answer(
        founded,
        &fields,
        |form| page(&site, &signed, lookup, form),
        |alliance| {
            (format!("/{}", alliance.slug), format!("{} is there. You are its director.", alliance.name))
        },
    )
    .await
}
