//! The documents of our own pages, which programs may ask for over `GET` or by their hash.

/// One for each page.
pub(crate) const DOCUMENTS: &[&str] = &[
    include_str!("../../web/src/pages/account/query.graphql"),
    include_str!("../../web/src/pages/add_member/query.graphql"),
    include_str!("../../web/src/pages/budget/query.graphql"),
    include_str!("../../web/src/pages/budgets/query.graphql"),
    include_str!("../../web/src/pages/debt/query.graphql"),
    include_str!("../../web/src/pages/edit_budget/query.graphql"),
    include_str!("../../web/src/pages/home/query.graphql"),
    include_str!("../../web/src/pages/invoice/query.graphql"),
    include_str!("../../web/src/pages/invoices/query.graphql"),
    include_str!("../../web/src/pages/jobs/query.graphql"),
    include_str!("../../web/src/pages/mail/query.graphql"),
    include_str!("../../web/src/pages/member/query.graphql"),
    include_str!("../../web/src/pages/members/query.graphql"),
    include_str!("../../web/src/pages/payment/query.graphql"),
    include_str!("../../web/src/pages/payments/query.graphql"),
    include_str!("../../web/src/pages/run/query.graphql"),
    include_str!("../../web/src/pages/settings/query.graphql"),
    include_str!("../../web/src/pages/start/query.graphql"),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn every_pages_document_is_here() {
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/pages");
        let mut found = 0;
        for page in fs::read_dir(pages).unwrap() {
            let path = page.unwrap().path().join("query.graphql");
            if path.exists() {
                let text = fs::read_to_string(&path).unwrap();
                assert!(super::DOCUMENTS.contains(&text.as_str()), "{} is missing", path.display());
                found += 1;
            }
        }
        assert_eq!(found, super::DOCUMENTS.len());
    }
}
