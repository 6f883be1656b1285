//! Whoever asks, as the alliance knows them.

use std::sync::Arc;

use async_graphql::{ComplexObject, Result, SimpleObject};
use futures::future::try_join_all;

use super::{PermissionEnum, RoleEnum, StrandObject};
use crate::schema::{context::Inside, people, schools};

/// You, in this alliance.
#[derive(SimpleObject)]
#[graphql(name = "Me", complex)]
pub(crate) struct MeObject {
    #[graphql(skip)]
    pub(super) inside: Arc<Inside>,
    /// Your name as this alliance writes it.
    pub(super) name: String,
    /// The roles you hold today.
    pub(super) roles: Vec<RoleEnum>,
    /// What you may do for the whole alliance.
    pub(super) permissions: Vec<PermissionEnum>,
}

#[ComplexObject]
impl MeObject {
    /// What you hold here, and your last day, once you have said that you leave.
    async fn holdings(&self) -> Result<people::HoldingsObject> {
        people::holdings(&self.inside).await
    }

    /// The members that your roles are for, and those for whose payer you are the finance contact unless you see the money
    /// of the whole alliance.
    async fn members(&self) -> Result<Vec<schools::MemberObject>> {
        let own = self.inside.viewer().own_members();
        let members = try_join_all(own.into_iter().map(|id| self.inside.member(id))).await?;
        Ok(members.into_iter().flatten().collect())
    }

    /// The strands of work that your roles are for.
    async fn strands(&self) -> Result<Vec<StrandObject>> {
        let own = self.inside.viewer().own_strands();
        let strands = try_join_all(own.into_iter().map(|id| self.inside.strand(id))).await?;
        Ok(strands.into_iter().flatten().collect())
    }
}
