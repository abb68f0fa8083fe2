// A VNFM that reads a request with Node's http, URL and JSON.parse, and answers
// with what it read.
//
// Usage: node_http.mjs PORT

import http from "node:http";

const FIELDS = ["accept", "authorization", "content-type", "host", "if-match", "version", "x-auth-token"];

// An integer in decimal, or the bits of a double.
function number(value) {
  if (Number.isInteger(value)) {
    return BigInt(value).toString();
  }
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

// A tree that says of each value what it is.
function canonical(value) {
  if (Array.isArray(value)) {
    return { array: value.map(canonical) };
  }
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return { object: names.map((name) => [name, canonical(value[name])]) };
  }
  return typeof value === "number" ? { number: number(value) } : value;
}

function body(text) {
  if (text.length === 0) {
    return null;
  }
  try {
    return { json: canonical(JSON.parse(text.toString("utf8"))) };
  } catch {
    return { error: true };
  }
}

function report(request, text) {
  let path = null;
  let query = null;
  try {
    const url = new URL(request.url, "http://vnfm.example");
    path = url.pathname.split("/").slice(1).map(decodeURIComponent);
    query = [...url.searchParams];
  } catch {
    // It is not a URL, or not UTF-8.
  }
  const present = FIELDS.filter((name) => request.headers[name] !== undefined);
  const fields = Object.fromEntries(present.map((name) => [name, request.headers[name].replaceAll(", ", ",")]));
  return { method: request.method, path, query, fields, body: body(text) };
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(report(request, Buffer.concat(chunks))));
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
