#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""collector.py FILE: an OTLP/HTTP receiver on a port of loopback, which it prints. Of each span that is POSTed, as protobuf or
as JSON, FILE gets a line: service, trace id, span id, parent's id, name."""
import gzip
import http.server
import json
import sys

out = open(sys.argv[1], "a", buffering=1, encoding="utf-8")


def fields(b):
    """(number, value) of a protobuf message: int, or bytes"""
    at = 0

    def varint():
        nonlocal at
        n = shift = 0
        while True:
            n |= (b[at] & 127) << shift
            at += 1
            shift += 7
            if not b[at - 1] & 128:
                return n
    while at < len(b):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, b[at:at + size]
        at += size


def several(b, number):
    return [v for n, v in fields(b) if n == number]


def one(b, number):
    return (several(b, number) or [b""])[0]


def from_protobuf(body):
    for of_resource in several(body, 1):
        attributes = {one(a, 1): one(one(a, 2), 1) for a in several(one(of_resource, 1), 1)}
        for scope in several(of_resource, 2):
            for s in several(scope, 2):
                yield (attributes.get(b"service.name", b"?").decode(), one(s, 1).hex(), one(s, 2).hex(), one(s, 4).hex(),
                       one(s, 5).decode())


def from_json(body):
    for of_resource in json.loads(body).get("resourceSpans", []):
        attributes = {a["key"]: a["value"].get("stringValue") for a in of_resource["resource"]["attributes"]}
        for scope in of_resource["scopeSpans"]:
            for s in scope["spans"]:
                yield (attributes.get("service.name", "?"), s["traceId"], s["spanId"], s.get("parentSpanId", ""), s["name"])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        is_json = self.headers["Content-Type"].startswith("application/json")
        if self.path == "/v1/traces":
            for span in (from_json if is_json else from_protobuf)(body):
                print(*(f.replace("\t", " ").replace("\n", " ") for f in span), sep="\t", file=out)
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        answer = b"{}" if is_json else b""
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
