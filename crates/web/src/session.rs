//! Who is at the other end: the signed-in account, and the alliance in the address.

use axum::{
    extract::{FromRequestParts, OriginalUri, Path},
    http::{Method, Uri, request::Parts},
};
use domain::{
    access::{self, EnterError, Entered, Proof, Session},
    app::App,
    viewer::{Permission, Viewer},
};
use gateway::{Caller, cookies, needs_second_step};
use subtle::ConstantTimeEq;

use crate::{
    format::capitalised,
    page::{PageError, decode_cookie},
    shell::{NavItem, NavSection, Shell},
    site::SharedSite,
};

/// The address that was asked for, before routes took their part of it.
fn address(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

/// A signed-in account.
pub(crate) struct Signed {
    pub(crate) session: Session,
    pub(crate) caller: Caller,
    pub(crate) token: String,
    pub(crate) flash: Option<String>,
    /// Ties forms to this session.
    pub(crate) csrf: String,
}

/// The form token of a session: it stays the same when the session gets a new token, so that a form which was opened
/// before is still good.
fn csrf_of(app: &App, session: &Session) -> String {
    let tag = match &session.proof {
        Proof::Device { id, .. } => app.secret.sign("form", id.0.as_bytes()),
        Proof::Token(_) => app.rng.bytes(),
    };
    tag[..16].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

impl Signed {
    /// In whose name a program asks. It is shown no form, so none that it sends is from a page of ours.
    fn program(app: &App, session: Session) -> Self {
        let caller = Caller { session: Some(session.clone()) };
        Self { csrf: csrf_of(app, &session), session, caller, token: String::new(), flash: None }
    }

    /// Checks that a form came from one of our pages in this session.
    pub(crate) fn check(&self, form_token: &str) -> Result<(), PageError> {
        // In constant time: how long a guess takes to refuse says nothing of how good it was.
        if form_token.as_bytes().ct_eq(self.csrf.as_bytes()).into() { Ok(()) } else { Err(PageError::Forged) }
    }
}

impl FromRequestParts<SharedSite> for Signed {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &SharedSite) -> Result<Self, PageError> {
        let app = &site.gateway.app;
        let address = address(parts);
        // Only what is looked at can be gone back to: a form would have to be sent again.
        let wanted = || if parts.method == Method::GET { address.to_string() } else { String::new() };
        let signed_out = || PageError::SignedOut { wanted: wanted() };
        let token =
            cookies::value(&parts.headers, cookies::session_name(app)).ok_or_else(signed_out)?.to_owned();
        let session = access::session(app, &token).await?.ok_or_else(signed_out)?;
        let from = site.gateway.address(&parts.headers, &parts.extensions);
        let session = Session { address: Some(from), ..session };
        let flash =
            cookies::value(&parts.headers, "flash").map(decode_cookie).filter(|text| !text.is_empty());
        let caller = Caller { session: Some(session.clone()) };
        Ok(Self { csrf: csrf_of(app, &session), session, caller, token, flash })
    }
}

/// A signed-in person within the alliance of the address.
pub(crate) struct Within {
    pub(crate) signed: Signed,
    pub(crate) entered: Entered,
    /// The path of the page, for the navigation.
    path: String,
    /// The same with its query.
    address: String,
}

impl FromRequestParts<SharedSite> for Within {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &SharedSite) -> Result<Self, PageError> {
        let signed = Signed::from_request_parts(parts, site).await?;
        Self::enter(parts, site, signed).await
    }
}

/// The same for a file: a program may ask for it with an API token, as far as that reaches.
pub(crate) struct Download(pub(crate) Within);

impl FromRequestParts<SharedSite> for Download {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, site: &SharedSite) -> Result<Self, PageError> {
        let program = site.gateway.program(parts).await;
        let signed = match program.map_err(|answer| PageError::Program(Box::new(answer)))? {
            Some(session) => Signed::program(&site.gateway.app, session),
            None => Signed::from_request_parts(parts, site).await?,
        };
        Ok(Self(Within::enter(parts, site, signed).await?))
    }
}

impl Within {
    async fn enter(parts: &mut Parts, site: &SharedSite, signed: Signed) -> Result<Self, PageError> {
        let Path(params) = Path::<std::collections::HashMap<String, String>>::from_request_parts(parts, site)
            .await
            .map_err(|_| PageError::NotFound)?;
        let slug = params.get("slug").ok_or(PageError::NotFound)?;
        let entered = match access::enter(&site.gateway.app, &signed.session, slug).await {
            Ok(entered) => entered.ok_or(PageError::NotFound)?,
            Err(EnterError::NeedsSecondStep) => {
                return Err(match signed.session.proof {
                    Proof::Device { .. } => PageError::NeedsSecondStep { slug: slug.clone() },
                    Proof::Token(_) => PageError::Program(Box::new(needs_second_step())),
                });
            }
            Err(EnterError::Internal(error)) => return Err(error.into()),
        };
        let address = address(parts);
        if entered.is_closed && !address.path().starts_with(&format!("/{slug}/settings/data")) {
            return Err(PageError::Closed { slug: slug.clone() });
        }
        let (path, address) = (address.path().to_owned(), address.to_string());
        Ok(Self { signed, entered, path, address })
    }

    pub(crate) fn viewer(&self) -> &Viewer {
        &self.entered.viewer
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.viewer().may(permission)
    }

    pub(crate) fn slug(&self) -> String {
        self.entered.alliance.slug.clone()
    }

    /// What the page of what is owed is called: a head sees that of one school.
    pub(crate) fn debt(&self) -> &'static str {
        if self.may(Permission::SeeMoney) { "Aged debt" } else { "What you owe" }
    }

    /// The frame of a page.
    pub(crate) fn shell(&self, title: &str) -> Shell {
        let wording = &self.entered.wording;
        let item = |label: &str, rest: &str| {
            let href = self.path(rest);
            let own = if rest.is_empty() {
                self.path.trim_end_matches('/') == href
            } else {
                self.path.starts_with(&href)
            };
            NavItem { label: label.to_owned(), is_current: own, href }
        };
        let can_see = |permission| self.viewer().reach(permission).is_ok();
        if self.entered.is_closed {
            let items = vec![item("Your data", "/settings/data")];
            return self.framed(title, vec![NavSection { heading: String::new(), items }]);
        }
        let mut nav = vec![NavSection { heading: String::new(), items: vec![item("Home", "")] }];
        let mut items = vec![item(&capitalised(&wording.members()), "/members")];
        if can_see(Permission::SeePeople) {
            items.push(item("People", "/people"));
        }
        items.push(item("Roles", "/roles"));
        // Whoever changes the settings finds them there.
        if can_see(Permission::ManageStrands) && !self.may(Permission::ManageAlliance) {
            items.push(item(&capitalised(&wording.strands()), "/settings/strands"));
        }
        nav.push(NavSection { heading: capitalised(&wording.alliance), items });
        if can_see(Permission::SeeMoney) {
            let mut items = vec![item("Budgets", "/budgets"), item("Invoices", "/invoices")];
            if self.may(Permission::SeeMoney) {
                items.push(item("Payments", "/payments"));
            }
            items.push(item(self.debt(), "/debt"));
            nav.push(NavSection { heading: "Money".to_owned(), items });
        }
        let mut running = Vec::new();
        if self.may(Permission::SeeMessages) {
            running.push(item("Outgoing mail", "/mail"));
        }
        if self.may(Permission::ManageJobs) {
            running.push(item("Work queue", "/jobs"));
        }
        if self.may(Permission::SeeAudit) {
            running.push(item("Record of changes", "/changes"));
        }
        if self.may(Permission::ManageAlliance) {
            running.push(item("Settings", "/settings"));
        }
        if !running.is_empty() {
            nav.push(NavSection { heading: "Running it".to_owned(), items: running });
        }
        self.framed(title, nav)
    }

    fn framed(&self, title: &str, nav: Vec<NavSection>) -> Shell {
        let roles: Vec<_> = self.viewer().grants().iter().map(|grant| grant.role.label()).collect();
        Shell {
            title: title.to_owned(),
            alliance: self.entered.alliance.name.clone(),
            wording: self.entered.wording.clone(),
            home: self.path(""),
            person: format!("{}, {}", self.entered.person_name, roles.join(", ")),
            nav,
            flash: self.signed.flash.clone(),
            here: self.address.clone(),
            csrf: self.signed.csrf.clone(),
        }
    }
}
