"""Verifies checkpoints, proofs and cosignatures of the audit log from the documented formats alone: C2SP signed-note, tlog-checkpoint and
tlog-cosignature, RFC 6962 and RFC 9162, and `Auditrecord` in audit_service.proto. It trusts no hub code.

    audit.py checkpoint|cosignature|inclusion|consistency FILE KEY
"""

import base64
import hashlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf import json_format

import client
from receipt import Invalid, canonical, leaf_hash, node_hash, root_from_path

LOG, WITNESS = 0x01, 0x04
DASH = "\u2014 "


def key_id(name, kind, public_key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def parse_key(text):
    """`NAME+KEYID+KEY` of a signed note: the name, the type and the raw public key."""
    name, written, encoded = text.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    kind, public_key = raw[0], raw[1:]
    if key_id(name, kind, public_key).hex() != written or len(public_key) != 32:
        raise Invalid("the key does not have the id that it says")
    return name, kind, public_key


def signature_of(note, name, kind, public_key):
    """The text of a note, and the bytes after the key id in the line of this key."""
    text, lines = note.split("\n\n", 1)
    for line in lines.splitlines():
        if line.startswith(DASH + name + " "):
            raw = base64.b64decode(line.removeprefix(DASH + name + " "), validate=True)
            if raw[:4] == key_id(name, kind, public_key):
                return text + "\n", raw[4:]
    raise Invalid("it is not signed with this key")


def check(public_key, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature as wrong:
        raise Invalid("the signature is wrong") from wrong


def checkpoint(note, key):
    """The size and the root that this log signed."""
    name, kind, public_key = parse_key(key)
    if kind != LOG:
        raise Invalid("it is not the key of a log")
    text, signature = signature_of(note, name, kind, public_key)
    check(public_key, signature, text.encode())
    origin, size, root = text.splitlines()
    if origin != name or str(int(size)) != size:
        raise Invalid("it is no checkpoint of this log")
    return int(size), base64.b64decode(root, validate=True)


def cosignature(note, key):
    """The moment, in seconds, at which this witness found the checkpoint consistent."""
    name, kind, public_key = parse_key(key)
    if kind != WITNESS:
        raise Invalid("it is not the key of a witness")
    text, signature = signature_of(note, name, kind, public_key)
    seconds = int.from_bytes(signature[:8], "big")
    check(public_key, signature[8:], f"cosignature/v1\ntime {seconds}\n{text}".encode())
    return seconds


def inclusion(proof, key):
    """Raises `Invalid` unless the record is in the log that was signed."""
    size, root = checkpoint(proof.checkpoint, key)
    if size != proof.boomgrootte or proof.record.nr != proof.blad_index + 1:
        raise Invalid("the proof is of another tree")
    if root_from_path(leaf_hash(canonical(proof.record)), proof.blad_index, size, proof.pad) != root:
        raise Invalid("the record is not in the log")


def consistent(first, first_root, second, second_root, path):
    """RFC 9162, 2.1.4.2. The empty tree is the beginning of every other."""
    path = list(path)
    if first == 0 or first >= second:
        same = first_root == hashlib.sha256(b"").digest() if first == 0 else (first, first_root) == (second, second_root)
        return same and not path
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    small = large = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            small, large = node_hash(step, small), node_hash(step, large)
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            large = node_hash(large, step)
        at, last = at >> 1, last >> 1
    return last == 0 and small == first_root and large == second_root


def consistency(proof, key):
    """Raises `Invalid` unless the log of then is the beginning of the log that was signed."""
    size, root = checkpoint(proof.checkpoint, key)
    if size != proof.tot or not consistent(proof.van, proof.wortel_van, size, root, proof.pad):
        raise Invalid("the log of then is not the beginning of this one")


def main(what, file, key):
    with open(file, encoding="utf-8") as opened:
        text = opened.read()
    if what == "checkpoint":
        return checkpoint(text, key)[0]
    if what == "cosignature":
        return cosignature(text, key)
    (messages,) = client.contract("audit_service_pb2")
    if what == "inclusion":
        inclusion(json_format.Parse(text, messages.GetInclusionProofResponse()), key)
    else:
        consistency(json_format.Parse(text, messages.GetConsistencyProofResponse()), key)
    return "holds"


if __name__ == "__main__":
    try:
        print(main(*sys.argv[1:]))
    except Invalid as wrong:
        sys.exit(f"INVALID: {wrong}")
