"""The table of deadlines in the repository is the one that its script writes, byte for byte."""

import io
import pathlib
import unittest

import termijnen

TABLE = pathlib.Path(__file__).resolve().parents[1] / "it" / "termijnen" / "golden.csv"


class Table(unittest.TestCase):
    def setUp(self):
        file = io.StringIO()
        termijnen.write(file)
        self.written = file.getvalue()

    def test_the_committed_table_is_what_the_script_writes(self):
        committed = TABLE.read_bytes().decode()
        for number, pair in enumerate(zip(committed.splitlines(), self.written.splitlines()), start=1):
            self.assertEqual(*pair, f"{TABLE.name}, line {number}")
        self.assertEqual(committed, self.written)

    def test_it_covers_every_year(self):
        rows = self.written.splitlines()[1:]
        self.assertGreaterEqual(len(rows), 2000)
        self.assertEqual({int(row[:4]) for row in rows}, set(range(2015, 2046)))


if __name__ == "__main__":
    unittest.main()
