//! The documents of our own pages, which programs may ask for over `GET` or by their hash.

/// Those of every page.
pub(crate) const DOCUMENTS: &[&str] = &[
    include_str!("../../web/src/pages/account/query.graphql"),
    include_str!("../../web/src/pages/add_member/query.graphql"),
    include_str!("../../web/src/pages/add_members/query.graphql"),
    include_str!("../../web/src/pages/add_person/query.graphql"),
    include_str!("../../web/src/pages/assign_payer/query.graphql"),
    include_str!("../../web/src/pages/budget/query.graphql"),
    include_str!("../../web/src/pages/budgets/query.graphql"),
    include_str!("../../web/src/pages/change_member/query.graphql"),
    include_str!("../../web/src/pages/closures/query.graphql"),
    include_str!("../../web/src/pages/data/query.graphql"),
    include_str!("../../web/src/pages/debt/query.graphql"),
    include_str!("../../web/src/pages/delivery/query.graphql"),
    include_str!("../../web/src/pages/edit_budget/query.graphql"),
    include_str!("../../web/src/pages/found/query.graphql"),
    include_str!("../../web/src/pages/home/query.graphql"),
    include_str!("../../web/src/pages/home/school.graphql"),
    include_str!("../../web/src/pages/invitations/query.graphql"),
    include_str!("../../web/src/pages/invite_several/query.graphql"),
    include_str!("../../web/src/pages/invoice/query.graphql"),
    include_str!("../../web/src/pages/invoices/query.graphql"),
    include_str!("../../web/src/pages/changes/query.graphql"),
    include_str!("../../web/src/pages/jobs/query.graphql"),
    include_str!("../../web/src/pages/leave/query.graphql"),
    include_str!("../../web/src/pages/mail/list.graphql"),
    include_str!("../../web/src/pages/mail/query.graphql"),
    include_str!("../../web/src/pages/member/query.graphql"),
    include_str!("../../web/src/pages/members/query.graphql"),
    include_str!("../../web/src/pages/passkeys/query.graphql"),
    include_str!("../../web/src/pages/payers/query.graphql"),
    include_str!("../../web/src/pages/payment/query.graphql"),
    include_str!("../../web/src/pages/payments/query.graphql"),
    include_str!("../../web/src/pages/people/query.graphql"),
    include_str!("../../web/src/pages/person/query.graphql"),
    include_str!("../../web/src/pages/roles/query.graphql"),
    include_str!("../../web/src/pages/run/query.graphql"),
    include_str!("../../web/src/pages/second_step/query.graphql"),
    include_str!("../../web/src/pages/set_up/query.graphql"),
    include_str!("../../web/src/pages/settings/query.graphql"),
    include_str!("../../web/src/pages/start/query.graphql"),
    include_str!("../../web/src/pages/statement/query.graphql"),
    include_str!("../../web/src/pages/strands/query.graphql"),
    include_str!("../../web/src/pages/term_dates/query.graphql"),
    include_str!("../../web/src/pages/tokens/query.graphql"),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn every_pages_document_is_here() {
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/pages");
        let pages = fs::read_dir(pages).unwrap().map(|page| page.unwrap().path());
        let files = pages.filter(|page| page.is_dir()).flat_map(|page| fs::read_dir(page).unwrap());
        let paths = files.map(|file| file.unwrap().path());
        let mut found = 0;
        for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "graphql")) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(super::DOCUMENTS.contains(&text.as_str()), "{} is missing", path.display());
            found += 1;
        }
        assert_eq!(found, super::DOCUMENTS.len());
    }
}
