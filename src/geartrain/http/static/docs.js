"use strict";
// Shows openapi.json, and sends what is filled in. Everything from the document or from
// an answer becomes text, never markup.

const SHOWN = 8192; // Bytes of an answer: more would freeze the page.

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// What is between backticks becomes code.
function prose(text) {
  return text.split("`").map((part, number) => number % 2 ? element("code", { textContent: part }) : part);
}

function field(parameter) {
  const { name, schema } = parameter;
  const input = schema.enum
    ? element("select", {}, ...["", ...schema.enum].map((word) => element("option", { textContent: word })))
    : element("input", { placeholder: String(schema.default ?? parameter.example ?? "") });
  input.dataset.name = name;
  input.dataset.in = parameter.in;
  input.required = Boolean(parameter.required);
  return element("label", {}, element("code", { textContent: name }), input,
    element("small", {}, ...prose(parameter.description)));
}

function address(path, form, encoded = (_, value) => encodeURIComponent(value)) {
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("[data-name]")) {
    const { name } = input.dataset;
    if (input.dataset.in === "path") path = path.replace(`{${name}}`, () => encoded(name, input.value));
    else if (input.value === "") continue;
    else if (input.dataset.in === "query") query.set(name, input.value);
    else headers[name] = input.value;
  }
  return [path.slice(1) + (query.size ? `?${query}` : ""), headers];
}

// The same request for a shell; what is not filled in stays {a name}.
function curl(method, path, form) {
  const [url, headers] = address(path, form, (name, value) => value === "" ? `{${name}}` : encodeURIComponent(value));
  const body = form.querySelector("textarea");
  if (body?.dataset.type === "application/json") headers["Content-Type"] = "application/json";
  if (document.getElementById("token").value) headers.Authorization = "Bearer $TOKEN";
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const words = ["curl", ...(method === "GET" || (method === "POST" && body) ? [] : ["-X", method])];
  for (const [name, value] of Object.entries(headers)) {
    words.push("-H", name === "Authorization" ? `"${name}: ${value}"` : quoted(`${name}: ${value}`));
  }
  if (body) words.push("--data-binary", quoted(body.value));
  return [...words, quoted(new URL(url, location).href.replaceAll("%7B", "{").replaceAll("%7D", "}"))].join(" ");
}

async function send(method, path, form, output) {
  const [url, headers] = address(path, form);
  const body = form.querySelector("textarea");
  if (body?.dataset.type === "application/json") headers["Content-Type"] = "application/json";
  const token = document.getElementById("token").value;
  if (token) headers.Authorization = `Bearer ${token}`;
  output.textContent = `${method} /${url}\n`;
  try {
    const answer = await fetch(url, { method, headers, body: body?.value || undefined });
    output.textContent += `${answer.status} ${answer.statusText}\n`;
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let size = 0; reader && size < SHOWN;) {
      const { done, value } = await reader.read();
      if (done) return;
      output.textContent += value.slice(0, SHOWN - size);
      size += value.length;
      if (size >= SHOWN) {
        output.textContent += "\n…";
        await reader.cancel();
      }
    }
  } catch (error) {
    output.textContent += String(error);
  }
}

function endpoint(path, method, operation) {
  const output = element("pre", { ariaLive: "polite" });
  const form = element("form", {}, ...(operation.parameters ?? []).map(field));
  if (operation.requestBody) {
    const [type, content] = Object.entries(operation.requestBody.content)[0];
    const example = content.example ?? "";
    const text = element("textarea", { value: typeof example === "string" ? example : JSON.stringify(example) });
    text.dataset.type = type;
    form.append(element("label", {}, element("code", { textContent: "body" }), text,
      element("small", {}, ...prose(operation.requestBody.description))));
  }
  const command = element("pre", { className: "command" });
  const write = () => { command.textContent = curl(method, path, form); };
  write();
  form.append(element("button", { textContent: "Send" }));
  form.addEventListener("input", write);
  document.getElementById("token").addEventListener("input", write);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method, path, form, output);
  });
  const statuses = Object.entries(operation.responses).map(([status, { description }]) =>
    element("li", {}, element("code", { textContent: status }), ` ${description}`));
  return element("details", {},
    element("summary", {}, element("code", { className: `method ${method}`, textContent: method }),
      element("code", { textContent: path }), element("span", { textContent: operation.summary })),
    element("p", {}, ...prose(operation.description ?? "")), form, command, output,
    element("h3", { textContent: "Answers" }), element("ul", {}, ...statuses));
}

async function show() {
  const told = await (await fetch("openapi.json")).json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(told.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags;
      groups.set(tag, [...(groups.get(tag) ?? []), endpoint(path, method.toUpperCase(), operation)]);
    }
  }
  document.getElementById("about").after(element("p", {}, ...prose(told.info.description)));
  document.getElementById("asked").hidden = !told.components.securitySchemes;
  for (const [tag, endpoints] of groups) {
    const title = tag[0].toUpperCase() + tag.slice(1);
    document.getElementById("tags").append(element("a", { href: `#${tag}`, textContent: title }), " ");
    document.getElementById("endpoints").append(element("h2", { id: tag, textContent: title }), ...endpoints);
  }
}

show();
