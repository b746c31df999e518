//! Looking at uploaded files: how they are written, and what their columns could mean.

use api::{Context, Operation, Question, Result, Routes, Shape};
use auth::Capability;
use axum::Json;
use axum::extract::State;
use axum::routing::post;
use http::Method;
use kernel::{Error, Id, kinds};
use records::{Cx, Object, Schema};
use serde::Deserialize;
use serde_json::{Value, json};
use tabular::{Columns, DateFormat, Looks, NumberFormat, Rows, System, object_of};

use super::ask::{self, MAX_FILES};
use super::opened::{Known, Opened, open};
use super::{guess, shapes};

/// How many rows are shown as they are.
const SHOWN: usize = 5;
/// How many characters of a cell are shown.
const CELL: usize = 200;

/// What a preview is asked with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    files: Vec<File>,
    /// Whether columns that mean nothing known are to become new fields.
    #[serde(default)]
    new_fields: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    upload: Id<kinds::Upload>,
    #[serde(default)]
    name: String,
    /// The object in the singular; guessed if nobody says.
    #[serde(default)]
    object: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    delimiter: Option<char>,
    #[serde(default)]
    header_row: Option<u64>,
}

/// The route.
pub(crate) fn routes() -> Routes {
    let operation = Operation::new(
        Method::POST,
        "/v1/imports/preview",
        "preview_import",
        "Look into uploaded files: how they are written, and what their columns could mean",
    );
    Routes::new().add(
        operation.reads().takes(Shape::Schema(shapes::preview())).answers(200, Shape::Schema(shapes::previewed())),
        post(preview_import),
    )
}

async fn preview_import(
    State(app): State<api::App>,
    Context(cx): Context,
    Question(body): Question,
) -> Result<Json<Value>> {
    cx.require(Capability::ImportRecords)?;
    let asked: Asked = ask::read(&body)?;
    if !(1..=MAX_FILES).contains(&asked.files.len()) {
        let detail = format!("must be a list of 1 to {MAX_FILES} files");
        return Err(Error::invalid("/files", "wrong_type", detail).into());
    }
    let schema = cx.schema().await?;
    let (mut shown, mut imports) = (Vec::new(), Vec::new());
    for (number, file) in asked.files.iter().enumerate() {
        let at = format!("/files/{number}");
        let known =
            Known { encoding: file.encoding.as_deref(), delimiter: file.delimiter, header_row: file.header_row };
        let opened = open(&cx, &app.files, file.upload, known, &at).await?;
        let (told, import) = look(&cx, file, &opened, asked.new_fields, &at).await?;
        shown.push(told);
        imports.push(import);
    }
    let objects: Vec<Value> = imports.iter().map(|import| import["object"].clone()).collect();
    imports.iter_mut().try_for_each(|import| require_what_comes(&schema, &objects, import))?;
    Ok(Json(json!({ "files": shown, "import": { "files": imports } })))
}

/// Makes references that another of the files is to bring keep their rows out if it does not.
fn require_what_comes(schema: &Schema, objects: &[Value], import: &mut Value) -> Result<()> {
    let object = import["object"].as_str().and_then(|name| schema.object(name)).cloned();
    let object = object.ok_or_else(|| Error::bug("an import of no object"))?;
    for column in import["columns"].as_array_mut().into_iter().flatten() {
        let field = column["field"].as_str().and_then(|path| object.field(path));
        if let Some(name) = field.and_then(|field| field.kind.refers_to())
            && objects.iter().any(|object| object == name)
        {
            column["optional"] = json!(false);
        }
    }
    Ok(())
}

/// What is told of one file, and how it would be imported.
async fn look(cx: &Cx, file: &File, opened: &Opened, new_fields: bool, at: &str) -> Result<(Value, Value)> {
    let headers: Vec<&str> = opened.headers.iter().map(String::as_str).collect();
    let system = System::guess(&headers);
    let name = file.object.as_deref().or_else(|| object_of(system, &headers)).unwrap_or("contact");
    let object = cx.schema().await?.object(name).filter(|object| object.batched).cloned();
    let object = object.ok_or_else(|| {
        let detail = "is no object whose records can be brought in";
        Error::invalid([at, "/object"].concat(), "unknown_object", detail)
    })?;
    let object: &Object = &cx.rights.as_written(&object);
    let (seen, rows) = columns(opened);
    let guess = guess::guess(object, system, &opened.headers, &seen);
    let delimiter = char::from(opened.written.delimiter).to_string();
    let cut = |text: &String| text.chars().take(CELL).collect::<String>();
    let column = |(index, header): (usize, &String)| {
        let (looks, is_sure) =
            seen.get(index).map_or((json!({ "type": "empty" }), true), |seen| described(&seen.looks));
        json!({
            "column": index,
            "header": header,
            "looks": looks,
            "is_sure": is_sure,
            "filled": seen.get(index).map_or(0, |seen| seen.filled),
            "samples": seen.get(index).map(|seen| seen.samples.clone()).unwrap_or_default(),
            "new": guess.new.iter().find(|column| column.column == ask::Which::Number(index)),
        })
    };
    let columns: Vec<Value> = opened.headers.iter().enumerate().map(column).collect();
    let told = json!({
        "upload": file.upload, "name": file.name, "bytes": opened.bytes, "encoding": opened.written.encoding.name(),
        "delimiter": delimiter, "header_row": opened.header_row, "system": system.map(System::as_str),
        "object": object.name, "columns": columns,
        "rows": rows.iter().map(|row| row.iter().map(cut).collect()).collect::<Vec<Vec<String>>>(),
    });
    let mapped: Vec<_> = guess.columns.iter().chain(guess.new.iter().filter(|_| new_fields)).collect();
    let empty = if guess.is_own { ask::Empty::Clear } else { ask::Empty::Keep };
    let import = json!({
        "empty": empty, "upload": file.upload, "name": file.name, "object": object.name, "encoding": opened.written.encoding.name(),
        "delimiter": delimiter, "header_row": opened.header_row, "match_by": guess.match_by, "columns": mapped,
    });
    Ok((told, import))
}

/// What stands in the columns of the beginning, and the first rows.
fn columns(opened: &Opened) -> (Vec<tabular::Column>, Vec<Vec<String>>) {
    let (mut columns, mut shown) = (Columns::new(), Vec::new());
    // What cannot be read there is told when the file is brought in.
    let _ = Rows::new(opened.written).feed(&opened.start, opened.is_all, |row| {
        if row.number > opened.header_row && !row.is_blank() {
            columns.add(&row);
            if shown.len() < SHOWN {
                shown.push(row.cells().map(str::to_owned).collect());
            }
        }
        Ok(())
    });
    (columns.columns(), shown)
}

/// What values look like, and whether their format is sure.
fn described(looks: &Looks) -> (Value, bool) {
    let mut told = json!({ "type": looks.as_str() });
    let mut say = |number: Option<&NumberFormat>, date: Option<&DateFormat>, currency: Option<&String>| {
        for (name, value) in [("number", json!(number)), ("date", json!(date)), ("currency", json!(currency))] {
            if !value.is_null() {
                told[name] = value;
            }
        }
    };
    let is_sure = match looks {
        Looks::Decimal(number, is_sure) => {
            say(Some(number), None, None);
            *is_sure
        }
        Looks::Money(number, currency, is_sure) => {
            say(Some(number), None, currency.as_ref());
            *is_sure
        }
        Looks::Date(date, is_sure) | Looks::Time(date, is_sure) => {
            say(None, Some(date), None);
            *is_sure
        }
        _ => true,
    };
    (told, is_sure)
}
