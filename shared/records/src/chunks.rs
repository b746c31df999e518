//! Taking the chunks of a record away, which go with it.

use kernel::{AnyId, Error, Result, Version};
use serde::Deserialize;
use serde_json::Value;
use table::{Changes, Committed, Refused};

use crate::job::JOB;
use crate::write::refused;
use crate::{Cx, Object};

/// Chunks that one transaction takes away.
const PER_STEP: u16 = 80;

/// What every chunk says of itself.
#[derive(Deserialize)]
struct Chunk {
    number: u32,
    version: Version,
}

/// Takes all chunks of a record away. Nothing but jobs has any; of these two round trips for so many of them.
pub(crate) async fn take_chunks(cx: &Cx, object: &Object, id: AnyId) -> Result<()> {
    if object.name != JOB {
        return Ok(());
    }
    let keys = cx.table.keys();
    let parent = keys.record(&object.name, id);
    loop {
        let page = cx.table.children(&parent, keys.chunks_prefix(), None, PER_STEP, false).await?;
        if page.documents.is_empty() {
            return Ok(());
        }
        let mut changes = Changes::new();
        for document in page.documents {
            let chunk = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("chunk"))?;
            let Chunk { number, version } = chunk;
            changes.remove_chunk(keys, &object.name, id, number, version);
        }
        match cx.commit(&changes).await {
            // Somebody else is at it as well: what is left is seen by looking again.
            Ok(Committed) | Err(Refused::Stale(_)) => {}
            Err(other) => return Err(refused(object, other)),
        }
    }
}
