//! What columns mean: as it is guessed, corrected by what people have said, and kept for the next time.
//!
//! A mapping is an import as the API takes it, without what is of one time only: uploads and `dry_run`. Its columns are named by
//! their headers where these are clear, so that it still fits when the next export has them in another order.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value, json};

use super::arguments::Arguments;
use super::upload::Source;

/// What is said of a file, by the API's names.
pub(super) type Said = Map<String, Value>;

/// What a preview can be told; the rest is for the import itself.
const FOR_PREVIEW: [&str; 4] = ["object", "encoding", "delimiter", "header_row"];

/// What was said of each file, in a mapping and by arguments; arguments count for more.
///
/// # Errors
/// When the mapping is none, or speaks of a file that is not there.
pub(super) fn said(arguments: &Arguments, mapping: Option<&Value>, sources: &[Source]) -> anyhow::Result<Vec<Said>> {
    let mut said = match mapping {
        Some(mapping) => of_files(mapping, sources)?,
        None => vec![Said::new(); sources.len()],
    };
    for (number, said) in said.iter_mut().enumerate() {
        if let Some(object) = arguments.of_file(&arguments.objects, number) {
            said.insert("object".to_owned(), json!(object));
        }
        if let Some(fields) = arguments.of_file(&arguments.match_by, number) {
            said.insert("match_by".to_owned(), json!(fields));
        }
        if let Some(mode) = &arguments.mode {
            said.insert("mode".to_owned(), json!(mode));
        }
    }
    Ok(said)
}

/// The entry of each file: the one with its name, or the one in its place where as many entries as files are left.
fn of_files(mapping: &Value, sources: &[Source]) -> anyhow::Result<Vec<Said>> {
    let known = ["files", "automations"];
    let members = mapping.as_object().context("a mapping is an object with files")?;
    if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
        bail!("a mapping has files and automations, and no {unknown}");
    }
    let entries = members.get("files").and_then(Value::as_array).context("a mapping is an object with files")?;
    let mut entries: Vec<Option<&Said>> = entries.iter().map(Value::as_object).collect();
    ensure!(entries.iter().all(Option::is_some), "each of a mapping's files is an object");
    let mut found: Vec<Option<&Said>> = sources
        .iter()
        .map(|source| {
            let is_its =
                |entry: &&mut Option<&Said>| entry.is_some_and(|entry| entry.get("name") == Some(&json!(source.name)));
            entries.iter_mut().find(is_its).and_then(Option::take)
        })
        .collect();
    let left: Vec<&Said> = entries.into_iter().flatten().collect();
    let open: Vec<&mut Option<&Said>> = found.iter_mut().filter(|entry| entry.is_none()).collect();
    if !left.is_empty() {
        let names =
            left.iter().map(|entry| entry.get("name").and_then(Value::as_str).unwrap_or("a file without a name"));
        let names = names.collect::<Vec<_>>().join(", ");
        ensure!(left.len() == open.len(), "the mapping speaks of {names}, and that is not clearly one of the files");
        open.into_iter().zip(left).for_each(|(open, entry)| *open = Some(entry));
    }
    let lasting = |entry: Option<&Said>| {
        let mut entry = entry.cloned().unwrap_or_default();
        entry.retain(|name, _| !["upload", "name"].contains(&name.as_str()));
        entry
    };
    Ok(found.into_iter().map(lasting).collect())
}

/// What a preview is asked with.
pub(super) fn preview(said: &[Said], sources: &[Source], uploads: &[String], new_fields: bool) -> Value {
    let file = |((said, source), upload): ((&Said, &Source), &String)| {
        let mut file = json!({ "upload": upload, "name": source.name });
        for name in FOR_PREVIEW {
            if let Some(value) = said.get(name) {
                file[name] = value.clone();
            }
        }
        file
    };
    let files: Vec<Value> = said.iter().zip(sources).zip(uploads).map(file).collect();
    json!({ "files": files, "new_fields": new_fields })
}

/// The import that was guessed, as it is to be: what is said of a file takes the place of what was guessed of it, its columns all
/// together.
///
/// # Errors
/// When nothing is known of any column of a file, or what was said has nothing that it could be about.
pub(super) fn corrected(
    guessed: &Value,
    said: &[Said],
    arguments: &Arguments,
    mapping: Option<&Value>,
) -> anyhow::Result<Value> {
    let mut import = guessed.clone();
    let files = import.get_mut("files").and_then(Value::as_array_mut).context("a preview without an import")?;
    ensure!(files.len() == said.len(), "a preview of other files than were asked about");
    let mut has_source = false;
    for (file, said) in files.iter_mut().zip(said) {
        let members = file.as_object_mut().context("a preview without an import")?;
        members.extend(said.clone());
        let columns = file["columns"].as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
        for column in columns.iter_mut().filter(|column| column["source"].is_string()) {
            has_source = true;
            if let Some(source) = &arguments.source {
                column["source"] = json!(source);
            }
        }
        let nothing = columns.is_empty();
        let name = file["name"].as_str().unwrap_or_default();
        ensure!(!nothing, "nothing is known of any column of {name}: say what they mean (--mapping), or --new-fields");
    }
    ensure!(arguments.source.is_none() || has_source, "--source is for columns with external ids, and there are none");
    let skip = arguments.skip_automations.then(|| json!("skip"));
    if let Some(automations) = skip.or_else(|| mapping?.get("automations").cloned()) {
        import["automations"] = automations;
    }
    import["dry_run"] = json!(arguments.dry_run);
    Ok(import)
}

/// An import as a mapping for the next time.
pub(super) fn kept(import: &Value, previewed: &Value) -> Value {
    let mut kept = import.clone();
    if let Some(members) = kept.as_object_mut() {
        members.retain(|name, _| ["files", "automations"].contains(&name.as_str()));
    }
    let files = kept["files"].as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
    for (number, file) in files.iter_mut().enumerate() {
        if let Some(members) = file.as_object_mut() {
            members.remove("upload");
        }
        let headers = headers(&previewed["files"][number]);
        for column in file["columns"].as_array_mut().into_iter().flatten() {
            let header = column["column"].as_u64().and_then(|number| headers.get(usize::try_from(number).ok()?));
            let is_clear =
                |header: &&String| !header.is_empty() && headers.iter().filter(|other| other == header).count() == 1;
            if let Some(header) = header.filter(is_clear) {
                column["column"] = json!(header);
            }
            // What is as if nothing was said only makes it long.
            if let Some(members) = column.as_object_mut() {
                members.retain(|_, value| *value != Value::Bool(false));
            }
        }
    }
    kept
}

/// The headers of a file that was looked into.
pub(super) fn headers(previewed: &Value) -> Vec<String> {
    let columns = previewed["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    columns.iter().map(|column| column["header"].as_str().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(names: &[&str]) -> Vec<Source> {
        names.iter().map(|&name| Source { path: name.into(), name: name.to_owned(), bytes: 1 }).collect()
    }

    fn objects(arguments: &Arguments, mapping: &Value, names: &[&str]) -> Result<Vec<String>, String> {
        let said = said(arguments, Some(mapping), &sources(names)).map_err(|error| error.to_string())?;
        Ok(said
            .iter()
            .map(|said| said.get("object").map_or("-", |object| object.as_str().unwrap()).to_owned())
            .collect())
    }

    fn guessed() -> Value {
        json!({ "files": [
            { "upload": "upl_1", "name": "a.csv", "object": "contact", "match_by": ["email"], "columns": [
                { "column": 0, "field": "email" }, { "column": 1, "field": "external_id", "source": "hubspot" },
            ] },
        ] })
    }

    #[test]
    fn entries_are_found_by_name_and_the_others_by_their_place() {
        let none = Arguments::default();
        let mapping = json!({ "files": [
            { "name": "c.csv", "object": "deal" }, { "name": "old.csv", "object": "company" }, { "object": "contact" },
        ] });
        assert_eq!(objects(&none, &mapping, &["a.csv", "b.csv", "c.csv"]).unwrap(), ["company", "contact", "deal"]);
        // One that is about a file which is not there could be about any.
        assert!(objects(&none, &mapping, &["a.csv", "c.csv"]).unwrap_err().contains("old.csv, a file without a name"));
        // Files of which nothing is said are guessed.
        let one = json!({ "files": [{ "name": "a.csv", "object": "deal" }] });
        assert_eq!(objects(&none, &one, &["a.csv", "b.csv"]).unwrap(), ["deal", "-"]);
        // A mapping of one file fits one file, whatever that is called this month.
        assert_eq!(objects(&none, &one, &["2026-11.csv"]).unwrap(), ["deal"]);
    }

    #[test]
    fn arguments_count_for_more_than_a_mapping() {
        let arguments = Arguments {
            objects: vec!["x_project".to_owned()],
            match_by: vec![vec!["id".to_owned()]],
            mode: Some("update".to_owned()),
            ..Arguments::default()
        };
        let mapping = json!({ "files": [{ "upload": "upl_9", "object": "deal", "mode": "create", "empty": "clear" }] });
        let said = said(&arguments, Some(&mapping), &sources(&["a.csv"])).unwrap();
        let expected = json!({ "object": "x_project", "match_by": ["id"], "mode": "update", "empty": "clear" });
        assert_eq!(Value::Object(said[0].clone()), expected);
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        for (mapping, part) in [
            (json!([]), "is an object"),
            (json!({}), "is an object"),
            (json!({ "files": ["a.csv"] }), "is an object"),
            (json!({ "files": [], "dry_run": true }), "no dry_run"),
        ] {
            let error = objects(&Arguments::default(), &mapping, &["a.csv"]).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_preview_is_told_how_a_file_is_written() {
        let said = json!({ "object": "deal", "encoding": "windows-1251", "mode": "create", "columns": [] });
        let asked = preview(&[said.as_object().unwrap().clone()], &sources(&["a.csv"]), &["upl_1".to_owned()], true);
        let file = json!({ "upload": "upl_1", "name": "a.csv", "object": "deal", "encoding": "windows-1251" });
        assert_eq!(asked, json!({ "files": [file], "new_fields": true }));
    }

    #[test]
    fn what_is_said_takes_the_place_of_what_was_guessed() {
        let said = json!({ "mode": "create", "columns": [{ "column": "Mail", "field": "email" }] });
        let mapping = json!({ "files": [], "automations": "skip" });
        let said = [said.as_object().unwrap().clone()];
        let import = corrected(&guessed(), &said, &Arguments::default(), Some(&mapping)).unwrap();
        let expected = json!({ "files": [{
            "upload": "upl_1", "name": "a.csv", "object": "contact", "match_by": ["email"], "mode": "create",
            "columns": [{ "column": "Mail", "field": "email" }],
        }], "automations": "skip", "dry_run": false });
        assert_eq!(import, expected);
    }

    #[test]
    fn a_source_is_that_of_every_external_id() {
        let arguments = Arguments {
            source: Some("legacy".to_owned()),
            skip_automations: true,
            dry_run: true,
            ..Arguments::default()
        };
        let import = corrected(&guessed(), &[Said::new()], &arguments, None).unwrap();
        assert_eq!(import["files"][0]["columns"][1]["source"], "legacy");
        assert_eq!(import["files"][0]["columns"][0].get("source"), None);
        assert_eq!((&import["automations"], &import["dry_run"]), (&json!("skip"), &json!(true)));
        let mut without = guessed();
        without["files"][0]["columns"][1]["source"] = Value::Null;
        assert!(corrected(&without, &[Said::new()], &arguments, None).unwrap_err().to_string().contains("--source"));
    }

    #[test]
    fn a_file_of_which_nothing_is_known_is_not_sent() {
        let mut guessed = guessed();
        guessed["files"][0]["columns"] = json!([]);
        let error = corrected(&guessed, &[Said::new()], &Arguments::default(), None).unwrap_err().to_string();
        assert!(error.contains("a.csv") && error.contains("--new-fields"), "{error}");
    }

    #[test]
    fn a_mapping_is_kept_by_headers_where_these_are_clear() {
        let column = |header: &str| json!({ "header": header });
        let previewed = json!({ "files": [{ "columns": [column("Mail"), column("Id"), column("Id"), column("")] }] });
        let mut import = guessed();
        import["dry_run"] = json!(true);
        import["files"][0]["columns"] = [json!(0), json!(1), json!(3), json!("Id")]
            .map(|column| json!({ "column": column, "field": "x", "replace": false }))
            .into_iter()
            .collect();
        let kept = kept(&import, &previewed);
        let columns: Vec<&Value> =
            kept["files"][0]["columns"].as_array().unwrap().iter().map(|column| &column["column"]).collect();
        assert_eq!(columns, [&json!("Mail"), &json!(1), &json!(3), &json!("Id")]);
        assert_eq!(kept["files"][0]["columns"][0], json!({ "column": "Mail", "field": "x" }));
        assert_eq!((kept.get("dry_run"), kept["files"][0].get("upload")), (None, None));
        assert_eq!(objects(&Arguments::default(), &kept, &["a.csv"]).unwrap(), ["contact"]);
    }
}
