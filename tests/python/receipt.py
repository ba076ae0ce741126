"""Verifies a receipt of the hub with nothing but its public key, as `Ondertekening` in receipt.proto says. It trusts no hub code."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTEXT = b"ketenhub-receipt-v1\x00"


class Invalid(Exception):
    """The receipt does not prove what it says; the text says why."""


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_path(leaf, index, size, path):
    """RFC 9162, 2.1.3.2: the root that this inclusion path leads to."""
    if index >= size:
        raise Invalid("the leaf lies outside the tree")
    at, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Invalid("the path is too long")
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while not at & 1 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise Invalid("the path is too short")
    return root


def canonical(message):
    """Fields in ascending order, no defaults, no unknown fields: what every protobuf writer of this contract writes."""
    clean = type(message)()
    clean.CopyFrom(message)
    clean.DiscardUnknownFields()
    return clean.SerializeToString(deterministic=True)


def verify(receipt, public_key, bericht=None):
    """Raises `Invalid` unless the holder of the key signed all of this receipt, and for this message when one is given."""
    body = type(receipt)()
    body.CopyFrom(receipt)
    body.ClearField("ondertekening")
    body.ClearField("zaad")
    verify_leaf(leaf_hash(canonical(body)), receipt.ondertekening, public_key)
    if bericht is not None and hashlib.sha256(canonical(bericht)).digest() != receipt.digest:
        raise Invalid("it is the receipt of another message")


def verify_leaf(leaf, signed, public_key):
    """Raises `Invalid` unless the holder of the key signed a tree with this leaf."""
    if signed.sleutel_id != hashlib.sha256(public_key).hexdigest()[:16]:
        raise Invalid("it was signed with another key")
    root = root_from_path(leaf, signed.blad_index, signed.boomgrootte, signed.pad)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed.handtekening, CONTEXT + root)
    except InvalidSignature as wrong:
        raise Invalid("the signature is wrong") from wrong
