//! Every payer, for the pages on which one is chosen. Their own document has the first hundred, which is nearly always
//! all of them.

use crate::{page::PageError, pages::query, session::Within, site::SharedSite};

query!(Payers, "src/pages/payers/query.graphql");

/// A payer's id and legal name.
pub(crate) type Named = (String, String);

/// A page's own payers with those that follow them, if there are any.
macro_rules! every {
    ($site:expr, $within:expr, $payers:expr) => {{
        let payers = $payers;
        let named = payers.nodes.into_iter().map(|payer| (payer.id, payer.legal_name)).collect();
        let next = payers.page_info.end_cursor.filter(|_| payers.page_info.has_next_page);
        $crate::pages::payers::with_the_rest($site, $within, named, next).await
    }};
}
pub(crate) use every;

/// These payers and every later one, from the cursor `next` on.
pub(crate) async fn with_the_rest(
    site: &SharedSite,
    within: &Within,
    mut named: Vec<Named>,
    mut next: Option<String>,
) -> Result<Vec<Named>, PageError> {
    while let Some(after) = next {
        let variables = payers::Variables { slug: within.slug(), after };
        let data = site.query::<Payers>(&within.signed, variables).await?;
        let page = data.alliance.ok_or(PageError::NotFound)?.payers;
        named.extend(page.nodes.into_iter().map(|payer| (payer.id, payer.legal_name)));
        next = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
    }
    Ok(named)
}

/// As the options of a form.
pub(crate) fn options(named: &[Named]) -> impl Iterator<Item = (&str, &str)> {
    named.iter().map(|(id, name)| (id.as_str(), name.as_str()))
}
