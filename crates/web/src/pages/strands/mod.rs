//! The strands of the alliance's work: added, renamed and removed.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use domain::{
    alliances::{self, RenameStrand},
    ids::StrandId,
    problem::Problem,
    viewer::{Permission, Reach},
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    format,
    forms::{self, Fields, FormState, read_form},
    ids,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Strands, "src/pages/strands/query.graphql");

/// Which strand is being renamed, by its id; none while another is added. One form at a time, so that no two fields of
/// the page have one name.
#[derive(Deserialize, Default)]
pub(crate) struct Editing {
    #[serde(default)]
    edit: String,
}

type Strand = strands::StrandsAllianceStrands;

#[derive(Template)]
#[template(path = "pages/strands/page.html")]
struct Page {
    shell: Shell,
    strands: Vec<Strand>,
    /// How far the viewer's permission to change them reaches.
    reach: Reach,
    may_add: bool,
    edit: String,
    form: FormState,
    base: String,
    settings: String,
}

impl Page {
    fn edited(&self) -> Option<&Strand> {
        self.strands.iter().find(|strand| ids::in_path(&strand.id) == self.edit && self.may_rename(strand))
    }

    fn may_rename(&self, strand: &Strand) -> bool {
        ids::strand(&strand.id).is_some_and(|id| self.reach.includes_strand(id))
    }

    fn purpose(&self) -> &'static str {
        if self.may_add {
            "The parts of your work, each under the name that you give it."
        } else {
            "The parts of the work. You change what you lead."
        }
    }
}

async fn page(site: &SharedSite, within: &Within, edit: String, form: FormState) -> Result<Page, PageError> {
    let Ok((_, reach)) = within.viewer().reach(Permission::ManageStrands) else {
        return Err(PageError::Forbidden);
    };
    let data = site.query::<Strands>(&within.signed, strands::Variables { slug: within.slug() }).await?;
    Ok(Page {
        shell: within.shell(&format::capitalised(&within.entered.wording.strands())),
        strands: data.alliance.ok_or(PageError::NotFound)?.strands,
        reach,
        may_add: within.may(Permission::ManageAlliance),
        edit,
        form,
        base: within.path("/settings/strands"),
        settings: within.path("/settings"),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(editing): Query<Editing>,
) -> PageResult {
    render(&page(&site, &within, editing.edit, FormState::default()).await?)
}

/// Back to the list, or to the form that was refused.
async fn answer(
    (site, within): (&SharedSite, &Within),
    (edit, fields): (String, &Fields),
    result: Result<alliances::Strand, Problem>,
    became: &str,
) -> PageResult {
    let next =
        |strand: alliances::Strand| (within.path("/settings/strands"), format!("{} {became}.", strand.name));
    forms::answer(result, fields, |form| page(site, within, edit, form), next).await
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let added = alliances::add_strand(&site.gateway.app, within.viewer(), fields.text("name")).await;
    answer((&site, &within), (String::new(), &fields), outcome(added)?, "is added").await
}

pub(crate) async fn rename(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = RenameStrand { strand_id: StrandId(id), name: fields.text("name").to_owned() };
    let renamed = alliances::rename_strand(&site.gateway.app, within.viewer(), input).await;
    answer((&site, &within), (id.to_string(), &fields), outcome(renamed)?, "is its name now").await
}

pub(crate) async fn remove(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let removed = alliances::remove_strand(&site.gateway.app, within.viewer(), StrandId(id)).await;
    answer((&site, &within), (String::new(), &fields), outcome(removed)?, "is removed").await
}
