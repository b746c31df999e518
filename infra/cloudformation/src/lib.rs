//! CloudFormation's YAML as JSON, with the short forms of its functions (`!Ref`, `!Sub`, `!GetAtt` ...) written out. It knows
//! nothing of what a template says: the embedded stack and the bill read that, each for itself.

use anyhow::{Context, Result, bail};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Reads one document.
///
/// # Errors
/// When the text is not YAML, or has aliases or keys that are not text.
pub fn read(text: &str) -> Result<Value> {
    let documents = Yaml::load_from_str(text).context("the template is not YAML")?;
    let document = documents.first().context("the template is empty")?;
    to_json(document)
}

fn to_json(node: &Yaml<'_>) -> Result<Value> {
    Ok(match node {
        Yaml::Value(scalar) => scalar_to_json(scalar),
        Yaml::Sequence(nodes) => Value::Array(nodes.iter().map(to_json).collect::<Result<_>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key_of(key)?, to_json(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tag, inner) => intrinsic(&tag.suffix, to_json(inner)?),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            bail!("a node that templates do not use: {node:?}")
        }
    })
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => json!(value),
        Scalar::Integer(value) => json!(value),
        Scalar::FloatingPoint(value) => json!(value.0),
        Scalar::String(value) => json!(value),
    }
}

fn key_of(key: &Yaml<'_>) -> Result<String> {
    match key {
        Yaml::Value(Scalar::String(text)) => Ok(text.to_string()),
        Yaml::Value(Scalar::Integer(number)) => Ok(number.to_string()),
        other => bail!("a key that is not text: {other:?}"),
    }
}

fn intrinsic(name: &str, argument: Value) -> Value {
    let name = name.trim_start_matches('!');
    match (name, &argument) {
        ("Ref" | "Condition", _) => json!({ name: argument }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        _ => json!({ format!("Fn::{name}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_of_functions_are_written_out() {
        let text = "A: !Ref B\nC: !GetAtt D.Outputs.E\nF: !Sub integrations/${G}\nH: !Not [!Equals [!Ref I, \"\"]]\nJ: [1, true, 2.5, ~]\n";
        let expected = json!({
            "A": { "Ref": "B" },
            "C": { "Fn::GetAtt": ["D", "Outputs.E"] },
            "F": { "Fn::Sub": "integrations/${G}" },
            "H": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "I" }, ""] }] },
            "J": [1, true, 2.5, null],
        });
        assert_eq!(read(text).unwrap(), expected);
    }
}
