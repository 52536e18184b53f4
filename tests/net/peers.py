#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The other ends of the network tests: DNS, HTTP, TLS, a proxy. usage: peers.py ADDRESS CERT.pem ROOT

DNS of *.test: nx has no address and does not exist, fail is SERVFAIL, silent is not answered, flaky only the third time,
dropped is 10.213.9.9, unreachable 10.213.8.8, inside 10.213.7.7, narrow 10.213.6.1, all others are ADDRESS.
Debian's own server is 10.213.9.9, its mirror ADDRESS. Ports: 80 HTTP (what is below ROOT, and /ok), 443 TLS with a certificate that nobody
knows, 444 ends each connection at the ClientHello, 445 an alert, 446 speaks HTTP, 447 breaks off in the middle,
448 resets, 449 falls silent in the middle, 450 at once, 3128 a proxy that wants a password, 3129 one that gets nowhere. "ready" on stdout when all listen."""
import os.path
import re
import socket
import ssl
import struct
import sys
import threading

ADDRESS, CERT, ROOT = sys.argv[1:4]
PLACES = {"dropped": "10.213.9.9", "unreachable": "10.213.8.8", "inside": "10.213.7.7", "narrow": "10.213.6.1"}
KNOWN = {"deb.debian.org": "dropped", "mirrors.aliyun.com": "mirror"}
asked = {}


def answer(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace").lower())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question, first = query[12:at + 5], labels[0] if labels[1:] == ["test"] else KNOWN.get(".".join(labels), "nx")
    asked[first] = asked.get(first, 0) + 1
    if first == "silent" or (first == "flaky" and asked[first] <= 2):
        return None
    rcode = {"nx": 3, "fail": 2}.get(first, 0)
    data = b"" if rcode or kind != 1 else socket.inet_aton(PLACES.get(first, ADDRESS))
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + data if data else b""
    return query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, 1 if data else 0, 0, 0) + question + record


def dns(sock):
    while True:
        query, who = sock.recvfrom(2048)
        reply = answer(query)
        if reply:
            sock.sendto(reply, who)


def request(c):
    data = b""
    while b"\r\n\r\n" not in data:
        more = c.recv(4096)
        if not more:
            return None
        data += more
    return data.split(b"\r\n")[0].decode("latin-1")


def respond(c, status, body=b"", more=""):
    c.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n".encode() + body)


def http(c):
    line = request(c)
    if line and " /big" in line:
        respond(c, "200 OK", b"x" * 3000)
    elif line and os.path.isfile(ROOT + line.split()[1]):
        with open(ROOT + line.split()[1], "rb") as f:
            respond(c, "200 OK", f.read())
    elif line:
        respond(c, "200 OK", b"good\n") if re.match(r"(GET|HEAD) /ok", line) else respond(c, "404 Not Found", b"no\n")


def tls(c):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(CERT)
    with ctx.wrap_socket(c, server_side=True) as s:
        http(s)


def cut(c):
    c.recv(16)
    c.recv(65536)  # all of the ClientHello: else closing resets


def alert(c):
    c.recv(65536)
    c.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


def no_tls(c):
    c.recv(65536)
    c.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def broken(c):
    request(c)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    reset(c)


def fall_silent(c):
    request(c)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    c.recv(1)


def silent(c):
    while c.recv(4096):
        pass


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_hello(c):
    c.recv(65536)
    reset(c)


def proxy_password(c):
    if request(c):
        respond(c, "407 Proxy Authentication Required", b"no\n", 'Proxy-Authenticate: Basic realm="x"\r\n')


def proxy_lost(c):
    if request(c):
        respond(c, "502 Bad Gateway", b"no\n")


def serve(port, handler):
    def one(c):
        try:
            with c:
                c.settimeout(10)
                handler(c)
        except (OSError, ssl.SSLError):
            pass

    def accept():
        while True:
            threading.Thread(target=one, args=(s.accept()[0],), daemon=True).start()

    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port))
    s.listen(64)
    threading.Thread(target=accept, daemon=True).start()


for number, how in {80: http, 443: tls, 444: cut, 445: alert, 446: no_tls, 447: broken, 448: reset_hello, 449: fall_silent, 450: silent,
                    3128: proxy_password, 3129: proxy_lost}.items():
    serve(number, how)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((ADDRESS, 53))
print("ready", flush=True)
dns(udp)
