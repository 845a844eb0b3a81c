import { EXAMPLE_PUBLIC_KEY } from "./example-publish.ts";
import { type Answer, jsonAnswerOf, type Operation, type Parameter } from "./operation.ts";

const header = (name: string, about: string): Parameter => ({
  name,
  in: "header",
  about: `${about} (RFC 9110)`,
  schema: { type: "string" },
});
const segment = (name: string, about: string): Parameter => ({
  name,
  in: "path",
  about,
  schema: { type: "string" },
});
const text = (type: string, about: string): Answer => ({
  status: 200,
  about,
  content: { [type]: { type: "string" } },
});

const filenameRoot = segment("filenameRoot", "filenameRoot of an ExportConfig or a Mirror");
const conditional: readonly Parameter[] = [
  header("If-None-Match", "ETag that is known already"),
  header("If-Match", "ETag that it must have"),
];

const index: Operation = {
  method: "get",
  path: "/exports/{filenameRoot}/index.txt",
  id: "exportIndex",
  tag: "download",
  summary: "The list of files that phones should have, oldest first",
  about: "A line a file, relative to /exports/; empty before the first. Not to be cached.",
  parameters: [filenameRoot, ...conditional],
  answers: [
    { ...text("text/plain", "The list"), headers: ["ETag", "Cache-Control"] },
    { status: 304, about: "It is what If-None-Match names", headers: ["ETag"] },
    {
      status: 404,
      about: "There is no export or mirror of this name, or nothing was mirrored yet",
    },
    { status: 412, about: "It is not what If-Match names" },
  ],
  refusals: ["blob_unavailable", "internal"],
  examples: [
    { name: "index", summary: "A region's list", parameters: { filenameRoot: "mag" }, status: 200 },
    {
      name: "changed",
      summary: "A list that must still be as it was",
      parameters: { filenameRoot: "mag", "If-Match": '"0"' },
      status: 412,
    },
    {
      name: "unknown",
      summary: "A region that is not served here",
      parameters: { filenameRoot: "nowhere" },
      status: 404,
    },
  ],
};

const file: Operation = {
  method: "get",
  path: "/exports/{filenameRoot}/{file}",
  id: "exportFile",
  tag: "download",
  summary: "A signed file of keys",
  about: "A ZIP of export.bin and export.sig. It never changes under its name.",
  parameters: [
    filenameRoot,
    segment("file", "As the index names it"),
    ...conditional,
    header("Range", "Bytes wanted"),
    header("If-Range", "ETag of the file that the range is meant of"),
  ],
  answers: [
    {
      status: 200,
      about: "The file",
      content: { "application/zip": {} },
      headers: ["ETag", "Cache-Control"],
    },
    {
      status: 206,
      about: "A part of it",
      content: { "application/zip": {} },
      headers: ["ETag", "Content-Range"],
    },
    { status: 304, about: "It is what If-None-Match names", headers: ["ETag"] },
    { status: 404, about: "There is none of this name" },
    { status: 412, about: "It is not what If-Match names" },
    { status: 416, about: "It has no such bytes", headers: ["Content-Range"] },
  ],
  refusals: ["blob_unavailable", "internal"],
  examples: [
    {
      name: "file",
      summary: "A whole file",
      parameters: { filenameRoot: "mag", file: "1749787200-1749801600-00001.zip" },
      status: 200,
    },
    {
      name: "part",
      summary: "Its first four bytes",
      parameters: {
        filenameRoot: "mag",
        file: "1749787200-1749801600-00001.zip",
        Range: "bytes=0-3",
      },
      status: 206,
    },
    {
      name: "beyond",
      summary: "Bytes that it does not have",
      parameters: {
        filenameRoot: "mag",
        file: "1749787200-1749801600-00001.zip",
        Range: "bytes=999999999-",
      },
      status: 416,
    },
    {
      name: "unknown",
      summary: "A file that is not there any more",
      parameters: { filenameRoot: "mag", file: "0-1-00001.zip" },
      status: 404,
    },
  ],
};

const publicKeys: Operation = {
  method: "get",
  path: "/.well-known/exposure-keys.json",
  id: "publicKeys",
  tag: "download",
  summary: "The public keys that the files verify with",
  answers: [{
    ...jsonAnswerOf("ExposureKeys", "Those of all active signing keys"),
    headers: ["Cache-Control"],
  }],
  refusals: ["database_unavailable", "internal"],
  examples: [{
    name: "keys",
    summary: "All keys",
    status: 200,
    answer: { keys: [{ keyId: "310", keyVersion: "v1", publicKey: EXAMPLE_PUBLIC_KEY }] },
  }],
};

const healthz: Operation = {
  method: "get",
  path: "/healthz",
  id: "healthz",
  tag: "operation",
  summary: "Does the process live?",
  answers: [jsonAnswerOf("Health", "It does")],
  refusals: [],
  examples: [{ name: "live", summary: "Ask", status: 200, answer: { status: "ok" } }],
};

const readyz: Operation = {
  method: "get",
  path: "/readyz",
  id: "readyz",
  tag: "operation",
  summary: "May requests come?",
  answers: [
    jsonAnswerOf("Health", "They may"),
    jsonAnswerOf("Health", "Something that it needs does not answer, or it is about to end", 503),
  ],
  refusals: [],
  examples: [{
    name: "ready",
    summary: "Ask",
    status: 200,
    answer: { status: "ok", checks: { database: "ok", storage: "ok" } },
  }],
};

const metrics: Operation = {
  method: "get",
  path: "/metrics",
  id: "metrics",
  tag: "operation",
  summary: "Figures for Prometheus",
  caller: "metricsToken",
  answers: [text("text/plain", "In the text format of Prometheus")],
  refusals: ["unauthorized", "internal"],
  examples: [{ name: "metrics", summary: "All figures", status: 200 }],
};

const openApi: Operation = {
  method: "get",
  path: "/openapi.json",
  id: "openApi",
  tag: "operation",
  summary: "This document",
  answers: [{
    status: 200,
    about: "OpenAPI 3.1",
    content: { "application/json": { type: "object" } },
  }],
  refusals: [],
  examples: [{ name: "document", summary: "All of it", status: 200 }],
};

const docs: Operation = {
  method: "get",
  path: "/docs",
  id: "docs",
  tag: "operation",
  summary: "This document, for people",
  answers: [text("text/html", "A page without scripts")],
  refusals: [],
  examples: [{ name: "page", summary: "All of it", status: 200 }],
};

/** What phones download, and what tells how the server is. */
export const SERVER_OPERATIONS: readonly Operation[] = [
  index,
  file,
  publicKeys,
  healthz,
  readyz,
  metrics,
  openApi,
  docs,
];
