//! Who is signed in, and where.

mod add_passkey;
mod audit;
mod begin_passkey;
mod begin_second_step;
mod change_address;
mod confirm_address;
mod confirm_second_step;
mod create_token;
mod end_other_sessions;
mod end_session;
mod remove_passkey;
mod remove_second_step;
mod rename_passkey;
mod renew_recovery_codes;
mod revoke_token;

use async_graphql::{Context, ID, MergedObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    access::{self, AllianceEntry, ApiToken, Device, MyAlliances, Passkey, SecondStep},
    jobs::DEPLOYMENT,
    people::invitations::received_invitations,
};

pub(crate) use audit::{AuditConnection, audit_records};

use super::{
    alliances::PermissionEnum,
    context::Session,
    errors::{self, UserError},
    ids::{self, Kind},
    people::ReceivedInvitationObject,
    schools,
};

/// What an account changes of itself.
#[derive(MergedObject, Default)]
pub(crate) struct AccessMutation(
    end_session::EndSessionMutation,
    end_other_sessions::EndOtherSessionsMutation,
    create_token::CreateTokenMutation,
    revoke_token::RevokeTokenMutation,
    begin_second_step::BeginSecondStepMutation,
    confirm_second_step::ConfirmSecondStepMutation,
    change_address::ChangeAddressMutation,
    confirm_address::ConfirmAddressMutation,
    renew_recovery_codes::RenewRecoveryCodesMutation,
    remove_second_step::RemoveSecondStepMutation,
    begin_passkey::BeginPasskeyMutation,
    add_passkey::AddPasskeyMutation,
    rename_passkey::RenamePasskeyMutation,
    remove_passkey::RemovePasskeyMutation,
);

/// Whoever is signed in.
pub(crate) struct ViewerObject(pub(crate) access::Session);

#[Object(name = "Viewer")]
impl ViewerObject {
    /// The address that this account proved.
    async fn email(&self) -> &str {
        self.0.account.email.as_str()
    }

    /// The alliances in which you hold a role today, by name.
    async fn alliances(&self, ctx: &Context<'_>) -> Result<Vec<AllianceEntryObject>> {
        Ok(self.my_alliances(ctx).await?.open.into_iter().map(Into::into).collect())
    }

    /// How many alliances in which you hold a role today are closed to you, because they are about to be deleted. Their
    /// directors are let in.
    async fn closed_alliances(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(self.my_alliances(ctx).await?.closed)
    }

    /// The national register of schools, to look for one in before or after you have an alliance.
    async fn register(&self) -> schools::RegisterObject {
        schools::RegisterObject(self.0.clone())
    }

    /// Where you are signed in, the session used last first. A token does not see it.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<SessionObject>> {
        let own = self.0.device().map_err(|_| errors::forbidden())?;
        let found = access::devices(Session::of(ctx).app(), &self.0).await.map_err(errors::read)?;
        let session = |device: Device| SessionObject { is_current: device.session_id == own, device };
        Ok(found.into_iter().map(session).collect())
    }

    /// The open invitations to your address, the newest first. A token does not see them.
    async fn invitations(&self, ctx: &Context<'_>) -> Result<Vec<ReceivedInvitationObject>> {
        let found = received_invitations(Session::of(ctx).app(), &self.0).await.map_err(errors::read)?;
        Ok(found.into_iter().map(ReceivedInvitationObject).collect())
    }

    /// The second step that you are asked for at sign-in; null when there is none. A token
    /// does not see it.
    async fn second_step(&self, ctx: &Context<'_>) -> Result<Option<SecondStepObject>> {
        let found = access::second_step(Session::of(ctx).app(), &self.0).await.map_err(errors::read)?;
        Ok(found.map(Into::into))
    }

    /// Your passkeys, the newest first. A token does not see them.
    async fn passkeys(&self, ctx: &Context<'_>) -> Result<Vec<PasskeyObject>> {
        let found = access::passkeys(Session::of(ctx).app(), &self.0).await.map_err(errors::read)?;
        Ok(found.into_iter().map(PasskeyObject).collect())
    }

    /// Your API tokens, the newest first. A token does not see them.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<ApiTokenObject>> {
        let found = access::tokens(Session::of(ctx).app(), &self.0).await.map_err(errors::read)?;
        Ok(found.into_iter().map(ApiTokenObject).collect())
    }
}

impl ViewerObject {
    async fn my_alliances(&self, ctx: &Context<'_>) -> Result<MyAlliances> {
        let found = access::my_alliances(Session::of(ctx).app(), &self.0).await;
        found.map_err(|error| errors::internal(&error))
    }
}

/// An alliance that you may enter.
#[derive(SimpleObject)]
#[graphql(name = "AllianceEntry")]
pub(crate) struct AllianceEntryObject {
    /// Its part of the address.
    slug: String,
    /// Its name.
    name: String,
}

impl From<AllianceEntry> for AllianceEntryObject {
    fn from(entry: AllianceEntry) -> Self {
        Self { slug: entry.slug, name: entry.name }
    }
}

/// Codes of an app that are asked for at sign-in, beside the code from the mail.
#[derive(SimpleObject)]
#[graphql(name = "SecondStep")]
pub(crate) struct SecondStepObject {
    /// Since when.
    set_at: DateTime<Utc>,
    /// How many recovery codes have not been used.
    recovery_codes_left: i64,
}

impl From<SecondStep> for SecondStepObject {
    fn from(step: SecondStep) -> Self {
        Self { set_at: step.set_at, recovery_codes_left: step.recovery_codes_left }
    }
}

/// A key on a device of yours that signs you in by itself (WebAuthn).
pub(crate) struct PasskeyObject(Passkey);

#[Object(name = "Passkey")]
impl PasskeyObject {
    /// Opaque, and good until the passkey is removed.
    async fn id(&self) -> ID {
        ids::encode(Kind::Passkey, DEPLOYMENT, self.0.id.0)
    }

    /// What you call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it last proved who you are; null if never.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// What a program carries in your name, as `Authorization: Bearer …`.
pub(crate) struct ApiTokenObject(ApiToken);

#[Object(name = "ApiToken")]
impl ApiTokenObject {
    /// Opaque, and good until the token is revoked.
    async fn id(&self) -> ID {
        ids::encode(Kind::ApiToken, DEPLOYMENT, self.0.id.0)
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The one alliance that it enters.
    async fn alliance(&self) -> AllianceEntryObject {
        self.0.alliance.clone().into()
    }

    /// What it may do, as long as you may do it too.
    async fn permissions(&self) -> Vec<PermissionEnum> {
        self.0.permissions.iter().map(|permission| (*permission).into()).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// From when on it is worth nothing.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When it was last used, give or take five minutes; null if never.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// A browser or device on which you are signed in.
pub(crate) struct SessionObject {
    device: Device,
    is_current: bool,
}

#[Object(name = "Session")]
impl SessionObject {
    /// Opaque, and good for as long as the session lasts.
    async fn id(&self) -> ID {
        ids::encode(Kind::Session, DEPLOYMENT, self.device.session_id.0)
    }

    /// What the browser calls itself; may be empty.
    async fn agent(&self) -> &str {
        &self.device.agent
    }

    /// The network address that it signed in from; may be empty.
    async fn network(&self) -> &str {
        &self.device.network
    }

    /// When it signed in.
    async fn signed_in_at(&self) -> DateTime<Utc> {
        self.device.signed_in_at
    }

    /// When it was last used, give or take five minutes.
    async fn last_used_at(&self) -> DateTime<Utc> {
        self.device.last_used_at
    }

    /// When it ends if it is not used until then.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.device.ends_at
    }

    /// Whether it is the one that asks.
    async fn is_current(&self) -> bool {
        self.is_current
    }
}

/// The error of a change to one's own account by a stranger.
pub(crate) fn signed_out() -> UserError {
    UserError { field: None, code: "SIGNED_OUT".into(), message: "Please sign in first.".into() }
}
