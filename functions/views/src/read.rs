//! One record.

use api::{At, Context, NoQuery, Of, Operation, Result, Routes, Shape, etag};
use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Method;

pub(crate) fn routes(of: Of) -> Routes {
    let name = of.noun();
    Routes::new().add(
        Operation::new(Method::GET, of.one(""), format!("read_{name}"), format!("Read a {name}"))
            .answers(200, Shape::Record(name)),
        get(move |context, query, path| read(of, context, query, path)),
    )
}

async fn read(of: Of, Context(cx): Context, _: NoQuery, Path(at): Path<At>) -> Result<Response> {
    let object = of.object(&cx, &at).await?;
    let record = records::load(&cx, &object, at.id(&object)?).await?;
    let mut response = Json(record.rendered(&object)).into_response();
    etag(&mut response, record.common.version);
    Ok(response)
}
