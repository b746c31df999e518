//! What was found in the files, and what is to become of it, as tables.

use serde_json::Value;

use super::mapping::headers;
use super::progress::size;

/// The widest that a column of the table gets, in characters: header, looks, sample, meaning.
const WIDEST: [usize; 4] = [28, 18, 26, 60];
const HEADINGS: [&str; 5] = ["column", "header", "looks like", "sample", "becomes"];
/// What stands where there is nothing.
const NOTHING: &str = "-";

/// All files of a preview with what the import makes of them.
pub(super) fn tables(previewed: &Value, import: &Value) -> String {
    let files = previewed["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tables = files.iter().enumerate().map(|(number, file)| table(file, &import["files"][number]));
    tables.collect::<Vec<_>>().join("\n")
}

fn table(file: &Value, import: &Value) -> String {
    let mut lines = vec![written(file), treated(import)];
    let columns = file["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let headers = headers(file);
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(columns.iter().enumerate().map(|(number, column)| {
        let sample = column["samples"].as_array().and_then(|samples| samples.first()).and_then(Value::as_str);
        let cells =
            [word(&column["header"]), &looks(column), sample.unwrap_or_default(), &becomes(import, number, &headers)];
        let [header, looks, sample, becomes] = std::array::from_fn(|at| cut(cells[at], WIDEST[at]));
        [number.to_string(), header, looks, sample, becomes]
    }));
    let widths: [usize; 5] =
        std::array::from_fn(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0));
    lines.extend(rows.iter().map(|[number, header, looks, sample, becomes]| {
        let [first, second, third, fourth, _] = widths;
        format!("  {number:>first$}  {header:<second$}  {looks:<third$}  {sample:<fourth$}  {becomes}")
    }));
    if columns.iter().any(|column| column["is_sure"] == Value::Bool(false)) {
        lines.push("  ? could be read in another way as well: a mapping says which is meant".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

/// How the file is written.
fn written(file: &Value) -> String {
    let delimiter = match word(&file["delimiter"]) {
        "," => "commas",
        ";" => "semicolons",
        "\t" => "tabs",
        other => other,
    };
    let row = file["header_row"].as_u64().unwrap_or_default() + 1;
    let name = if word(&file["name"]).is_empty() { word(&file["upload"]) } else { word(&file["name"]) };
    let bytes = size(file["bytes"].as_u64().unwrap_or_default());
    let system = file["system"].as_str().map(|system| format!(", an export of {system}")).unwrap_or_default();
    format!("{name}: {bytes}, {}, {delimiter}, headers in row {row}{system}", word(&file["encoding"]))
}

/// What becomes of its rows.
fn treated(import: &Value) -> String {
    let object = word(&import["object"]);
    let keys: Vec<&str> = import["match_by"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if keys.is_empty() {
        return format!("each row makes a {object}: nothing says which of them are there already");
    }
    let how = match word(&import["mode"]) {
        "create" => "left as it is, the others are made",
        "update" => "changed, for the others the row fails",
        _ => "changed, the others are made",
    };
    format!("each row is a {object}; one that is there already, by {}, is {how}", keys.join(" or "))
}

/// What a column's values look like.
fn looks(column: &Value) -> String {
    let looks = &column["looks"];
    let mut text = word(&looks["type"]).to_owned();
    for name in ["date", "number", "currency"] {
        if let Some(format) = looks[name].as_str() {
            text = format!("{text} {format}");
        }
    }
    if column["is_sure"] == Value::Bool(false) {
        text += " ?";
    }
    text
}

/// What an import makes of a column.
fn becomes(import: &Value, number: usize, headers: &[String]) -> String {
    let is_it = |column: &&Value| match &column["column"] {
        Value::String(header) => headers.get(number).is_some_and(|own| own == header.trim()),
        other => other.as_u64() == u64::try_from(number).ok(),
    };
    let columns = import["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let meanings: Vec<String> = columns.iter().filter(is_it).map(meaning).collect();
    if meanings.is_empty() { NOTHING.to_owned() } else { meanings.join(" and ") }
}

fn meaning(column: &Value) -> String {
    let mut text = word(&column["field"]).to_owned();
    if let (Some(item), Some(member)) = (column["part"]["item"].as_str(), column["part"]["member"].as_str()) {
        text += &format!(".{member} ({item})");
    }
    for (name, before) in
        [("by", "by"), ("source", "of"), ("currency", "in"), ("date", "as"), ("number", "with a decimal")]
    {
        if let Some(value) = column[name].as_str() {
            text += &format!(" {before} {value}");
        }
    }
    if let Some(kind) = column["new_field"]["type"].as_str() {
        text += &format!(", a new field ({kind})");
    } else if column["new_options"] == Value::Bool(true) {
        text += ", with new options";
    }
    text
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The beginning of a text, on one line.
fn cut(text: &str, widest: usize) -> String {
    let text: String = text.chars().map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    if text.chars().count() <= widest {
        return text;
    }
    text.chars().take(widest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_shows_what_was_found_and_what_it_becomes() {
        let previewed = json!({ "files": [{
            "name": "leads.csv", "bytes": 48_213, "encoding": "windows-1251", "delimiter": ";", "header_row": 0, "system": "hubspot",
            "columns": [
                { "header": "E-Mail", "looks": { "type": "email" }, "is_sure": true, "samples": ["ada@example.com"] },
                { "header": "Born", "looks": { "type": "date", "date": "dmy" }, "is_sure": false, "samples": ["03/04/1990"] },
                { "header": "Company", "looks": { "type": "text" }, "is_sure": true, "samples": ["Babbage\n& Co."] },
                { "header": "Notes", "looks": { "type": "text" }, "is_sure": true, "samples": ["x".repeat(40)] },
                { "header": "Void", "looks": { "type": "empty" }, "is_sure": true, "samples": [] },
            ],
        }] });
        let import = json!({ "files": [{ "object": "contact", "match_by": ["email"], "columns": [
            { "column": "E-Mail", "field": "email" },
            { "column": 1, "field": "custom.born", "date": "dmy", "new_field": { "type": "date" } },
            { "column": 2, "field": "company_id", "by": "name" },
            { "column": 2, "field": "addresses", "part": { "item": "work", "member": "street" } },
        ] }] });
        let expected = "\
leads.csv: 48.2 KB, windows-1251, semicolons, headers in row 1, an export of hubspot
each row is a contact; one that is there already, by email, is changed, the others are made
  column  header   looks like  sample                      becomes
       0  E-Mail   email       ada@example.com             email
       1  Born     date dmy ?  03/04/1990                  custom.born as dmy, a new field (date)
       2  Company  text        Babbage & Co.               company_id by name and addresses.street (work)
       3  Notes    text        xxxxxxxxxxxxxxxxxxxxxxxxx…  -
       4  Void     empty                                   -
  ? could be read in another way as well: a mapping says which is meant
";
        assert_eq!(tables(&previewed, &import), expected);
    }

    #[test]
    fn without_a_key_it_is_said_that_every_row_makes_a_record() {
        let said = |import: Value| treated(&import);
        assert!(said(json!({ "object": "contact", "match_by": [] })).contains("each row makes a contact"));
        let update = said(json!({ "object": "contact", "match_by": ["email", "id"], "mode": "update" }));
        assert!(update.contains("by email or id") && update.contains("fails"), "{update}");
    }
}
