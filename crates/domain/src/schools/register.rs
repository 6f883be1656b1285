//! The register as everybody who is signed in may look at it, in an alliance or in none yet: first the local authority,
//! then the name.

use chrono_tz::Europe::London;

use super::{LinkedSchool, RegisterSchool, Relation, repo, search_words, succession};
use crate::{
    access::Session,
    app::App,
    error::Internal,
    page::{Page, PageRequest},
};

/// A local authority that has schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAuthority {
    /// The register's code.
    pub code: i32,
    /// Its name.
    pub name: String,
}

/// Which schools are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchoolFilter {
    /// Of this local authority.
    pub authority_code: Option<i32>,
    /// Every word of it begins a word of the name, town, postcode or local authority, or is the URN; see
    /// [`super::search_schools`].
    pub text: String,
}

impl SchoolFilter {
    /// Whether it asks for anything: nobody needs every school of the country.
    fn words(&self) -> Option<String> {
        let words = search_words::of_query(&self.text);
        // What has no letter or digit in it finds nothing, rather than everything.
        let is_asked =
            if self.text.trim().is_empty() { self.authority_code.is_some() } else { !words.is_empty() };
        is_asked.then(|| repo::every_word(&words))
    }
}

/// Where a list of schools goes on: after this name and number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SchoolCursor {
    /// The last name shown.
    pub name: String,
    /// And its number.
    pub urn: i32,
}

/// The local authorities, by name.
pub async fn local_authorities(app: &App, _: &Session) -> Result<Vec<LocalAuthority>, Internal> {
    let mut tx = app.db.machine().await?;
    repo::local_authorities(tx.conn()).await
}

/// Schools that are not closed, by name. None when nothing is asked for.
pub async fn schools_to_choose(
    app: &App,
    _: &Session,
    filter: &SchoolFilter,
    page: &PageRequest<SchoolCursor>,
) -> Result<Page<RegisterSchool>, Internal> {
    let Some(words) = filter.words() else { return Ok(Page { items: Vec::new(), has_next: false }) };
    let mut tx = app.db.machine().await?;
    Ok(page.cut(repo::schools_to_choose(tx.conn(), (filter.authority_code, &words), page).await?))
}

/// How many [`schools_to_choose`] there are.
pub async fn count_schools_to_choose(app: &App, _: &Session, filter: &SchoolFilter) -> Result<i64, Internal> {
    let Some(words) = filter.words() else { return Ok(0) };
    let mut tx = app.db.machine().await?;
    repo::count_schools_to_choose(tx.conn(), filter.authority_code, &words).await
}

/// The schools of these numbers, closed or not, by name; unknown ones are left out.
pub async fn schools_by_urn(app: &App, _: &Session, urns: &[i32]) -> Result<Vec<RegisterSchool>, Internal> {
    let mut tx = app.db.machine().await?;
    let mut found = repo::schools(tx.conn(), urns).await?;
    found.sort_by(|one, other| (&one.name, one.urn).cmp(&(&other.name, other.urn)));
    Ok(found)
}

/// What has become of the school of this number by today, as [`super::todays_schools`] tells.
pub async fn todays_schools_of(app: &App, _: &Session, urn: i32) -> Result<Vec<LinkedSchool>, Internal> {
    let today = app.clock.now().with_timezone(&London).date_naive();
    let mut tx = app.db.machine().await?;
    let known = repo::succession(tx.conn(), &[urn], Relation::Successor).await?;
    Ok(succession::todays_school(&known, urn, today))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_for_nothing_gets_nothing() {
        let words = |authority_code, text: &str| SchoolFilter { authority_code, text: text.into() }.words();
        assert_eq!(words(None, " "), None);
        assert_eq!(words(Some(925), " "), Some(String::new()));
        assert_eq!(words(Some(925), "!"), None);
        assert_eq!(words(None, "St. Mary"), Some("'st':* & 'mary':*".into()));
    }
}
