"""The verification of audit proofs against trees made here, by the definitions of RFC 6962. It calls no hub."""

import hashlib
import unittest

import audit
from receipt import Invalid, node_hash
from test_receipt import split


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = split(len(leaves))
    return node_hash(root(leaves[:half]), root(leaves[half:]))


def subproof(first, leaves, known):
    if first == len(leaves):
        return [] if known else [root(leaves)]
    half = split(len(leaves))
    if first <= half:
        return subproof(first, leaves[:half], known) + [root(leaves[half:])]
    return subproof(first - half, leaves[half:], False) + [root(leaves[:half])]


class Consistency(unittest.TestCase):
    def test_every_size_up_to_forty_holds_and_no_other_root_does(self):
        leaves = [hashlib.sha256(bytes([number])).digest() for number in range(40)]
        for second in range(1, 41):
            for first in range(1, second + 1):
                path = subproof(first, leaves[:second], True)
                roots = root(leaves[:first]), root(leaves[:second])
                self.assertTrue(audit.consistent(first, roots[0], second, roots[1], path), (first, second))
                self.assertFalse(audit.consistent(first, bytes(32), second, roots[1], path))
                self.assertFalse(audit.consistent(first, roots[0], second, bytes(32), path))
                self.assertFalse(audit.consistent(first, roots[0], second, roots[1], path + [bytes(32)]))


class Keys(unittest.TestCase):
    def test_a_key_with_another_id_than_its_own_is_refused(self):
        with self.assertRaises(Invalid):
            audit.parse_key("example.com/log+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")


if __name__ == "__main__":
    unittest.main()
