// SPDX-License-Identifier: GPL-2.0
// cri_client.mjs SOCKET METHOD JSON: one call of the Container Runtime Interface (k8s.io/cri-api runtime/v1), as a kubelet makes
// it; prints the first string of the answer, which is the new one's id. The messages have just what the tests ask for.
import http2 from "node:http2";
import net from "node:net";

const [socket, method, text] = process.argv.slice(2);
const a = JSON.parse(text);

const varint = (n) => { const b = []; for (; n > 127; n = Math.floor(n / 128)) b.push((n % 128) | 128); return Buffer.from([...b, n]); };
const bytes = (n, b) => Buffer.concat([varint(n * 8 + 2), varint(b.length), b]);
const str = (n, s) => s ? bytes(n, Buffer.from(s)) : Buffer.alloc(0);
const all = (n, list, fn) => Buffer.concat((list ?? []).map((v) => fn(n, v)));
const int = (n, v) => v ? Buffer.concat([varint(n * 8), varint(v)]) : Buffer.alloc(0);
const msg = (n, ...fields) => bytes(n, Buffer.concat(fields));

const NODE = 2;
// NamespaceOption: always the node's network, for which no CNI is needed
const namespaces = (n) => msg(n, int(1, NODE), int(2, a.hostPID ? NODE : 1));
const sandbox = (n) => msg(n, msg(1, str(1, a.pod), str(2, a.uid), str(3, a.namespace)),
	msg(8, str(1, a.cgroup), msg(2, namespaces(1))));
const mount = (n, [inside, host, readonly]) => msg(n, str(1, inside), str(2, host), int(3, readonly ? 1 : 0));
const container = (n) => msg(n, msg(1, str(1, a.name)), msg(2, str(1, a.image)), all(3, a.command, str), all(7, a.mounts, mount),
	all(6, Object.entries(a.env ?? {}), (k, [key, value]) => msg(k, str(1, key), str(2, value))),
	msg(15, msg(1, int(4, a.limit)), msg(2, msg(1, all(1, a.add, str), all(2, a.drop, str)), namespaces(3))));
const requests = {
	RunPodSandbox: () => sandbox(1),
	CreateContainer: () => Buffer.concat([str(1, a.sandbox), container(2), sandbox(3)]),
	StartContainer: () => str(1, a.id),
	StopPodSandbox: () => str(1, a.id),
	RemovePodSandbox: () => str(1, a.id),
};

const body = requests[method]();
const head = Buffer.alloc(5);
head.writeUInt32BE(body.length, 1);
const client = http2.connect("http://localhost", { createConnection: () => net.connect(socket) });
client.on("error", (e) => { console.error(e.message); process.exit(1); });
const call = client.request({ ":method": "POST", ":path": "/runtime.v1.RuntimeService/" + method, "content-type": "application/grpc", te: "trailers" });
const parts = [];
let status, why;
const trailers = (h) => { status ??= h["grpc-status"]; why ??= h["grpc-message"]; };
call.on("response", trailers);
call.on("trailers", trailers);
call.on("data", (b) => parts.push(b));
call.on("end", () => {
	client.close();
	if (status !== "0") {
		console.error(`${method}: ${decodeURIComponent(why ?? "")} (status ${status})`);
		process.exit(1);
	}
	const answer = Buffer.concat(parts).subarray(5);
	console.log(answer[0] === 10 ? answer.subarray(2, 2 + answer[1]).toString() : "");
});
call.end(Buffer.concat([head, body]));
