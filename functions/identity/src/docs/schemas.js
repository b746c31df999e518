// From JSON schemas to lists of fields that people read.

/** What a reference leads to; anything else is itself. */
function resolved(spec, value) {
  let found = value;
  // A document that refers in circles must not hold the page up.
  for (let hops = 0; found?.$ref && hops < 20; hops += 1) {
    found = found.$ref.slice(2).split("/").reduce((at, name) => at?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], spec);
  }
  return found ?? {};
}

/** What forms send for no value: a choice that people need not read. */
const isBlank = (schema) => schema.pattern === "^\\s*$";

/** A schema without its reference and without `null`, and whether it was there. */
function plain(spec, schema) {
  const found = resolved(spec, schema);
  const choices = (found.anyOf ?? found.oneOf)?.map((choice) => plain(spec, choice));
  const others = choices?.filter((choice) => choice.schema.type !== "null" && !isBlank(choice.schema));
  const nullable = (choices ?? []).some((choice) => choice.nullable || choice.schema.type === "null");
  if (others?.length === 1) {
    return { schema: { ...others[0].schema, description: found.description ?? others[0].schema.description }, nullable };
  }
  if (found.allOf) {
    const parts = found.allOf.map((part) => plain(spec, part).schema);
    const properties = Object.assign({}, ...parts.map((part) => part.properties), found.properties);
    return { schema: { ...found, type: "object", properties, required: parts.flatMap((part) => part.required ?? []) }, nullable };
  }
  if (Array.isArray(found.type)) {
    const types = found.type.filter((type) => type !== "null");
    return { schema: { ...found, type: types.length === 1 ? types[0] : types }, nullable: types.length < found.type.length };
  }
  return { schema: found, nullable };
}

/** The type of a schema in words: `text (email) or null`. */
function typeOf(spec, given) {
  const { schema, nullable } = plain(spec, given);
  const choices = schema.anyOf ?? schema.oneOf;
  let words;
  if (schema.const !== undefined) words = JSON.stringify(schema.const);
  else if (schema.enum?.length === 1) words = JSON.stringify(schema.enum[0]);
  else if (schema.enum) words = "one of";
  else if (choices) words = choices.map((choice) => typeOf(spec, choice)).filter((type) => type !== "null").join(" or ");
  else if (schema.type === "array") words = `list of ${typeOf(spec, schema.items ?? {})}`;
  else words = [schema.type ?? (schema.properties ? "object" : "anything")].flat().join(" or ");
  if (schema.format) words += ` (${schema.format})`;
  return nullable ? `${words} or null` : words;
}

/** What a value has to keep to, as short phrases. */
function limitsOf(spec, given) {
  const { schema } = plain(spec, given);
  const said = [
    ["minLength", (n) => `at least ${n} characters`],
    ["maxLength", (n) => `at most ${n} characters`],
    ["minimum", (n) => `from ${n}`],
    ["maximum", (n) => `up to ${n}`],
    ["minItems", (n) => `at least ${n}`],
    ["maxItems", (n) => `at most ${n}`],
    // A long one says nothing to people.
    ["pattern", (text) => (text.length < 50 ? `like ${text}` : undefined)],
    ["default", (value) => `${JSON.stringify(value)} if nothing is said`],
  ];
  return said.filter(([keyword]) => schema[keyword] !== undefined).map(([keyword, say]) => say(schema[keyword])).filter(Boolean);
}

/** A list of fields: those of an object, or parameters. */
function fields(rows) {
  return element("ul", { class: "fields" }, rows);
}

/** One field or parameter; what it is made of opens under it. */
function field(spec, name, schema, { required = false, description, place } = {}, depth = 0) {
  const found = plain(spec, schema).schema;
  const help = description ?? found.description;
  const limits = limitsOf(spec, schema);
  const choices = found.enum ?? found.items?.enum ?? [];
  const options = choices.length > 1 && choices.map((option) => element("code", {}, String(option)));
  return element("li", {},
    element("code", { class: "name" }, name),
    element("span", { class: "type" }, [typeOf(spec, schema), place].filter(Boolean).join(", ")),
    required ? element("span", { class: "required" }, "required") : "",
    help ? element("p", {}, inline(help)) : "",
    options ? element("p", { class: "limits" }, options.flatMap((option, at) => (at ? [" · ", option] : [option]))) : "",
    limits.length ? element("p", { class: "limits" }, limits.join(" · ")) : "",
    nested(spec, found, depth));
}

/** What an object, or a list of objects, is made of; nothing for other types. Filled when it is opened. */
function nested(spec, schema, depth) {
  const inner = schema.type === "array" ? plain(spec, schema.items ?? {}).schema : schema;
  const any = inner.additionalProperties && typeof inner.additionalProperties === "object" ? inner.additionalProperties : undefined;
  if (!inner.properties && !any) return "";
  const count = Object.keys(inner.properties ?? {}).length;
  const opened = element("details", {}, element("summary", {}, count ? `${count} fields` : "any names"));
  opened.addEventListener("toggle", () => {
    if (opened.open && opened.children.length === 1) opened.append(fieldsOf(spec, inner, depth + 1));
  });
  return opened;
}

/** The fields of an object's schema, required ones first, in the order of the document otherwise. */
function fieldsOf(spec, given, depth = 0) {
  const { schema } = plain(spec, given);
  const required = new Set(schema.required ?? []);
  const names = Object.keys(schema.properties ?? {});
  // In answers everything is required: then that says nothing.
  const telling = required.size > 0 && required.size < names.length;
  if (telling) names.sort((one, other) => required.has(other) - required.has(one));
  const rows = names.map((name) => field(spec, name, schema.properties[name], { required: telling && required.has(name) }, depth));
  if (typeof schema.additionalProperties === "object") rows.push(field(spec, "any name", schema.additionalProperties, {}, depth));
  return rows.length ? fields(rows) : element("p", {}, typeOf(spec, given));
}
