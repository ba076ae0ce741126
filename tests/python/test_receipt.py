"""The verification of receipts against trees and signatures made here, by the definitions of RFC 9162. It calls no hub."""

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import json_format

import client
import receipt

BERICHT, RECEIPT, EXCHANGE, _ = client.contract()


def split(count):
    """The largest power of two below the count."""
    return 1 << (count - 1).bit_length() - 1


def tree_root(entries):
    if len(entries) == 1:
        return receipt.leaf_hash(entries[0])
    half = split(len(entries))
    return receipt.node_hash(tree_root(entries[:half]), tree_root(entries[half:]))


def tree_path(index, entries):
    if len(entries) == 1:
        return []
    half = split(len(entries))
    if index < half:
        return tree_path(index, entries[:half]) + [tree_root(entries[half:])]
    return tree_path(index - half, entries[half:]) + [tree_root(entries[:half])]


def signed_receipts(key, count, digest=bytes(32)):
    public = key.public_key().public_bytes_raw()
    receipts = []
    for number in range(1, count + 1):
        one = RECEIPT.Receipt(afzender_oin="00000099000000001000", bericht_id=f"bericht-{number}", volgnummer=number)
        one.aanvaard_op.FromMicroseconds(1_900_000_000_000_000 + number)
        one.digest = digest
        one.ontvangers.add(oin="00000099000000002000", rol=2, postvaknummer=number)
        one.waarschuwingen.extend([1, 3])
        receipts.append(one)
    leaves = [one.SerializeToString(deterministic=True) for one in receipts]
    for index, one in enumerate(receipts):
        one.ondertekening.sleutel_id = hashlib.sha256(public).hexdigest()[:16]
        one.ondertekening.blad_index = index
        one.ondertekening.boomgrootte = count
        one.ondertekening.pad.extend(tree_path(index, leaves))
        one.ondertekening.handtekening = key.sign(receipt.CONTEXT + tree_root(leaves))
    return receipts, public


class Tree(unittest.TestCase):
    def test_every_path_of_every_small_tree_leads_to_its_root(self):
        for size in range(1, 40):
            entries = [bytes([number]) for number in range(size)]
            for index, entry in enumerate(entries):
                path = tree_path(index, entries)
                self.assertEqual(receipt.root_from_path(receipt.leaf_hash(entry), index, size, path), tree_root(entries))

    def test_a_path_for_another_leaf_or_of_another_length_does_not(self):
        entries = [bytes([number]) for number in range(13)]
        leaf, path = receipt.leaf_hash(entries[5]), tree_path(5, entries)
        for other in (4, 6, 12):
            try:
                self.assertNotEqual(receipt.root_from_path(leaf, other, 13, path), tree_root(entries))
            except receipt.Invalid:
                pass
        for wrong in (path[:-1], path + [leaf], []):
            with self.assertRaises(receipt.Invalid):
                receipt.root_from_path(leaf, 5, 13, wrong)
        with self.assertRaises(receipt.Invalid):
            receipt.root_from_path(leaf, 13, 13, path)


class Receipts(unittest.TestCase):
    def setUp(self):
        self.receipts, self.public = signed_receipts(Ed25519PrivateKey.generate(), 7)

    def test_a_receipt_proves_itself(self):
        for one in self.receipts:
            receipt.verify(one, self.public)

    def test_a_receipt_survives_json(self):
        text = json_format.MessageToJson(self.receipts[3])
        receipt.verify(json_format.Parse(text, RECEIPT.Receipt()), self.public)

    def test_a_changed_receipt_proves_nothing(self):
        def changed(change):
            one = RECEIPT.Receipt()
            one.CopyFrom(self.receipts[2])
            change(one)
            with self.assertRaises(receipt.Invalid):
                receipt.verify(one, self.public)

        changed(lambda one: setattr(one, "volgnummer", 99))
        changed(lambda one: one.waarschuwingen.pop())
        changed(lambda one: one.ontvangers.add(oin="00000099000000003000", rol=3, postvaknummer=1))
        changed(lambda one: setattr(one.ondertekening, "blad_index", 3))
        changed(lambda one: setattr(one.ondertekening, "handtekening", bytes(64)))
        changed(lambda one: one.ondertekening.pad.pop())

    def test_a_receipt_is_for_one_message_only(self):
        message = BERICHT.Bericht(bericht_id="een")
        digest = hashlib.sha256(receipt.canonical(message)).digest()
        (one,), public = signed_receipts(Ed25519PrivateKey.generate(), 1, digest)
        receipt.verify(one, public, message)
        with self.assertRaises(receipt.Invalid):
            receipt.verify(one, public, BERICHT.Bericht(bericht_id="twee"))

    def test_another_key_proves_nothing(self):
        with self.assertRaises(receipt.Invalid):
            receipt.verify(self.receipts[0], Ed25519PrivateKey.generate().public_key().public_bytes_raw())


class Client(unittest.TestCase):
    def test_the_command_line_tells_valid_from_invalid(self):
        (one, *_), public = signed_receipts(Ed25519PrivateKey.generate(), 1)
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "receipt.json")
            for volgnummer, status in ((one.volgnummer, 0), (one.volgnummer + 1, 1)):
                one.volgnummer = volgnummer
                with open(path, "w", encoding="utf-8") as file:
                    file.write(json_format.MessageToJson(one))
                command = [sys.executable, client.__file__, "verify", path, public.hex()]
                self.assertEqual(subprocess.run(command, capture_output=True, check=False).returncode, status)

    def test_an_unknown_field_is_still_there_on_the_wire(self):
        message = BERICHT.Bericht(bericht_id="x")
        known = message.SerializeToString()
        message.MergeFromString(client.UNKNOWN)
        request = EXCHANGE.SubmitRequest(bericht=message)
        self.assertTrue(request.SerializeToString().endswith(known + client.UNKNOWN))


if __name__ == "__main__":
    unittest.main()
