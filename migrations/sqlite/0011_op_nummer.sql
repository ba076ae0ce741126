-- An entry in this index for every record about a person, for what the numbers of the records find nearly as well: the oldest that was not
-- handed over is the first of them after a number, and how many there are is counted from there.
drop index audit_betrokkene;
