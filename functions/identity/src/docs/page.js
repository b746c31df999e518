// The page: reads the OpenAPI document, lists its operations, shows one chapter at a time.

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** What is shown: the document, and its operations in the order of chapters. */
let spec = {};
let operations = [];

/** Every operation with what search looks at. */
function operationsOf(doc) {
  const all = Object.entries(doc.paths ?? {}).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => {
      const operation = methods[method];
      const parameters = (operation.parameters ?? []).map((parameter) => resolved(doc, parameter));
      return { path, method, ...operation, parameters, tag: operation.tags?.[0] ?? "other" };
    }));
  const order = (doc.tags ?? []).map((tag) => tag.name);
  const rank = (operation) => (order.indexOf(operation.tag) + order.length + 1) % (order.length + 1);
  all.sort((one, other) => rank(one) - rank(other) || one.path.localeCompare(other.path) || METHODS.indexOf(one.method) - METHODS.indexOf(other.method));
  for (const operation of all) operation.words = wordsOf(doc, operation);
  return all;
}

function wordsOf(doc, operation) {
  const content = (part) => Object.values(resolved(doc, part).content ?? {})[0]?.schema;
  const names = (schema) => {
    const found = plain(doc, schema ?? {}).schema;
    const rows = found.properties?.data?.items;
    return [...Object.keys(found.properties ?? {}), ...(rows ? names(rows) : [])];
  };
  const answers = Object.entries(operation.responses ?? {});
  const success = answers.find(([status]) => status.startsWith("2"))?.[1];
  return [
    operation.operationId, operation.method, operation.path, operation.summary, operation.description, operation.tag,
    ...operation.parameters.map((parameter) => parameter.name), ...answers.map(([status]) => status),
    ...names(content(operation.requestBody)), ...names(content(success)),
  ].join(" ").toLowerCase();
}

const chapters = () => [...new Set(operations.map((operation) => operation.tag))];
const title = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase()).replace(/\bapi\b/i, "API");
const link = (operation) => `#${operation.tag}/${operation.operationId}`;
const badge = (method) => element("span", { class: `method ${method}` }, method === "delete" ? "DEL" : method.toUpperCase());

/** Where the API is: where this page came from. */
const base = () => new URL(".", location).href.replace(/\/$/, "");

/** The list of operations at the side. */
function drawMenu() {
  const drawn = chapters().map((chapter) => {
    const items = operations.filter((operation) => operation.tag === chapter).map((operation) => {
      const entry = element("a", { href: link(operation) }, badge(operation.method), operation.summary ?? operation.path);
      return element("li", { "data-id": operation.operationId }, entry);
    });
    return element("section", {}, element("h2", {}, element("a", { href: `#${chapter}` }, title(chapter))), element("ul", {}, items));
  });
  byId("chapters").replaceChildren(...drawn);
}

/** Hides what does not have all the words that were typed. */
function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Set(operations.filter((operation) => words.every((word) => operation.words.includes(word))).map((operation) => operation.operationId));
  for (const section of byId("chapters").children) {
    const items = [...section.querySelectorAll("li")];
    for (const item of items) item.hidden = !found.has(item.dataset.id);
    section.hidden = items.every((item) => item.hidden);
  }
  if (words.length) byId("menu").open = true;
  tell(words.length ? `${found.size} of ${operations.length} operations` : "");
}

function tell(text, bad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", bad);
}

/** Draws what the address names: the overview, a chapter, a chapter at one of its operations. */
function draw() {
  const [chapter, id] = location.hash.slice(1).split("/");
  // Places within what is drawn, or in the overview.
  if (chapter === "content" || chapter.startsWith("about-")) {
    if (byId("loading") || !byId(chapter)) drawOverview();
    byId(chapter)?.scrollIntoView();
    return;
  }
  if (chapters().includes(chapter)) drawChapter(chapter);
  else drawOverview();
  for (const entry of byId("chapters").querySelectorAll("a")) {
    const current = entry.getAttribute("href") === location.hash;
    if (current) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
    if (current && wide.matches) entry.scrollIntoView({ block: "nearest" });
  }
  document.title = chapters().includes(chapter) ? `${title(chapter)} – Rapport API` : "Rapport API";
  const target = (id && byId(id)) || byId("content").querySelector("h2");
  target?.focus({ preventScroll: true });
  if (id) target?.scrollIntoView();
  else scrollTo(0, 0);
}

function drawOverview() {
  const rows = (chapter) => operations.filter((operation) => operation.tag === chapter).map((operation) => element("tr", {},
    element("td", {}, badge(operation.method)),
    element("td", {}, element("a", { href: link(operation) }, element("code", {}, operation.path))),
    element("td", {}, operation.summary)));
  byId("content").replaceChildren(
    element("h2", { tabindex: "-1" }, spec.info?.summary ?? "Overview"),
    element("div", { class: "columns" },
      element("div", { class: "prose" }, markdown(spec.info?.description)),
      element("div", {}, code("In a terminal", `export RAPPORT_KEY=rk_…\ncurl '${base()}/v1/me' \\\n  -H "Authorization: Bearer $RAPPORT_KEY"`))),
    element("h2", {}, "Operations"),
    ...chapters().flatMap((chapter) => [
      element("h3", {}, element("a", { href: `#${chapter}` }, title(chapter))),
      element("table", { class: "index", "aria-label": title(chapter) }, element("tbody", {}, rows(chapter))),
    ]));
}

function drawChapter(chapter) {
  const help = spec.tags?.find((tag) => tag.name === chapter)?.description;
  const shown = operations.filter((operation) => operation.tag === chapter);
  byId("content").replaceChildren(
    element("h2", { tabindex: "-1" }, title(chapter)),
    element("div", { class: "prose" }, markdown(help)),
    ...shown.map(article));
}

/** One operation: what it takes and answers on the left, how that looks on the right. */
function article(operation) {
  const heading = element("h3", { id: operation.operationId, tabindex: "-1" }, operation.summary ?? operation.operationId,
    element("a", { class: "anchor", href: link(operation), "aria-label": `Link to ${operation.operationId}` }, "#"));
  const isPublic = operation.security?.length === 0;
  const route = element("p", { class: "route" }, badge(operation.method), element("code", {}, operation.path),
    element("span", { class: "type" }, element("code", {}, operation.operationId), isPublic ? ", without a credential" : ""));
  const body = contentOf(operation.requestBody);
  const left = element("div", {},
    operation.description ? element("div", { class: "prose" }, markdown(operation.description)) : "",
    parametersOf(operation),
    body ? [element("h4", {}, "Body"), fieldsOf(spec, body.schema)] : "",
    answersOf(operation));
  const right = element("div", {}, code("Request", curl(operation, body)), successes(operation).flatMap(([status, answer]) => {
    const example = exampleOf(contentOf(answer));
    return example === undefined ? [] : [code(`Answer ${status}`, JSON.stringify(example, null, 2), json(example))];
  }).slice(0, 1));
  return element("article", { "aria-labelledby": operation.operationId }, heading, route, element("div", { class: "columns" }, left, right));
}

const contentOf = (part) => Object.values(resolved(spec, part).content ?? {})[0];
const successes = (operation) => Object.entries(operation.responses ?? {}).filter(([status]) => status.startsWith("2"));

function exampleOf(content) {
  const named = Object.values(content?.examples ?? {})[0];
  return content?.example ?? resolved(spec, named).value;
}

function parametersOf(operation) {
  const places = [["path", "In the path"], ["query", "In the query string"], ["header", "Headers"]];
  return places.flatMap(([place, heading]) => {
    const rows = operation.parameters.filter((parameter) => parameter.in === place).map((parameter) =>
      field(spec, parameter.name, parameter.schema ?? {}, { required: parameter.required && place !== "path", description: parameter.description }));
    return rows.length ? [element("h4", {}, heading), fields(rows)] : [];
  });
}

function answersOf(operation) {
  const all = Object.entries(operation.responses ?? {});
  const good = successes(operation).map(([status, answer]) => {
    const content = contentOf(answer);
    const made = content?.schema ? nested(spec, plain(spec, content.schema).schema, 0) : "";
    return element("li", {}, element("span", { class: "status" }, status), resolved(spec, answer).description, made);
  });
  const others = all.filter(([status]) => !status.startsWith("2")).map(([status, answer]) => {
    const example = exampleOf(contentOf(answer));
    const shown = example === undefined ? "" : element("details", {}, element("summary", {}, "Example"), code(`Problem ${status}`, JSON.stringify(example, null, 2), json(example)));
    return element("li", {}, element("span", { class: "status" }, status), resolved(spec, answer).description, shown);
  });
  const problems = element("details", {}, element("summary", {}, `${others.length} ways in which it can be refused`), fields(others));
  return [element("h4", {}, "Answers"), fields(good), others.length ? problems : ""];
}

/** A line for a terminal. The key is a variable there, so that it stands in no history. */
function curl(operation, body) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const parameter = operation.parameters.find((one) => one.in === "path" && one.name === name);
    return encodeURIComponent(parameter?.example ?? name);
  });
  const lines = [`curl ${operation.method === "get" ? "" : `-X ${operation.method.toUpperCase()} `}${quoted(base() + path)}`];
  if (operation.security?.length !== 0) lines.push('-H "Authorization: Bearer $RAPPORT_KEY"');
  const example = exampleOf(body);
  if (example !== undefined) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(example, null, 2))}`);
  return lines.join(" \\\n  ");
}

/** Shows a document in place of the present one. */
function show(doc) {
  spec = doc;
  operations = operationsOf(doc);
  byId("version").textContent = doc.info?.version ?? "";
  drawMenu();
  search();
  draw();
}

async function fetched(path, headers = {}) {
  const answer = await fetch(path, { headers, cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw Object.assign(new Error(`${path} answers ${answer.status}`), { status: answer.status });
  return answer.json();
}

byId("access").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  tell("Loading the document of your workspace …");
  try {
    // A header takes no other characters, and no key has any.
    if (!/^[\x21-\x7e]+$/.test(key)) throw Object.assign(new Error("not a key"), { status: 401 });
    show(await fetched("v1/workspace/openapi.json", { Authorization: `Bearer ${key}` }));
    byId("access").reset();
    tell("This is the document of your workspace, with its own fields and objects.");
  } catch (error) {
    const why = {
      401: "That key is not good, or not any more.",
      403: "That key may not read this workspace's document.",
      404: "This server has no document for a workspace: what you see is what all workspaces share.",
    };
    tell(why[error.status] ?? "The server did not answer with a document. What you see is what all workspaces share.", true);
  }
});

byId("search").addEventListener("input", search);
byId("search").addEventListener("keydown", (event) => {
  const first = byId("chapters").querySelector("section:not([hidden]) li:not([hidden]) a");
  if (event.key === "Enter" && first) first.click();
  if (event.key === "Escape") { byId("search").value = ""; search(); }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  byId("search").focus();
});
byId("chapters").addEventListener("click", (event) => {
  // On a phone the list covers what was chosen.
  if (event.target.closest("a") && !wide.matches) byId("menu").open = false;
});
addEventListener("hashchange", draw);

const wide = matchMedia("(min-width: 48.01rem)");
const fit = () => { byId("menu").open = wide.matches; };
wide.addEventListener("change", fit);
fit();

fetched("v1/openapi.json").then(show, () => {
  byId("loading").replaceChildren("The OpenAPI document cannot be loaded. Is the server there?");
});
