"""A second reader of Footbridge's bytes, written from sync/FORMAT.md alone: it shares nothing with
the C code. What the document does not allow raises ValueError or CryptoError. What PyNaCl lacks
comes by ctypes: AES-256-GCM from GnuTLS, zstd with a dictionary from libzstd."""
import ctypes, hashlib, json, pathlib, re, sys, types
from nacl import bindings as sodium, exceptions
TLS, ZSTD, SIZE = ctypes.CDLL("libgnutls.so.30"), ctypes.CDLL("libzstd.so.1"), ctypes.c_size_t
ZSTD.ZSTD_createDCtx.restype = SIZE
SEQ_MAX, SEGMENT_MAX, PAYLOAD_MAX, VALUE_MAX = (1 << 56) - 1, 1114112, 1 << 20, 1 << 18
TIME_MIN, TIME_MAX, ROOT, HERE = -2208988800000, 253402300799999, bytes(16), pathlib.Path("tests")
def want(rule, what):
    if not rule:
        raise ValueError(what)
def ascending(items):
    want(all(a < b for a, b in zip(items, items[1:])), "order")
    return items
class Reader:
    def __init__(self, data): self.data, self.at = bytes(data), 0
    def left(self): return len(self.data) - self.at
    def done(self): want(self.left() == 0, "bytes left over")
    def take(self, n):
        want(0 <= n <= self.left(), "truncated")
        self.at += n
        return self.data[self.at - n:self.at]
    def byte(self): return self.take(1)[0]
    def uint(self, most=(1 << 64) - 1, least=0):
        value, shift, byte = 0, 0, 128
        while byte > 127:
            byte = self.byte()
            value, shift = value | (byte & 127) << shift, shift + 7
        want((byte != 0 or shift == 7) and least <= value <= most, "uint")
        return value
    def int(self): return (lambda v: v >> 1 ^ -(v & 1))(self.uint())
    def bytes(self, most=VALUE_MAX): return self.take(self.uint(most))
    def text(self): return self.bytes().decode()
    def padded_text(self):
        start, text = self.at, self.take(self.byte()).decode()
        want(not any(self.take((start - self.at) % 32)), "padding of a text")
        return text
    def mark(self, size=8): return (lambda n: (n, self.take(n and size)))(self.uint(SEQ_MAX))
    def author(self): return (lambda n: (n, self.take(16 if n else 8)))(self.uint(SEQ_MAX))
    def read(self, fields, into=None):  # "name:type ...", a number being that many bytes
        into = into or types.SimpleNamespace()
        for field, kind in (f.split(":") for f in fields.split()):
            setattr(into, field, self.take(int(kind)) if kind.isdigit() else getattr(self, kind)())
        return into
def u64(n): return n.to_bytes(8, "little")
def sized(part): return u64(len(part)) + part
def named(label, *parts): return b"footbridge/" + label.encode() + b"/v1\0" + b"".join(parts)
def labelled(label, size, *parts, key=b""):
    return hashlib.blake2b(named(label, *parts), digest_size=size, key=key).digest()
def signed(message, signature, key): sodium.crypto_sign_open(signature + message, key)
aead_open = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt
def gcm_open(sealed, ad, nonce, key):
    handle, n, at = ctypes.c_void_p(), SIZE(len(sealed)), ctypes.create_string_buffer(key)
    out = ctypes.create_string_buffer(len(sealed))
    TLS.gnutls_aead_cipher_init(ctypes.byref(handle), 11, (SIZE * 2)(ctypes.addressof(at), 32))
    want(TLS.gnutls_aead_cipher_decrypt(handle, nonce, SIZE(12), ad, SIZE(len(ad)), SIZE(16),
                                        sealed, n, out, ctypes.byref(n)) == 0, "AES-GCM")
    return out.raw[:n.value]

# ---- the log
def read_value(r):
    tag = r.byte()
    want(tag <= 6, "unknown tag of a value")
    value = (lambda: None, r.int, r.text, r.bytes, lambda: r.take(16), r.int, r.int)[tag]()
    want(tag < 5 or -719162 <= value // (1440 if tag == 6 else 1) <= 2932896, "year")
    want(tag != 2 or "\0" not in value, "NUL in a text")
    return value
def read_payload(data):
    r, ops, tables, used, who, time, offset = Reader(data), [], [], 1, 0, 0, 0
    staff = [r.take(16) for _ in range(r.uint(256))]
    for _ in range(r.uint(128)):
        tables.append(r.uint(128, 1))
        rows = []
        for _ in range(r.uint(4096, 1)):
            rows.append(r.take(16))
            head = 0
            while not head & 2:
                head, before = r.uint(63 << 4 | 15), (who, offset)
                who = r.uint(used) if head & 4 else who
                used, time = max(used, who + 1), time + r.int()
                offset = r.int() if head & 8 else offset
                fields = [(r.uint(63), read_value(r)) for _ in range(head >> 4)]
                reason = fields[0][1] if fields and fields[0][0] == 0 else "-"
                want(isinstance(reason, str) and 0 < len(reason.encode()) <= 1000 and
                     (reason == "-" or head & 1), "reason")
                want(used <= len(staff) and (not head & 4 or who != before[0]) and
                     (not head & 8 or offset != before[1]) and abs(offset) <= 840 and
                     TIME_MIN <= time <= TIME_MAX and (fields or not head & 1), "operation")
                ascending([number for number, _ in fields])
                ops.append((head & 1, tables[-1], rows[-1], staff[who], time, offset, dict(fields)))
        ascending(rows)
    r.done()
    want(len(set(staff)) == len(staff) == used * bool(ops) and len(ops) <= 4096, "staff or size")
    return ascending(tables) and ops
def padded(n):
    e = n.bit_length() - 1
    step = 1 << e - e.bit_length() if n > 64 else 64
    return max((n + step - 1) // step * step, 64)
def unpad(plain):
    r = Reader(plain)
    head = r.uint(PAYLOAD_MAX << 1 | 1)
    size, rest, n = head >> 1, plain[r.at:], SIZE(r.left())
    if head & 1:
        frame, out = r.take(ZSTD.ZSTD_findFrameCompressedSize(rest, n)), (ctypes.c_char * size)()
        want(0 < size == ZSTD.ZSTD_getFrameContentSize(rest, n) == ZSTD.ZSTD_decompress_usingDict(
            SIZE(ZSTD.ZSTD_createDCtx()), out, SIZE(size), frame, SIZE(len(frame)), DICTIONARY,
            SIZE(len(DICTIONARY))), "zstd")
    content = out.raw if head & 1 else r.take(size)
    want(padded(r.at) == len(plain) and not any(r.take(r.left())), "padding")
    return content
class Segment:
    def __init__(self, data):
        r = Reader(data)
        r.read("stub:byte suite:2 kind:byte compartment:16 author:8 seq:uint position:uint", self)
        self.kind, lane = divmod(self.kind, 4)
        self.chain = {0: 1, 7: 2, 8: 3}.get(self.kind, 0)
        want(self.stub < 2 and self.suite == b"\1\1" and self.kind < 9 and lane < 3 and
             (self.chain or not lane) and (self.chain < 3 or lane == 2) and
             0 < self.seq <= self.position <= SEQ_MAX and
             (self.chain < 3 or self.seq <= 65536), "header")
        self.schema = r.uint(65535, 1) if self.chain in (1, 2) else 0
        if self.chain in (1, 3):
            self.key_prefix, self.salt = r.take(4), r.take(16)
        n = r.uint(SEGMENT_MAX)
        deps = [(r.take(8), r.uint(SEQ_MAX << 1 | 1, 2), r.take(16)) for _ in range(
            r.uint(64 if self.chain < 2 else 0))]
        self.deps = deps = ascending([(who, at & 1, at >> 1, ref) for who, at, ref in deps])
        want(all((self.author, self.chain) != d[:2] and d[1] <= self.chain for d in deps), "dep")
        self.header, self.body = data[1:r.at], r.take(32 if self.stub else n)
        self.hash = self.body if self.stub else labelled("segment-body", 32, self.body)
        self.signature = r.take(64)
        r.done()
        want(len(self.header) <= 4096 and len(data) <= SEGMENT_MAX and (
            self.chain not in (1, 3) or n > 16 and padded(n - 16) == n - 16), "length")
    def verify(self, network, previous, key):
        name = labelled("segment-identity", 32, network, sized(self.header), previous, self.hash)
        signed(named("segment-sign", name), self.signature, key)
        return name
    def open(self, key):
        key_id, header = labelled("key-id", 16, key=key), sized(self.header)
        want(self.chain in (1, 3) and not self.stub and key_id[:4] == self.key_prefix, "another key")
        return unpad(aead_open(self.body, named("segment-ad", key_id, self.header), labelled(
            "segment-nonce", 24, header, key=key), labelled("segment-key", 32, header, key=key)))

# ---- who is in the network, what they sealed, and who got which key
RECORDS = ("", "key:32 flags:uint name:text", "first:32 serial:uint box:32 sort:uint name:text",
           "sign:32 box:32 tls:32 agency:16 serial:uint roles:uint made:int office:text name:text",
           "incarnation:16")
class Replica:
    def __init__(self, network):
        self.network, self.root, self.records, self.segments = network, None, set(), []
        self.nodes, self.agencies, self.roles, self.authors, self.chains = {}, {}, {}, {}, {}
    def take_in(self, items):  # (type, bytes), in whatever order they verify; to what waits
        left = [i for i in items if (self.member, self.segment)[i[0]](i[1]) == "waits"]
        return left if len(left) == len(items) else self.take_in(left)
    def member(self, data):
        r = Reader(data)
        m = r.read("format:byte kind:byte network:16 issuer:16")
        want(m.format == 1 and 1 <= m.kind <= 4 and m.network == self.network, "start of a record")
        r.read(RECORDS[m.kind], m)
        if m.kind == 1:
            self.root = m.key if labelled("network-id", 16, m.key) == self.network else None
        elif m.kind == 3:
            ascending([r.take(16) for _ in range(r.uint(8))])
            r.read("word:64 tls_word:64", m)
        m.id, issuer = labelled("member-id", 32, data[:r.at]), self.nodes.get(m.issuer)
        key = self.root if m.issuer == ROOT else issuer and issuer.sign
        roles = 1 if m.issuer == ROOT else self.roles.get(m.issuer, 0)
        if not key or m.kind == 2 and not roles & 1 or m.kind == 3 and (
                m.agency not in self.agencies or not roles & 1 and not (
                    roles & 2 and issuer.agency == m.agency and not m.roles & 1)):
            return "waits"
        signed(named("member-sign", m.id), r.take(64), key)
        r.done()
        if m.kind == 2:
            self.hold(self.agencies, labelled("agency-id", 16, self.network, m.first), m)
        elif m.kind == 3:
            node = labelled("node-id", 16, m.sign, m.box, m.tls)
            signed(named("member-consent", self.network, node, m.agency), m.word, m.sign)
            signed(named("member-tls", self.network, node, m.agency), m.tls_word, m.tls)
            self.roles[node] = self.roles.get(node, 0) | m.roles
            self.hold(self.nodes, node, m)
        elif m.kind == 4:
            self.authors[labelled("author-tag", 16, m.issuer, m.incarnation)[:8]] = m.issuer
        return self.records.add(m.id)
    def hold(self, held, name, m):
        held[name] = max(held.get(name, m), m, key=lambda x: (x.serial, x.id))
    def segment(self, data):
        s = Segment(data)
        s.node = self.authors.get(s.author)
        chain = self.chains.setdefault((s.author, s.compartment, s.chain), [bytes(32)])
        ends = [(self.chains.get((who, s.compartment, kind), [])[at:at + 1] or [b""])[0][:16] == ref
                for who, kind, at, ref in s.deps]
        if not s.node or s.seq != len(chain) or not all(ends):
            return "waits"
        chain.append(s.verify(self.network, chain[-1], self.nodes[s.node].sign))
        return self.segments.append(s)
    def open_grant(self, s, pairs):  # entries by a registrar for one of {(kind, id): keys}
        r = Reader(s.body)
        owner, name = r.take(16), r.take(16)
        want(s.compartment == labelled("compartment-id", 16, self.network, owner, name), "grant")
        entries = read_entries(r, 1)
        basis, counts = r.bytes(), self.nodes[s.node].agency == owner and self.roles[s.node] & 4
        r.done()
        for number, e in enumerate(entries):
            if counts and (e.kind, e.to) in pairs:
                b = Reader(sodium.crypto_box_seal_open(e.box, *pairs[e.kind, e.to])).read(
                    "bound:16 key:32 subject:16 category:padded_text")
                want(e.right in (1, 2) and e.id == labelled("key-id", 16, key=b.key), "key")
                want(b.bound == labelled("grant-box", 16, s.compartment, e.id, s.node, u64(e.kind),
                                         e.to, u64(e.right), u64(e.number)), "box of another grant")
                ad = named("grant-basis-ad", s.compartment, e.id, s.node, bytes([e.kind]), e.to)
                why = basis[:1] == bytes([number]) and Reader(aead_open(basis[25:], ad, basis[
                    1:25], labelled("grant-basis-key", 32, key=b.key))).padded_text()
                yield b.key, b.subject, b.category, e.right, why

# ---- what control segments say
def read_entries(r, least):
    entries = []
    for _ in range(r.uint(256, least)):
        e = r.read("id:16 right:byte kind:byte to:16")
        want(e.kind < 2, "kind of recipient")
        e.number = r.uint() if e.kind == 0 else 0
        entries.append(r.read("box:bytes", e))
    ascending([(e.id, e.kind, e.to) for e in entries])
    return entries
def read_points(r):
    points = [(r.take(8), *(lambda v: (v & 3, v >> 2))(r.uint(SEQ_MAX << 2 | 3)), r.take(32))
              for _ in range(r.uint(64))]
    return ascending(points)
def read_control(kind, data):
    r = Reader(data)
    said = [r.take(16), r.take(16)]
    if kind == "remove":
        said += [r.uint(5), ascending([(r.uint(1), r.take(16)) for _ in range(r.uint(64, 1))]),
                 read_points(r), [(e.id, e.right, e.number) for e in read_entries(r, 0)], r.bytes()]
    if kind in ("judgement", "adopt"):
        said += [read_points(r)]
    if kind == "adopt":
        said += [ascending([r.take(32) for _ in range(r.uint(64))])]
    if kind == "transfer":
        said += [r.uint(1), r.take(16)]
        said += [r.take(32)] if said[2] else []
    if kind == "shred":
        said += [r.uint(1)]
        said += [r.take(32) if said[2] else r.bytes()]
    r.done()
    return said

# ---- messages and bundles
HELLO = ("low:uint high:uint format_low:uint format_high:uint network:16 stream:8 their:8" +
         " at:mark staged:mark pending:uint" * 3 + " receipts:byte own:author yours:author head:8")
def read_chunk(data):  # to hello and (0 member or 1 segment, bytes): all that this bundle has
    r, units, lane = Reader(data), [], 0
    head, step = r.take(2)
    want(head >> 4 == 1 and head & 1 and step <= 8, "head")
    hello = r.read(HELLO)
    while r.left():
        tag, before = r.byte(), lane
        lane = tag & 3
        want(not tag & 0xd8 and before <= lane < 3, "tag of a unit")
        want(r.uint(SEQ_MAX) if tag & 32 else units and lane == before, "position of a unit")
        units.append((tag >> 2 & 1, r.bytes(SEGMENT_MAX)))
    return hello, units
def open_bundle(data, node, pair):  # the whole file is checked first
    r, chunks, to = Reader(data), [], 0
    b = r.read("magic:10 network:16 sign:32 box:32 tls:32 id:16 part:uint made:int")
    want(b.magic == b"\x89FBND\r\n\x1a\1\1" and b.part, "a bundle of data")
    names = {r.take(16): (i, r.take(80)) for i in range(r.uint(64, 1))}
    h = labelled("bundle-ad", 32, sized(data[:r.at]))
    while to != 255:
        place = r.take(6)
        to, flags, text = place[0], place[1], r.take(int.from_bytes(place[2:], "little"))
        want(to == 255 or to < len(names) and flags == 0 and 17 <= len(text) <= 4194320, "chunk")
        chunks.append((to, place, text))
    want(len(text) == 64 and flags < 2 and r.left() == 0, "trailer")
    signed(labelled("bundle-sign", 32, data[:-64]), text, b.sign)
    number, box = names[node]
    b.key = labelled("bundle-key", 32, h, u64(number), key=sodium.crypto_box_seal_open(box, *pair))
    b.messages = [gcm_open(text, h + place, u64(i) + bytes(4), b.key) for i, (_, place, text) in
                  enumerate(c for c in chunks if c[0] == number)]
    return b

# ---- the checks
def refused(function, *args):
    try:
        return not function(*args)
    except (ValueError, exceptions.CryptoError):
        return True
def flipped(data): return (data[:n] + bytes([data[n] ^ 1]) + data[n + 1:] for n in range(len(data)))
def verify(data): return Segment(data).verify(NETWORK, PREVIOUS, PUBLIC)
def taken(units):
    replica = Replica(GIVEN)
    want(replica.take_in(units) == [], "units that wait for others")
    return replica
DICTIONARY, BUNDLE, KEYS, ROWS = ((HERE / path).read_bytes() for path in (
    "../sync/dict/1.zdict", "second/golden.bundle", "second/golden.json", "second/golden.txt"))
B = {name: bytes.fromhex(re.sub(";.*", "", text)) for name, text in re.findall(
    r"(?ms)^```hex (\S+)\n(.*?)^```", (HERE / "../sync/FORMAT.md").read_text("utf-8"))}
PUBLIC, NETWORK, PREVIOUS, KEY = map(Reader(B["inputs"]).take, (32, 16, 32, 32))
GIVEN, ID, SECRET, MASTER, *IDS = map(bytes.fromhex, list(json.loads(KEYS).values())[2:])
def checks(lines, keys):
    lone, stub, packed, clear = (B["segment-" + x] for x in "lone lone-stub packed control".split())
    yield "the document's segments verify", verify(packed) and verify(clear) and (
        verify(lone) == verify(stub) == B["segment-lone-derived"][-32:])
    yield "and open", Segment(lone).open(KEY) == B["payload-lone"] and [
        op[6] for op in read_payload(Segment(packed).open(KEY))] == [{5: "unexcused"}] * 12
    part = Segment(B["segment-attachment"]).open(KEY)
    yield "a part of a document fits its list and root", verify(B["segment-attachment"]) and (
        part == B["part-only"] and labelled("document-part", 32, part[18:]) == B["part-list"][18:]
        and labelled("document-root", 32, u64(3), B["part-list"][18:]) == B["part-derived"])
    of = {x: read_control(x.partition("-")[0], B[x]) for x in (
        "remove judgement adopt transfer transfer-accept shred shred-done").split()}
    yield "control says who leaves, what is cut, void, adopted, handed over, destroyed", (
        of["remove"][2:4] == [4, [(0, b"\x33" * 16), (1, b"\x22" * 16)]]
        and [p[1:3] for p in of["remove"][4]] == [(0, 0), (1, 300)]
        and of["remove"][5] == [(b"\x60" * 16, 2, 1)] and of["judgement"][2][0][3] == bytes(32)
        and of["adopt"][3] == [b"\x70" * 32] and of["transfer-accept"][4] == b"\x71" * 32
        and of["shred"][3] == b"" and of["shred-done"][3] == b"\x72" * 32)
    pair = sodium.crypto_scalarmult_base(SECRET), SECRET
    b = open_bundle(BUNDLE, ID, pair)
    yield "the bundle verifies and opens", B["bundle-derived"].endswith(b.key)
    hello, units = read_chunk(*b.messages)
    world = taken(units)
    yield "its records and segments verify in any order", taken(units[::-1]).records and labelled(
        "member-head", 32, u64(len(world.records)), *sorted(world.records))[:8] == hello.head
    yield "its sender is a member", labelled("node-id", 16, b.sign, b.box, b.tls) in world.nodes
    agency = sodium.crypto_box_seed_keypair(labelled("agency-secret", 32, key=MASTER))
    pairs = {(1, ID): pair, (0, world.nodes[ID].agency): agency}
    for s in (s for s in world.segments if s.kind == 1):
        for keys[s.compartment], *what in world.open_grant(s, pairs):
            lines.append(f"{world.nodes[s.node].name} grants row {IDS.index(what[0])}: {what[1:]}")
    for s in (s for s in world.segments if s.kind == 0):
        lines += [f"{world.nodes[s.node].name} kind {op[0]} table {op[1]} row {IDS.index(op[2])}: "
                  f"{op[4:]}" for op in read_payload(s.open(keys[s.compartment]))]
    print(*(f"# {line}" for line in lines), sep="\n")
    yield "its grants and rows are as expected", lines == ROWS.decode().splitlines()
    yield "a flipped bit anywhere in the bundle is refused", all(
        refused(open_bundle, x, ID, pair) for x in flipped(BUNDLE))
    yield "a cut bundle is refused", all(
        refused(open_bundle, BUNDLE[:n], ID, pair) for n in range(len(BUNDLE)))
    yield "so is another recipient's key", refused(open_bundle, BUNDLE, ID, agency)
    yield "a flipped bit in a record or a segment is refused", all(
        refused(taken, units[:i] + [(kind, x)]) for i, (kind, data) in enumerate(units)
        for x in list(flipped(data))[i % 8::8])
def report(number, title, holds):
    print(f"{'ok' if holds else 'not ok'} {number} - {title}")
    return not holds
sys.exit(any([report(number, *check) for number, check in enumerate(checks([], {}), 1)]))
