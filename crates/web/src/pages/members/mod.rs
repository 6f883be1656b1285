//! The members of today.

use askama::Template;
use axum::extract::{Query, State};
use domain::viewer::Permission;
use serde::Deserialize;

use crate::{
    csv, format, ids,
    lists::{ListAddress, Narrowing, every_entry},
    page::{PageError, PageResult, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Members, "src/pages/members/query.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phase: String,
    /// What they lack: the first page of the alliance links to those.
    #[serde(default)]
    without: String,
    after: Option<String>,
}

impl Filter {
    /// What they lack, as the schema names it and in words.
    fn lack(&self) -> Option<(&'static str, &'static str)> {
        let lacks = [
            ("ROLL", "Only those of which no number of pupils is known."),
            ("ADDRESS", "Only those where nobody has an address for mail about money."),
        ];
        lacks.into_iter().find(|(lack, _)| *lack == self.without)
    }
}

#[derive(Template)]
#[template(path = "pages/members/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    at: ListAddress,
    list: members::MembersAllianceMembers,
    may_add: bool,
    sees_money: bool,
    base: String,
}

impl Page {
    fn narrowings(&self) -> Vec<Narrowing> {
        let lack = self.filter.lack().map(|(_, words)| Narrowing {
            words: words.to_owned(),
            act: "Show the others too",
            href: self.at.with(&[("without", "")]),
        });
        lack.into_iter().collect()
    }

    /// The head of the column with the first day: `Partner school since`.
    fn since(&self) -> String {
        format!("{} since", format::capitalised(&self.shell.wording.member))
    }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<members::MembersAllianceMembers, PageError> {
    let is_phase = words::phases().iter().any(|(name, _)| *name == filter.phase);
    let phase = is_phase.then(|| serde_json::Value::String(filter.phase.clone()));
    let variables = members::Variables {
        slug: within.slug(),
        name: Some(filter.name.clone()),
        phase: phase.and_then(|phase| serde_json::from_value(phase).ok()),
        without: filter.lack().and_then(|(lack, _)| serde_json::from_value(lack.into()).ok()),
        first,
        after,
    };
    let data = site.query::<Members>(&within.signed, variables).await?;
    Ok(data.alliance.ok_or(PageError::NotFound)?.members)
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    let list = load(&site, &within, &filter, (100, filter.after.clone())).await?;
    let lack = filter.lack().map_or("", |(lack, _)| lack);
    let fields = [("name", filter.name.as_str()), ("phase", &filter.phase)];
    let page = Page {
        shell: within.shell(&format::capitalised(&within.entered.wording.members())),
        at: ListAddress::new(within.path("/members"), &fields, filter.after.as_deref())
            .narrowed(&[("without", lack)]),
        filter,
        list,
        may_add: within.may(Permission::ManageMembers),
        sees_money: within.may(Permission::SeeMoney),
        base: within.path("/members"),
    };
    render(&page)
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    let rows = every_entry(|part| async {
        let list = load(&site, &within, &filter, part).await?;
        let rows = list.nodes.into_iter().map(|member| {
            vec![
                member.name,
                member.urn.map(|urn| urn.to_string()).unwrap_or_default(),
                words::phase(&member.phase),
                member.roll.as_ref().map(|roll| roll.pupils.to_string()).unwrap_or_default(),
                member.roll.as_ref().map(|roll| csv::day(roll.census_date)).unwrap_or_default(),
                member.payer.map(|payer| payer.legal_name).unwrap_or_default(),
                csv::day(member.joined_on),
                member.left_on.map(csv::day).unwrap_or_default(),
            ]
        });
        let part = list.page_info;
        Ok((rows.collect(), part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    let heading = ["Name", "URN", "Phase", "Pupils", "Census", "Payer", "Joined", "Left"];
    csv::download((&site, &within), "members.csv", &heading, rows).await
}
