"""Verifies a view, and the commitment in a receipt, as `Veldbewijs` in bewijs.proto says. It trusts no hub code: it knows the format from
that text, and who reads which field from the options in the contract's descriptors."""

import hashlib
import hmac
import importlib
import struct

import receipt
from receipt import Invalid

PACKAGE = "jeugdketen.hub.v1"
ORDINARY, LIST, OWN = "ordinary", "list", "own"
HEIGHT = 5
OPENS_A_CASE = 3  # ZAAKBAND_OPENT


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def u16(number):
    return struct.pack(">H", number)


def u32(number):
    return struct.pack(">I", number)


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def occurrences(data):
    """Number, bytes of the tag, bytes of the whole and, where it has a length, its inside: of every field of a message as it is encoded."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = read_varint(data, at)
        after_tag, inside = at, None
        if tag & 7 == 0:
            _, at = read_varint(data, at)
        elif tag & 7 == 1:
            at += 8
        elif tag & 7 == 5:
            at += 4
        elif tag & 7 == 2:
            length, at = read_varint(data, at)
            inside = data[at : at + length]
            at += length
        else:
            raise Invalid("a field has a form that this contract does not use")
        yield tag >> 3, data[begin:after_tag], data[begin:at], inside


def options():
    return importlib.import_module(f"{PACKAGE}.opties_pb2")


def zicht(field):
    return field.GetOptions().Extensions[options().zicht]


def readers_of(field):
    if zicht(field).allen:
        return 0xFFFFFFFF
    return sum(1 << role for role in zicht(field).lezers)


def own_part(field):
    return zicht(field).eigen_deel if zicht(field).HasField("eigen_deel") else None


def inner(field):
    """The message of this package that the field holds, if it holds one."""
    message = field.message_type
    return message if message is not None and message.file.package == PACKAGE else None


class Kind:
    """What the contract says of one kind of content."""

    def __init__(self, bericht):
        name = bericht.WhichOneof("inhoud")
        if name is None:
            raise Invalid("the message has no content")
        self.envelope = bericht.DESCRIPTOR
        self.content = self.envelope.fields_by_name[name]
        route = self.content.message_type.GetOptions().Extensions[options().route]
        self.opens = route.zaak == OPENS_A_CASE
        self.audience = 0
        for role in [to.rol for to in route.naar] + list(route.inzage):
            self.audience |= 1 << role
        self.narrowed = None
        found = set()
        members = [field.number for field in self.envelope.oneofs_by_name["inhoud"].fields]
        for field in self.envelope.fields:
            if field.number not in members or field.number == self.content.number:
                self._groups(field, self.audience, found)
        self.groups = sorted(found)

    def _groups(self, field, readers, found):
        readers &= readers_of(field)
        part = own_part(field)
        if part is not None:
            self.narrowed = part.rol
            readers &= ~(1 << part.rol)
        found.add(readers)
        if inner(field) is not None:
            for below in inner(field).fields:
                self._groups(below, readers, found)


def fields(data, descriptor, readers, path=b"", part=(ORDINARY, None)):
    """Every field of the commitment, in the order of the canonical form: where it counts, its readers, its path and its value."""
    previous, index, owners = None, 0, []
    for number, tag, whole, inside in occurrences(data):
        field = descriptor.fields_by_number.get(number)
        if field is None or (previous is not None and number < previous):
            raise Invalid("the message is not in canonical form")
        index = index + 1 if number == previous else 0
        previous = number
        mine = readers & readers_of(field)
        here = path + varint(number) + varint(index)
        if inner(field) is None:
            yield part, mine, here, whole
            continue
        narrowing = own_part(field)
        if narrowing is None:
            yield part, mine, here, tag
            yield from fields(inside, inner(field), mine, here, part)
            continue
        owner_number = inner(field).fields_by_name[narrowing.veld].number
        owner = next((content for number, _, _, content in occurrences(inside) if number == owner_number), b"")
        everybody, role = mine & ~(1 << narrowing.rol), mine & 1 << narrowing.rol
        yield (LIST, None), everybody, here, tag
        yield from fields(inside, inner(field), everybody, here, (LIST, None))
        own_path = path + varint(number) + varint(owners.count(owner))
        owners.append(owner)
        yield (OWN, owner), role, own_path, tag
        yield from fields(inside, inner(field), role, own_path, (OWN, owner))


class Group:
    """A group of fields whose seed is known."""

    def __init__(self, seed, head):
        self.seed, self.bytes = seed, head + mac(seed, b"")

    @staticmethod
    def ordinary(seed, readers):
        return Group(seed, b"\x11" + u32(readers))

    @staticmethod
    def own(seed, oin):
        return Group(seed, b"\x13" + u16(len(oin)) + oin)

    def add(self, path, value):
        self.bytes += sha256(b"\x10", mac(self.seed, path), u16(len(path)), path, value)

    def hash(self):
        return sha256(self.bytes)


def node(left, right):
    return sha256(b"\x14", left, right)


def own_parts(parts, seed):
    """The root of the own parts."""
    free, placed = list(range(2**HEIGHT)), {}
    for number, part in enumerate(parts):
        chance = int.from_bytes(mac(seed, b"plaats", u32(number))[:8], "big")
        placed[free.pop(chance % len(free))] = part

    def branch(height, number):
        if not any(place >> height == number for place in placed):
            return mac(seed, b"leeg", u32(height), u32(number))
        if height == 0:
            return placed[number]
        return node(branch(height - 1, 2 * number), branch(height - 1, 2 * number + 1))

    return branch(HEIGHT, 0)


def commitment(bericht, seed):
    """The commitment to a message as it was submitted."""
    kind = Kind(bericht)
    groups = {readers: Group.ordinary(mac(seed, b"groep", u32(readers)), readers) for readers in kind.groups}
    own = {}
    for (part, owner), readers, path, value in fields(receipt.canonical(bericht), kind.envelope, kind.audience):
        if part != OWN:
            groups[readers].add(path, value)
        elif readers:
            own.setdefault(owner, Group.own(mac(seed, b"eigen", owner), owner)).add(path, value)
    root = b""
    if kind.narrowed is not None:
        root = own_parts([group.hash() for group in own.values()], seed)
    return sha256(b"\x12", *(groups[readers].hash() for readers in kind.groups), root)


def verify_receipt(one, public_key, bericht):
    """The receipt holds, it is for this message, and its commitment is to the fields of this message."""
    receipt.verify(one, public_key, bericht)
    if one.zaad and commitment(bericht, one.zaad) != one.verbintenis:
        raise Invalid("its commitment is to something else than the message")


def verify_view(levering, public_key, role, oin):
    """Raises `Invalid` unless every field of the view is the sender's, unaltered, for the reader with this role and OIN."""
    bericht, proof = levering.bericht, levering.bewijs
    kind, herkomst, oin = Kind(bericht), proof.herkomst, oin.encode()
    receipt.verify_leaf(sha256(b"\x02", receipt.canonical(herkomst)), proof.ondertekening, public_key)
    if herkomst.bericht_id != bericht.bericht_id or (herkomst.zaak_geopend and not kind.opens):
        raise Invalid("it is the proof of another message")
    if herkomst.afzender_oin != levering.afzender_oin:
        raise Invalid("the sender is another one")
    if [group.lezers for group in proof.groepen] != kind.groups:
        raise Invalid("the groups are not those of this kind of message")
    if (kind.narrowed is not None) != proof.HasField("eigen_deel"):
        raise Invalid("the own parts are missing, or there are none")

    groups, own = {}, None
    for group in proof.groepen:
        if (group.WhichOneof("inhoud") == "zaad") != bool(group.lezers >> role & 1) or len(group.zaad or group.hash) != 32:
            raise Invalid("a group is not there as this reader must see it")
        if group.zaad:
            groups[group.lezers] = Group.ordinary(group.zaad, group.lezers)
    if proof.eigen_deel.zaad:
        if kind.narrowed != role:
            raise Invalid("this reader has no own part")
        own = Group.own(proof.eigen_deel.zaad, oin)

    for (part, owner), readers, path, value in fields(receipt.canonical(bericht), kind.envelope, kind.audience):
        if path == b"\x02\x00" and herkomst.zaak_geopend:
            continue
        if part == (LIST if kind.narrowed == role else OWN):
            continue
        if not readers >> role & 1 or (part == OWN and owner != oin):
            raise Invalid("the view holds a field that is not for this reader")
        group = own if part == OWN else groups[readers]
        if group is None:
            raise Invalid("the own part is not proved")
        group.add(path, value)

    root = b""
    if kind.narrowed is not None:
        root = proof.eigen_deel.wortel
        if own is not None:
            at, root = proof.eigen_deel.plaats, own.hash()
            if at >= 2**HEIGHT or len(proof.eigen_deel.pad) != HEIGHT:
                raise Invalid("the way of the own part does not fit its tree")
            for beside in proof.eigen_deel.pad:
                root = node(beside, root) if at & 1 else node(root, beside)
                at >>= 1
    hashes = [groups[group.lezers].hash() if group.lezers in groups else group.hash for group in proof.groepen]
    if sha256(b"\x12", *hashes, root) != herkomst.verbintenis:
        raise Invalid("a field of the view was altered, added or removed")
