// SPDX-License-Identifier: GPL-2.0
// collector.mjs ZTRACE TRACE.zt DIR: what ztrace POSTs to an OTLP/HTTP receiver, and how it takes each answer.
// Ends with its counts.
import { createRequire } from "node:module";
import { spawn } from "node:child_process";
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const [ztrace, trace, dir] = process.argv.slice(2);
const require = createRequire(path.join(process.env.MODULES, "x.js"));
const proto = require("@opentelemetry/otlp-transformer/build/src/generated/root.js").opentelemetry.proto.collector;
let passed = 0, failed = 0;

async function check(what, fn) {
	try { await fn(); passed++; console.log("ok   " + what); }
	catch (e) { failed++; console.log(`FAIL ${what}: ${e.message}`); }
}

// Answers the n-th request (from 0) with what answer(n) says; keeps them all.
function receiver(where, answer) {
	const got = [];
	const server = http.createServer((req, res) => {
		const parts = [];
		req.on("data", (b) => parts.push(b));
		req.on("end", () => {
			const a = answer(got.length);
			got.push({ method: req.method, url: req.url, headers: req.headers, body: Buffer.concat(parts).toString() });
			if (!a)
				return; // never answers
			res.writeHead(a.status, { "Content-Type": "application/json", ...a.headers });
			res.end(a.body ?? "{}");
		});
	});
	return new Promise((done) => server.listen(where, () => done({ got, port: server.address().port, close: () => { server.closeAllConnections(); server.close(); } })));
}

function report(args, env = {}) {
	const p = spawn(ztrace, ["report", "--lang", "en", ...args, trace], { env: { ...process.env, ...env } });
	let out = "", err = "";
	p.stdout.on("data", (b) => out += b);
	p.stderr.on("data", (b) => err += b);
	return new Promise((done) => p.on("close", (code) => done({ code, out, err })));
}

const file = path.join(dir, "file.otlp");
await report(["-f", "otlp=" + file]);
const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n");

async function posts(what, { answer = () => ({ status: 200 }), where = 0, env = {}, said = /^$/, requests = 2, url } = {}, more = () => {}) {
	await check("otlp: " + what, async () => {
		const r = await receiver(where || { port: 0, host: "127.0.0.1" }, answer);
		try {
			const done = await report(["-f", "otlp=" + (url ?? ((p) => `http://127.0.0.1:${p}`))(r.port), "-f", "text"], env);
			assert.equal(done.code, 0, done.err);
			assert.match(done.err.trim(), said);
			assert.match(done.out, /ZT1002/);
			assert.equal(r.got.length, requests);
			await more(r.got, done);
		} finally { r.close(); }
	});
}

function asSent(got) {
	assert.deepEqual(got.map((g) => [g.method, g.url, g.headers["content-type"]]),
		[["POST", "/v1/traces", "application/json"], ["POST", "/v1/metrics", "application/json"]]);
	assert.deepEqual(got.map((g) => g.body), lines);
	for (const [type, g] of [[proto.trace.v1.ExportTraceServiceRequest, got[0]], [proto.metrics.v1.ExportMetricsServiceRequest, got[1]]]) {
		const back = type.toObject(type.fromObject(JSON.parse(g.body)));
		assert.equal(JSON.stringify(Object.keys(back)), JSON.stringify(Object.keys(JSON.parse(g.body))));
	}
	assert.match(got[0].headers["user-agent"], /^ztrace\//);
}

await posts("a collector gets what the file has", {}, asSent);
await posts("an address with a path and a slash", { url: (p) => `http://127.0.0.1:${p}/a/` },
	(got) => assert.deepEqual(got.map((g) => g.url), ["/a/v1/traces", "/a/v1/metrics"]));
await posts("a unix socket", { where: path.join(dir, "otlp.sock"), url: () => "unix:" + path.join(dir, "otlp.sock") }, asSent);
await posts("headers of OTEL_EXPORTER_OTLP_HEADERS", { env: { OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b,x=1" } },
	(got) => assert.deepEqual([got[0].headers["api-key"], got[1].headers.x], ["a b", "1"]));
await posts("no header beside those", { env: { OTEL_EXPORTER_OTLP_HEADERS: "x=1%0d%0aevil: 1" } },
	(got) => assert.deepEqual([got[0].headers.x, got[0].headers.evil], [undefined, undefined]));
for (const status of [429, 502, 503, 504])
	await posts(`${status} is tried again`, { answer: (n) => ({ status: n ? 200 : status, headers: { "Retry-After": "1" } }), requests: 3 },
		(got) => assert.deepEqual(got.map((g) => g.url), ["/v1/traces", "/v1/traces", "/v1/metrics"]));
await posts("but not for ever", { answer: () => ({ status: 503 }), requests: 3, said: /HTTP status 503; the report was not taken$/ });
for (const status of [400, 401, 404, 500])
	await posts(`${status} is not tried again, and only warned of`, { answer: () => ({ status }), requests: 1, said: new RegExp(`HTTP status ${status}; the report was not taken$`) });
await posts("a redirect is not followed", { answer: () => ({ status: 307, headers: { Location: "/elsewhere" } }), requests: 1, said: /HTTP status 307/ });
await posts("what was not taken is said, with nothing in it that a terminal obeys",
	{ answer: () => ({ status: 200, body: '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too \\u001b[31m old"}}' }), said: /not all was taken: too \\x1b\[31m old/ });
await posts("an answer without end is cut", { answer: () => ({ status: 200, body: "x".repeat(3 << 20) }) });
await posts("no answer is waited for a few seconds", { answer: () => null, requests: 1, said: /the report was not sent$/ });
await check("otlp: nobody there is only warned of, without the password in the address", async () => {
	const r = await receiver({ port: 0, host: "127.0.0.1" }, () => null);
	r.close();
	const done = await report(["-f", `otlp=http://me:hunter2@127.0.0.1:${r.port}`]);
	assert.equal(done.code, 0);
	assert.match(done.err, /the report was not sent/);
	assert.doesNotMatch(done.err, /hunter2/);
});
await check("otlp: other formats are not sent", async () => {
	const done = await report(["-f", "json=http://127.0.0.1:9/x"]);
	assert.equal(done.code, 2);
});

console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
