"""A second reader of Footbridge's bytes, written from sync/FORMAT.md alone. It
shares nothing with the C code and reads strictly: what the document does not
allow raises Refused. Run by tests/second/run.sh on the document's examples."""
import hashlib
import re
import subprocess
import sys
from nacl import bindings, exceptions

DICTIONARY, DOCUMENT = "sync/dict/1.zdict", "sync/FORMAT.md"
CONTROL_KINDS, KIND_MAX, SEQ_MAX = range(1, 7), 9, (1 << 56) - 1
SEGMENT_MAX, PAYLOAD_MAX, VALUE_MAX = 1114112, 1 << 20, 1 << 18
TIME_MIN, TIME_MAX = -2208988800000, 253402300799999

class Refused(Exception):
    """The bytes are not what FORMAT.md allows."""

def want(rule, what):
    if not rule:
        raise Refused(what)

class Reader:
    """A cursor over bytes: every read is checked."""
    def __init__(self, data):
        self.data, self.at = bytes(data), 0
    def left(self):
        return len(self.data) - self.at
    def take(self, n):
        want(n <= self.left(), "truncated")
        self.at += n
        return self.data[self.at - n:self.at]
    def uint(self, most=(1 << 64) - 1):
        value = shift = 0
        byte = 128
        while byte > 127:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
        want(byte != 0 or shift == 7, "uint not in its shortest form")
        want(value <= most, "uint too large")
        return value
    def int(self):
        value = self.uint()
        return (value >> 1) ^ -(value & 1)
    def done(self):
        want(self.left() == 0, "bytes left over")

def sized(part):
    return len(part).to_bytes(8, "little") + part

def labelled(label, size, *parts, key=b""):
    """Hash(L, n, K, parts)"""
    return hashlib.blake2b(b"footbridge/" + label.encode() + b"/v1\0" +
                           b"".join(parts), digest_size=size, key=key).digest()

def read_value(r):
    tag = r.take(1)[0]
    want(tag <= 6, "unknown tag of a value")
    if tag in (0, 4):
        return (tag, r.take(16) if tag == 4 else None)
    if tag in (2, 3):
        data = r.take(r.uint(VALUE_MAX))
        want(tag == 3 or 0 not in data, "NUL in text")
        try:
            return (tag, data.decode("utf-8") if tag == 2 else data)
        except UnicodeDecodeError as e:
            raise Refused("text is not UTF-8") from e
    value = r.int()
    day = value // 1440 if tag == 6 else value
    want(tag == 1 or -719162 <= day <= 2932896, "year")
    return (tag, value)

def read_fields(r, count):
    fields = [(r.uint(63), read_value(r)) for _ in range(count)]
    numbers = [0] + [number for number, _ in fields]
    want(all(a < b for a, b in zip(numbers, numbers[1:])), "order of fields")
    return fields

def read_loose(r):
    return [r.take(1)[0], r.uint(128), r.take(16), r.take(16), r.int(),
            r.int(), read_fields(r, r.uint(63))]

class Payload:
    """The packed operations of one segment: self.ops, as read_loose gives."""
    def __init__(self, data):
        want(len(data) <= PAYLOAD_MAX, "payload too long")
        self.r = r = Reader(data)
        self.staff = [r.take(16) for _ in range(r.uint(256))]
        want(len(set(self.staff)) == len(self.staff), "staff twice")
        self.used, self.ops = min(1, len(self.staff)), []
        self.who = self.time = self.offset = last = 0
        tables = r.uint(128)
        want((tables == 0) == (not self.staff), "staff without operations")
        for _ in range(tables):
            table, count, row = r.uint(128), r.uint(4096), b""
            want(table > last and count > 0, "order of tables")
            last = table
            for _ in range(count):
                above, row = row, r.take(16)
                want(row > above, "order of rows")
                while not self.operation(table, row):
                    pass
        r.done()
        want(self.used == len(self.staff), "staff not used")

    def operation(self, table, row):
        """Read one; true when it is the last of its row."""
        r, head = self.r, self.r.uint(63 << 4 | 15)
        if head & 4:
            who = r.uint(256)
            want(who != self.who and who <= self.used and
                 who < len(self.staff), "staff index")
            self.used, self.who = max(self.used, who + 1), who
        self.time += r.int()
        want(TIME_MIN <= self.time <= TIME_MAX, "time")
        if head & 8:
            offset, before = r.int(), self.offset
            want(offset != before and -840 <= offset <= 840, "offset")
            self.offset = offset
        fields = read_fields(r, head >> 4)
        want(not head & 1 or fields, "a set without fields")
        want(len(self.ops) < 4096, "too many operations")
        self.ops.append([head & 1, table, row, self.staff[self.who], self.time,
                         self.offset, fields])
        return bool(head & 2)

def padded(n):
    e = n.bit_length() - 1
    step = 1 << e - e.bit_length() if n > 64 else 64
    return max((n + step - 1) // step * step, 64)

class Segment:
    """A parsed segment or stub."""
    def __init__(self, data):
        want(len(data) <= SEGMENT_MAX, "segment too long")
        r = Reader(data)
        form = r.take(1)[0]
        want(form < 2, "form")
        self.stub = form == 1
        self.read_header(r)
        self.header = r.data[1:r.at]
        want(len(self.header) <= 4096, "header too long")
        self.body = r.take(32 if self.stub else self.body_bytes)
        self.body_hash = self.body if self.stub else labelled(
            "segment-body", 32, self.body)
        self.signature = r.take(64)
        r.done()

    def read_header(self, r):
        want(r.take(2) == b"\1\1", "format or suite")
        byte = r.take(1)[0]
        self.kind, self.lane = byte >> 2, byte & 3
        self.chain = 0 if self.kind in CONTROL_KINDS else 1
        want(self.kind <= KIND_MAX and self.lane < 3 and
             (self.chain or not self.lane), "kind or lane")
        self.compartment, self.author = r.take(16), r.take(8)
        self.seq, self.position = r.uint(SEQ_MAX), r.uint(SEQ_MAX)
        want(0 < self.seq <= self.position, "seq or position")
        if self.chain:
            self.schema = r.uint(65535)
            want(self.schema > 0, "schema version")
            self.key_prefix, self.salt = r.take(4), r.take(16)
        self.body_bytes = r.uint(SEGMENT_MAX)
        n = self.body_bytes - 16
        want(self.kind or n > 0 and padded(n) == n, "length of the body")
        self.deps = [self.read_dep(r) for _ in range(r.uint(64))]
        want(all(a < b for a, b in zip(self.deps, self.deps[1:])), "order")

    def read_dep(self, r):
        author, number, ref = r.take(8), r.uint(SEQ_MAX << 1 | 1), r.take(16)
        chain, seq = number & 1, number >> 1
        want(seq > 0 and (author, chain) != (self.author, self.chain) and
             chain <= self.chain, "dependency")
        return (author, chain, seq, ref)

    def verify(self, network, previous, public_key):
        """The segment's id, once the signature over it was checked."""
        name = labelled("segment-identity", 32, network, sized(self.header),
                        previous, self.body_hash)
        text = b"footbridge/segment-sign/v1\0" + name
        try:
            bindings.crypto_sign_open(self.signature + text, public_key)
        except exceptions.BadSignatureError as e:
            raise Refused("signature") from e
        return name

    def derive(self, key):
        """key id, AEAD key, nonce"""
        header = sized(self.header)
        return (labelled("key-id", 16, key=key),
                labelled("segment-key", 32, header, key=key),
                labelled("segment-nonce", 24, header, key=key))

    def open(self, key):
        """The payload's bytes."""
        key_id, aead_key, nonce = self.derive(key)
        want(self.kind == 0 and not self.stub, "nothing to open")
        want(key_id[:4] == self.key_prefix, "another key")
        ad = b"footbridge/segment-ad/v1\0" + key_id + self.header
        try:
            return unpad(bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                self.body, ad, nonce, aead_key))
        except exceptions.CryptoError as e:
            raise Refused("AEAD") from e

def unpad(plain):
    r = Reader(plain)
    head = r.uint(PAYLOAD_MAX << 1 | 1)
    content = r.take(head >> 1 if not head & 1 else frame_bytes(plain[r.at:]))
    if head & 1:
        zstd = ["zstd", "-d", "-q", "-c", "-D", DICTIONARY]
        content = subprocess.run(zstd, input=content, capture_output=True,
                                 check=True).stdout
    want(len(content) == head >> 1, "length of the payload")
    want(padded(r.at) == len(plain) and not any(r.data[r.at:]), "padding")
    return content

def frame_bytes(data):
    """Length of the zstd frame that data begins with (RFC 8878, 3.1.1)."""
    r, last = Reader(data), 0
    want(r.take(4) == b"\x28\xb5\x2f\xfd", "magic of zstd")
    flags = r.take(1)[0]
    single = flags >> 5 & 1
    r.take((not single) + (0, 1, 2, 4)[flags & 3] +
           (single, 2, 4, 8)[flags >> 6])
    while not last:
        block = int.from_bytes(r.take(3), "little")
        last = block & 1
        r.take(1 if block >> 1 & 3 == 1 else block >> 3)
    r.take(flags & 4)
    return r.at

# ---- the examples of the document -------------------------------------------
with open(DOCUMENT, encoding="utf-8") as document:
    B = {name: bytes.fromhex(re.sub(";.*", "", body)) for name, body in
         re.findall(r"(?ms)^```hex (\S+)\n(.*?)^```", document.read())}
PUBLIC, NETWORK, PREVIOUS, KEY = map(Reader(B["inputs"]).take, (32, 16, 32, 32))

def refused(function, data):
    try:
        return function(data) is None
    except Refused:
        return True

def check(data):
    return Segment(data).verify(NETWORK, PREVIOUS, PUBLIC)

def checks():
    """Pairs of a name and whether it holds."""
    lone, many = B["segment-lone"], Payload(B["payload-many"]).ops
    s, r = Segment(lone), Reader(B["values"])
    values = [read_value(r) for _ in range(10)]
    yield "values", r.left() == 0 and values[3:6] == [
        (1, 300), (2, ""), (2, "caf\u00e9")] and values[8] == (5, 20543)
    yield "a lone operation packed is the loose one", Payload(
        B["payload-lone"]).ops == [read_loose(Reader(B["loose"]))]
    yield "operations", [op[:2] for op in many] == [
        [0, 3], [1, 17], [1, 17]] and many[2][4] - many[1][4] == 60000
    yield "derived values", b"".join(s.derive(KEY)) + s.body_hash + check(
        lone) == B["segment-lone-derived"]
    yield "a segment opens", s.open(KEY) == B["payload-lone"]
    yield "its stub verifies", check(B["segment-lone-stub"]) == check(lone)
    yield "a control segment verifies", check(B["segment-control"])
    yield "a compressed segment opens", check(B["segment-packed"]) and [
        op[6] for op in Payload(Segment(B["segment-packed"]).open(KEY)).ops
    ] == [[(5, (2, "unexcused"))]] * 12
    with open(DICTIONARY, "rb") as f:
        yield "the dictionary", labelled(
            "dictionary", 32, f.read()) == B["dictionary"]
    yield "truncations are refused", all(
        refused(check, lone[:n]) for n in range(len(lone))) and all(
        refused(Payload, B[name][:n]) for name in ("payload-lone",
        "payload-many") for n in range(len(B[name])))
    yield "changed bytes are refused", all(
        refused(check, lone[:n] + bytes([lone[n] ^ 1]) + lone[n + 1:])
        for n in range(len(lone)))

FAILED = 0
for number, (title, holds) in enumerate(checks(), 1):
    print(f"{'ok' if holds else 'not ok'} {number} - {title}")
    FAILED += not holds
sys.exit(FAILED != 0)
