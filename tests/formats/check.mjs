// SPDX-License-Identifier: GPL-2.0
// check.mjs DIR: every report of DIR/out (CASE.LANG.FORMAT) as the programs that it is written for read it.
// Prints a line a check and "N passed, N failed, 0 skipped" at the end.
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

const dir = process.argv[2];
const require = createRequire(path.join(process.env.MODULES, "x.js"));
const at = (name) => import(require.resolve(name));
// a package that only offers itself to import
const esm = (file) => import(path.join(process.env.MODULES, file));
const out = path.join(dir, "out");
const read = (f) => fs.readFileSync(path.join(out, f), "utf8");
const files = (format) => fs.readdirSync(out).filter((f) => f.endsWith("." + format)).sort();
let passed = 0, failed = 0;

// fn of each file of that format; one line for all of them
async function each(what, format, fn) {
	const list = files(format), bad = [];
	let n = 0;
	for (const f of list) {
		try { await fn(f, read(f)); n++; } catch (e) { bad.push(`  ${f}: ${String(e.message).slice(0, 2000)}`); }
	}
	await check(`${what} (${n})`, () => {
		assert(list.length >= 30, `only ${list.length} files`);
		assert(!bad.length, "\n" + bad.slice(0, 10).join("\n"));
	});
}

async function check(what, fn) {
	try { await fn(); passed++; console.log("ok   " + what); }
	catch (e) { failed++; console.log(`FAIL ${what}: ${e.message}`); }
}

// What no reader may ever see as it is
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u;
const COMMANDS = /##[a-z]*\[|^\s*::[a-z]/im;

const json = (f) => JSON.parse(read(f.replace(/\.[a-z]+$/, ".json")));
const told = (doc) => doc.incidents;

// --- json
const Ajv = require("ajv/dist/2020").default;
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
require("ajv-formats").default(ajv);
const schema = JSON.parse(fs.readFileSync(path.join(dir, "schema.json")));
const valid = ajv.compile(schema);
await each("json: ajv, JSON Schema 2020-12", "json", (f, text) => {
	assert(valid(JSON.parse(text)), ajv.errorsText(valid.errors));
	assert.doesNotMatch(text, UNSEEN);
	assert.doesNotMatch(text, COMMANDS);
});

// --- text, as a CI's log shows it
await each("text: nothing unseen, nothing that a runner obeys", "text", (f, text) => {
	assert.doesNotMatch(text, UNSEEN);
	assert.doesNotMatch(text, COMMANDS);
});

// --- github
const core = await esm("@actions/core/lib/core.js");

// actions/runner ActionCommand.TryParseV2, written from its rules
function command(line) {
	const m = /^\s*::([a-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/s.exec(line);
	assert(m, "no command: " + line.slice(0, 200));
	const undo = (s) => s.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%25", "%");
	const props = Object.fromEntries((m[2] ?? "").split(",").map((p) => [p.slice(0, p.indexOf("=")), undo(p.slice(p.indexOf("=") + 1))]));
	return { name: m[1], props, message: m[3].replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%") };
}

function asCoreWrites({ name, props, message }) {
	const kept = process.stdout.write;
	let text = "";
	process.stdout.write = (s) => { text += s; return true; };
	try {
		core[name](message, { title: props.title, file: props.file, startLine: props.line && Number(props.line),
			endLine: props.endLine && Number(props.endLine) });
	} finally { process.stdout.write = kept; }
	return text;
}

await each("github: byte for byte what @actions/core writes", "github", (f, text) => {
	const lines = text.split("\n").slice(0, -1);
	assert(lines.length <= 6, "too many annotations");
	for (const line of lines) {
		const c = command(line);
		assert(["error", "notice"].includes(c.name), c.name);
		assert(c.message.length <= 4096 && c.message.length > 10);
		assert.equal(line + "\n", asCoreWrites(c));
		assert.doesNotMatch(line, UNSEEN);
		assert.doesNotMatch(line, /##[a-z]*\[/);
	}
	const files = told(json(f)).map((i) => i.build && json(f).builds.find((b) => b.id === i.build)?.dockerfile);
	for (const line of lines.filter((l) => l.includes(",file=")))
		assert(files.some((d) => d && command(line).props.file.endsWith("/Dockerfile") === d.endsWith("/Dockerfile")));
});

// --- gitlab
const codequality = ajv.compile({
	type: "array",
	items: {
		type: "object", additionalProperties: false, required: ["description", "check_name", "fingerprint", "severity", "location"],
		properties: {
			description: { type: "string", minLength: 1 }, check_name: { type: "string", pattern: "^ZT\\d{4}$" },
			fingerprint: { type: "string", minLength: 1 }, severity: { enum: ["info", "minor", "major", "critical", "blocker"] },
			location: { type: "object", required: ["path", "lines"], properties: {
				path: { type: "string", minLength: 1, not: { pattern: "^\\./" } },
				lines: { type: "object", required: ["begin"], properties: { begin: { type: "integer", minimum: 1 } } } } },
		},
	},
});
await each("gitlab: the Code Quality report's format, no fingerprint twice", "gitlab", (f, text) => {
	const list = JSON.parse(text);
	assert(codequality(list), ajv.errorsText(codequality.errors));
	assert.equal(new Set(list.map((e) => e.fingerprint)).size, list.length);
	assert(list.length <= told(json(f)).length);
	for (const e of list)
		assert.doesNotMatch(e.description, UNSEEN);
	assert.doesNotMatch(text, COMMANDS);
});

// --- junit
const { parse } = await esm("junit2json/dist/esm/index.js").catch(() => at("junit2json"));
await each("junit: junit2json, sums as counted, no name twice", "junit", async (f, text) => {
	const suites = await parse(text);
	const cases = (suites.testsuite ?? []).flatMap((s) => s.testcase ?? []);
	const count = (k) => cases.filter((c) => c[k]).length;
	assert.deepEqual([suites.tests, suites.failures, suites.errors], [cases.length, count("failure"), count("error")]);
	assert.equal(new Set(cases.map((c) => c.classname + "\0" + c.name)).size, cases.length);
	for (const s of suites.testsuite ?? [])
		assert.equal(s.tests, s.testcase.length);
	assert.doesNotMatch(text, UNSEEN);
	assert.doesNotMatch(text, COMMANDS);
});

await check("junit: what did not run, and why", async () => {
	const skipped = async (f) => (await parse(fs.readFileSync(path.join(dir, "out", f), "utf8"))).testsuite
		.flatMap((s) => s.testcase).filter((c) => c.skipped).map((c) => `${c.classname} ${c.name.split("]")[0]}]: ${c.skipped[0].message}`);
	assert.deepEqual(await skipped("zt1002-parent-limit.en.junit"), ["ctx/Dockerfile [builder 5/5]: cached, or not reached"]);
	assert.deepEqual(await skipped("podman-rootless.en.junit"), ["ctx/Containerfile [3/5]: cached"]);
	assert.deepEqual(await skipped("buildctl-two-builds.en.junit"), ["other/Dockerfile [one 2/2]: cached, or run for another build"]);
});

// --- sarif: what Microsoft's multitool found, see run
await check("sarif: sarif-multitool with GitHub's rules", () => {
	const findings = JSON.parse(fs.readFileSync(path.join(dir, "multitool.sarif"))).runs.flatMap((r) => r.results ?? []);
	const seen = JSON.parse(fs.readFileSync(path.join(dir, "multitool.sarif"))).runs.flatMap((r) => r.artifacts ?? []);
	// SARIF2005: the project has no home page to name
	const bad = findings.filter((r) => r.ruleId !== "SARIF2005");
	assert(!bad.length, JSON.stringify(bad.slice(0, 3)));
	assert(findings.length >= 30 || seen.length >= 30, `only ${findings.length} findings: was it read?`);
});
await each("sarif: what it points to, and at most one result an incident", "sarif", (f, text) => {
	const run = JSON.parse(text).runs[0], doc = json(f);
	assert(run.results.length <= told(doc).length);
	for (const r of run.results) {
		assert.equal(run.tool.driver.rules[r.ruleIndex].id, r.ruleId);
		for (const l of r.locations ?? []) {
			const uri = decodeURI(l.physicalLocation.artifactLocation.uri.replaceAll("%23", "#").replaceAll("%3F", "?"));
			assert.match(l.physicalLocation.artifactLocation.uri, /^(file:\/\/\/|[^:]*$)/);
			assert(uri.length);
		}
		assert.doesNotMatch(r.message.text.replaceAll("\n", ""), UNSEEN);
	}
	assert.doesNotMatch(text, COMMANDS);
});

// --- chrome
await each("chrome: integers, nesting and order", "chrome", (f, text) => {
	const events = JSON.parse(text).traceEvents, last = new Map(), spans = new Map();
	for (const e of events) {
		assert(["M", "X", "C", "i"].includes(e.ph), e.ph);
		for (const k of ["pid", "tid", ...(e.ph === "M" ? [] : ["ts"]), ...(e.ph === "X" ? ["dur"] : [])])
			assert(Number.isSafeInteger(e[k]) && e[k] >= 0, `${k}: ${e[k]}`);
		assert.doesNotMatch(e.name, UNSEEN);
		if (e.ph === "C") {
			const key = e.pid + "\0" + e.name;
			assert(e.ts >= (last.get(key) ?? 0), "a counter goes back");
			last.set(key, e.ts);
			assert(Number.isSafeInteger(e.args.bytes));
		}
		if (e.ph !== "X")
			continue;
		const track = `${e.pid} ${e.tid}`;
		for (const [a, b] of spans.get(track) ?? [])
			assert(e.ts >= b || e.ts + e.dur <= a || (e.ts >= a && e.ts + e.dur <= b) || (e.ts <= a && e.ts + e.dur >= b), "does not nest");
		spans.set(track, [...(spans.get(track) ?? []), [e.ts, e.ts + e.dur]]);
	}
	assert.equal(events.filter((e) => e.ph === "i").length, told(json(f)).length);
});

// --- otlp
const proto = require("@opentelemetry/otlp-transformer/build/src/generated/root.js").opentelemetry.proto;
const known = new Set(Object.values({ ...require("@opentelemetry/semantic-conventions"), ...require("@opentelemetry/semantic-conventions/incubating") }));
const TYPES = { resourceSpans: proto.trace.v1.TracesData ?? proto.collector.trace.v1.ExportTraceServiceRequest,
	resourceMetrics: proto.metrics.v1.MetricsData ?? proto.collector.metrics.v1.ExportMetricsServiceRequest };

// OTLP/JSON has ids in hexadecimal, protobuf's own JSON in base64
function base64(node) {
	if (Array.isArray(node))
		return node.map(base64);
	if (node === null || typeof node !== "object")
		return node;
	return Object.fromEntries(Object.entries(node).map(([k, v]) =>
		[k, /^(traceId|spanId|parentSpanId)$/.test(k) ? Buffer.from(v, "hex").toString("base64") : base64(v)]));
}

function roundTrip(line) {
	const doc = JSON.parse(line), type = TYPES[Object.keys(doc)[0]];
	const wire = type.encode(type.fromObject(base64(doc))).finish();
	return { doc, back: type.toObject(type.decode(wire), { longs: String, bytes: String }) };
}

function keysOf(node, found = []) {
	if (node && typeof node === "object") {
		if (Array.isArray(node.attributes)) {
			found.push(...node.attributes.map((a) => a.key));
			assert.equal(new Set(node.attributes.map((a) => a.key)).size, node.attributes.length, "a key twice");
		}
		Object.values(node).forEach((v) => keysOf(v, found));
	}
	return found;
}

await each("otlp: through otlp-transformer's protobuf and back, keys of the conventions", "otlp", (f, text) => {
	const lines = text.trimEnd().split("\n");
	assert(lines.length <= 2);
	for (const line of lines) {
		const { doc, back } = roundTrip(line);
		assert.deepEqual(back, base64(doc));
		for (const key of keysOf(doc))
			assert(known.has(key) || key.startsWith("ztrace."), key);
		assert.doesNotMatch(line, UNSEEN);
		assert.doesNotMatch(line, COMMANDS);
	}
	if (!lines[0].startsWith('{"resourceSpans"'))
		return;
	const spans = JSON.parse(lines[0]).resourceSpans[0].scopeSpans[0].spans, ids = new Set(spans.map((s) => s.spanId));
	assert.equal(ids.size, spans.length, "a span id twice");
	for (const s of spans) {
		assert.match(s.traceId, /^(?!0+$)[0-9a-f]{32}$/);
		assert.match(s.spanId, /^(?!0+$)[0-9a-f]{16}$/);
		assert(!s.parentSpanId || ids.has(s.parentSpanId) || /^(?!0+$)[0-9a-f]{16}$/.test(s.parentSpanId));
		assert(BigInt(s.startTimeUnixNano) <= BigInt(s.endTimeUnixNano));
	}
	assert.equal(new Set(spans.map((s) => s.traceId)).size, 1);
	assert(spans.flatMap((s) => s.events ?? []).length <= told(json(f)).length);
});
await check("otlp: an incoming TRACEPARENT is the parent, one that was made is the command's own span", () => {
	const spans = (f) => JSON.parse(fs.readFileSync(path.join(dir, f), "utf8").split("\n")[0]).resourceSpans[0].scopeSpans[0].spans;
	const joined = spans("joined.otlp"), made = spans("made.otlp"), trace = "0af7651916cd43dd8448eb211c80319c";
	assert(joined.every((s) => s.traceId === trace) && made.every((s) => s.traceId === trace));
	assert.equal(joined[0].parentSpanId, "b7ad6b7169203331");
	assert.equal(made[0].spanId, "b7ad6b7169203331");
	assert.equal(made[0].parentSpanId, undefined);
	assert(joined.length > 2 && joined.slice(1).every((s) => joined.some((p) => p.spanId === s.parentSpanId)));
});

// --- markdown and chrome in a browser
const { chromium } = require("playwright-core");
const browser = await chromium.launchPersistentContext(path.join(dir, "chromium"), { executablePath: "/usr/bin/chromium", headless: true,
	args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync"] });
try {
	const page = await browser.newPage();
	const asked = [];
	await page.route(/^https?:/, (route) => { asked.push(route.request().url()); return route.abort(); });
	const MarkdownIt = require("markdown-it");
	// raw HTML stays, bare addresses become links: as GitHub does before it cleans up
	const md = new MarkdownIt({ html: true, linkify: true });
	const ALLOWED = new Set("H3 TABLE THEAD TBODY TR TH TD CODE PRE P BLOCKQUOTE DETAILS SUMMARY SUB STRONG SPAN".split(" "));
	await each("markdown: rendered as GitHub does, only our own elements, texts whole", "markdown", async (f, text) => {
		assert(Buffer.byteLength(text) <= 256 << 10);
		assert.doesNotMatch(text, UNSEEN);
		assert.doesNotMatch(text, COMMANDS);
		await page.setContent("<body>" + md.render(text) + "</body>");
		const got = await page.evaluate(() => ({ tags: [...document.body.querySelectorAll("*")].map((e) => e.tagName),
			attributes: [...document.body.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()),
			columns: [...document.querySelectorAll("tr")].map((r) => r.cells.length),
			heads: [...document.querySelectorAll("h3")].map((e) => e.innerText), text: document.body.innerText }));
		const alien = got.tags.filter((t) => !ALLOWED.has(t));
		assert(!alien.length, "elements: " + alien);
		assert(got.attributes.every((a) => a === "style"), "attributes: " + got.attributes);
		assert(got.columns.every((n) => n === 2 || n === 5), "cells: " + got.columns);
		assert.doesNotMatch(got.text, /&#?[a-z0-9]+;(?<!&lt;|&#0;)/);
		const shown = new Set(got.heads.map((h) => h.replace(/^:[a-z_]+: /, "")));
		if (f.startsWith("hostile."))
			assert([...shown].some((h) => h.includes("<script>alert(1)</script>") && h.includes("@team #1")), [...shown].join());
	});
	assert(!asked.length, "asked for " + asked);

	const release = path.dirname(require.resolve("speedscope/dist/release/index.html"));
	await check("chrome: speedscope imports it, a profile for each track", async () => {
		const wrong = [];
		page.on("pageerror", (e) => wrong.push(e.message));
		for (const name of ["compose-services.en", "hostile.en", "zt1003-host.en"]) {
			await page.goto("about:blank");
			await page.goto("file://" + path.join(release, "index.html"));
			await page.setInputFiles("input[type=file]", { name: name + ".json", mimeType: "application/json", buffer: Buffer.from(read(name + ".chrome")) });
			await page.waitForFunction(() => document.title.includes(".json") || document.querySelectorAll("canvas").length > 1, null, { timeout: 60000 });
			const title = await page.title();
			assert.match(title, new RegExp(name.split(".")[0] + "|\\["), title);
		}
		assert(!wrong.length, wrong.join());
	});
} finally {
	await browser.close();
}

console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
