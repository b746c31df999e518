// Small things that the page is put together from. Text is only ever set as text: the document of a workspace holds what
// people typed, and nothing of it may become markup.

/** An element with attributes and children; strings become text, and what is missing is left out. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ""));
  return made;
}

/** Markdown as the document uses it: headings, paragraphs, lists, code, emphasis and links. */
function markdown(text) {
  const blocks = (text ?? "").trim().split(/\n{2,}|\n(?=#)|(?<=^#.*)\n/m).filter((block) => block.trim());
  return blocks.map((block) => {
    const heading = block.match(/^(#+)\s+(.*)$/s);
    if (heading) return element("h3", { id: `about-${slug(heading[2])}` }, inline(heading[2]));
    if (/^[-*] /.test(block)) return element("ul", {}, block.split(/\n(?=[-*] )/).map((item) => element("li", {}, inline(item.slice(2)))));
    return element("p", {}, inline(block));
  });
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)\s]+\))/).map((part) => {
    if (part.startsWith("`") && part.length > 1) return element("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return element("strong", {}, part.slice(2, -2));
    const link = part.match(/^\[([^\]]+)\]\(([^)\s]+)\)$/);
    // Nothing but the web and this page: a link must not run a script.
    return link && /^(https?:|#)/.test(link[2]) ? element("a", { href: link[2], rel: "noreferrer" }, link[1]) : part;
  });
}

function slug(text) {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

/** A block of code with a title and a button that copies it. */
function code(title, text, content = text) {
  const copy = element("button", { type: "button", "aria-label": `Copy: ${title}` }, "Copy");
  const block = element("pre", { tabindex: "0", "aria-label": title }, element("code", {}, content));
  copy.addEventListener("click", async () => {
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    if (!copied) getSelection().selectAllChildren(block);
    copy.textContent = copied ? "Copied" : "Selected";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
  return element("figure", {}, element("figcaption", {}, title, copy), block);
}

/** JSON with its names, texts and words in colours. */
function json(value) {
  const parts = JSON.stringify(value, null, 2).split(/("(?:[^"\\]|\\.)*"(?:\s*:)?)|(\btrue\b|\bfalse\b|\bnull\b|-?\d[\d.eE+-]*)/);
  return parts.filter(Boolean).map((part) => {
    if (part.endsWith(":")) return element("span", { class: "json-name" }, part);
    if (part.startsWith('"')) return element("span", { class: "json-text" }, part);
    return /^[tfn\d-]/.test(part) ? element("span", { class: "json-word" }, part) : part;
  });
}
