"""Programs that want to be heard: rows 63–66."""

from __future__ import annotations

from polyrun.selftest.catalogue.attack import SECRET, Attack, Expect

_NO_ROUTE = "ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT"

ATTACKS = (
    Attack(
        rows=(63,),
        name="call-out",
        title="reach the internet by TCP, UDP, IPv6 and names",
        program="""
def tcp(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        s.connect((address, 443))
        return "connected"
def udp(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", (address, 53))
        return "sent"
attempt("tcp", lambda: tcp(socket.AF_INET, "192.0.2.1"))
attempt("udp", lambda: udp("192.0.2.1"))
attempt("broadcast", lambda: udp("255.255.255.255"))
attempt("multicast", lambda: udp("224.0.0.251"))
attempt("tcp6", lambda: tcp(socket.AF_INET6, "2001:db8::1"))
attempt("name", lambda: socket.getaddrinfo("example.com", 80)[0][4])
interfaces = [name for _, name in socket.if_nameindex()]
tell("interfaces", interfaces)
""",
        held=Expect(
            facts={
                "tcp": _NO_ROUTE,
                "udp": _NO_ROUTE,
                "broadcast": _NO_ROUTE + "|EACCES",
                "multicast": _NO_ROUTE,
                "tcp6": _NO_ROUTE,
                "name": "gaierror|E.*",
                "interfaces": r"\['lo'(, '(tunl|sit|ip6tnl|gre|erspan|gretap|ip_vti|ip6_vti|ip6gre)0')*\]",
            }
        ),
        capable={"tcp": "connected", "udp": "sent"},
    ),
    Attack(
        rows=(64,),
        name="call-the-host",
        title="reach a service on the host's loopback, and the cloud's metadata service",
        program="""
def ask(address, port):
    with socket.create_connection((address, port), timeout=1) as s:
        return s.recv(100).decode()
attempt("loopback", lambda: ask("127.0.0.1", P["port"]))
attempt("loopback alias", lambda: ask("127.9.9.9", P["port"]))
attempt("wildcard", lambda: ask("0.0.0.0", P["port"]))
attempt("mapped", lambda: ask("::ffff:127.0.0.1", P["port"]))
attempt("metadata", lambda: ask("169.254.169.254", 80))
""",
        held=Expect(
            facts={
                "loopback": "ECONNREFUSED|ENETUNREACH",
                "loopback alias": "ECONNREFUSED|ENETUNREACH",
                "wildcard": "ECONNREFUSED|ENETUNREACH",
                "metadata": _NO_ROUTE,
            }
        ),
        capable={"loopback": SECRET, "metadata": SECRET},
        outside_bound=1,
    ),
    Attack(
        rows=(65,),
        name="unix-sockets-of-the-host",
        title="connect to the host's abstract and named unix sockets",
        program="""
def ask(address):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(1)
        s.connect(address)
        return s.recv(100).decode()
attempt("abstract", lambda: ask("\\0" + P["abstract"]))
attempt("named", lambda: ask(P["planted"] + "/socket"))
seen = [line for line in read("/proc/net/unix").splitlines()[1:]]
tell("listed", "host's" if any(P["abstract"] in line for line in seen) else "none")
""",
        held=Expect(facts={"abstract": "ECONNREFUSED", "named": "ENOENT|EACCES", "listed": "none"}),
        capable={"abstract": SECRET, "named": SECRET},
        outside_bound=1,
    ),
    Attack(
        rows=(66,),
        name="listen",
        title="take a port of the host, and be reached from it",
        program="""
server = socket.socket()
attempt("same port", lambda: server.bind(("127.0.0.1", P["port"])))
attempt("privileged", lambda: socket.socket().bind(("0.0.0.0", 25)))
if not P["bound"]:
    server.listen()
    attempt("itself", lambda: socket.create_connection(("127.0.0.1", P["port"]), timeout=1) and "reached")
""",
        held=Expect(facts={"same port": "None", "itself": "reached", "privileged": "None|EACCES"}),
        capable={"same port": "EADDRINUSE"},
        outside_bound=1,
    ),
)
