"""Verifies what the hub signed with nothing but its public key: a receipt, and where a delivery came from.

The form is written at `Ondertekening` in receipt.proto. That every field of a view is the sender's own is proved by more, see `Veldbewijs` in
bewijs.proto; `ketenhub view verify` does it.
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTEXT = b"ketenhub-receipt-v1\x00"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(message):
    """Fields in ascending order and no unknown ones: what every protobuf writer makes of a message of this contract."""
    copy = type(message).FromString(message.SerializeToString())
    copy.DiscardUnknownFields()
    return copy.SerializeToString(deterministic=True)


def verify_leaf(leaf, signed, key):
    """Raises ValueError unless the holder of the key signed a tree with this leaf (RFC 9162, 2.1.3.2)."""
    at, last, root = signed.blad_index, signed.boomgrootte - 1, sha256(leaf)
    if at > last:
        raise ValueError("the leaf lies outside the tree")
    for beside in signed.pad:
        if last == 0:
            raise ValueError("the path is too long")
        if at & 1 or at == last:
            root = sha256(b"\x01", beside, root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            root = sha256(b"\x01", root, beside)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ValueError("the path is too short")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signed.handtekening, CONTEXT + root)
    except InvalidSignature as wrong:
        raise ValueError("the signature is not of this hub") from wrong


def verify_receipt(receipt, bericht, key):
    """Raises ValueError unless the hub accepted this very message, to these recipients, at this moment."""
    body = type(receipt).FromString(receipt.SerializeToString())
    body.ClearField("ondertekening")
    body.ClearField("zaad")
    verify_leaf(b"\x00" + canonical(body), receipt.ondertekening, key)
    if receipt.digest != sha256(canonical(bericht)):
        raise ValueError("the receipt is of another message")


def verify_origin(levering, key):
    """Raises ValueError unless the hub signed that this sender submitted the message with this id."""
    herkomst = levering.bewijs.herkomst
    verify_leaf(b"\x02" + canonical(herkomst), levering.bewijs.ondertekening, key)
    if (herkomst.afzender_oin, herkomst.bericht_id) != (levering.afzender_oin, levering.bericht.bericht_id):
        raise ValueError("the proof is of another message")
