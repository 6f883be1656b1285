use std::sync::Arc;

use async_graphql::{Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use domain::{
    alliances::exports::{self, Export, ExportState},
    viewer::Permission,
};

use crate::schema::{
    context::Inside,
    errors,
    ids::{Kind, encode},
};

/// Where an export stands.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "ExportState", remote = "ExportState")]
pub(crate) enum ExportStateEnum {
    /// It is being made.
    Building,
    /// It can be downloaded.
    Ready,
    /// It could not be made; ask for another.
    Failed,
    /// It was deleted when its time was over.
    Expired,
}

/// Everything that the alliance held at one moment, as one file: a zip of its tables as JSON lines and as CSV, its PDFs, and a
/// description of every column.
pub(crate) struct ExportObject {
    inside: Arc<Inside>,
    export: Export,
}

impl ExportObject {
    pub(crate) fn of(inside: Arc<Inside>, export: Export) -> Self {
        Self { inside, export }
    }
}

#[Object(name = "Export")]
impl ExportObject {
    /// Opaque.
    async fn id(&self) -> ID {
        encode(Kind::Export, self.inside.id(), self.export.id.0)
    }

    /// Where it stands.
    async fn state(&self) -> ExportStateEnum {
        self.export.state.into()
    }

    /// The name of whoever asked; null when the service made it by itself.
    async fn asked_by(&self) -> Option<&str> {
        self.export.asked_by.as_deref()
    }

    /// When it was asked for.
    async fn asked_at(&self) -> DateTime<Utc> {
        self.export.asked_at
    }

    /// When it was ready.
    async fn ready_at(&self) -> Option<DateTime<Utc>> {
        self.export.file.map(|file| file.ready_at)
    }

    /// Until when it can be downloaded.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.export.file.map(|file| file.expires_at)
    }

    /// The size of the file, in bytes.
    async fn bytes(&self) -> Option<i64> {
        self.export.file.map(|file| file.built.bytes)
    }

    /// How many rows are in it.
    async fn rows(&self) -> Option<i64> {
        self.export.file.map(|file| file.built.rows)
    }

    /// How many PDFs are in it.
    async fn files(&self) -> Option<i64> {
        self.export.file.map(|file| file.built.files)
    }

    /// Where it is downloaded, signed in or with a token; null when it cannot be.
    async fn address(&self) -> Option<String> {
        let path = format!("/settings/data/{}/zip", self.export.id);
        (self.export.state == ExportState::Ready).then(|| self.inside.address(&path))
    }
}

pub(super) async fn exports(inside: &Arc<Inside>) -> Result<Option<Vec<ExportObject>>> {
    if !inside.viewer().may(Permission::ManageData) {
        return Ok(None);
    }
    let found = exports::exports(&inside.reading, inside.app.clock.now()).await.map_err(errors::read)?;
    Ok(Some(found.into_iter().map(|export| ExportObject::of(Arc::clone(inside), export)).collect()))
}
