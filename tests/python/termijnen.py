"""Writes the table of deadlines that the hub must reproduce. It shares no code with the hub: holidays and months come from two libraries.

    termijnen.py > tests/it/termijnen/golden.csv

Norms 2 and 3 stand there twice: strictly, and as the Algemene termijnenwet would extend them.
"""

import calendar
import csv
import datetime
import sys

import holidays
from dateutil.relativedelta import relativedelta

FIRST, LAST = 2015, 2045
# Every day of these: the year of the report, a leap year, one with Koningsdag on a Sunday, the earliest and the latest Easter.
WHOLE_YEARS = (2021, 2024, 2025, 2035, 2038)
COLUMNS = ("vanaf", "norm1", "norm2", "norm3", "norm2_verlengd", "norm3_verlengd")

DAY = datetime.timedelta(days=1)
WEEK = 7 * DAY
ORACLE = holidays.NL(categories=("public", "optional"), years=range(FIRST - 1, LAST + 2))
FEESTDAGEN = {day for day in ORACLE if day.weekday() != calendar.SUNDAY}


def is_werkdag(day):
    return day.weekday() < calendar.SATURDAY and day not in FEESTDAGEN


def fifth_werkdag(start):
    left, day = 5, start
    while left:
        day += DAY
        left -= is_werkdag(day)
    return day


def extended(day):
    while not is_werkdag(day):
        day += DAY
    return day


def deadlines(start):
    weeks, months = start + 6 * WEEK, start + relativedelta(months=3)
    return start, fifth_werkdag(start), weeks, months, extended(weeks), extended(months)


def around(day, before, after):
    return {day + number * DAY for number in range(-before, after + 1)}


def edge_days(year):
    days = set()
    for month in range(1, 13):
        days |= around(datetime.date(year, month, calendar.monthrange(year, month)[1]), 1, 1)
    for month in (3, 10):  # Summer time begins and ends on the last Sunday of these.
        sundays = (datetime.date(year, month, number) for number in range(25, 32))
        days |= around(next(day for day in sundays if day.weekday() == calendar.SUNDAY), 1, 1)
    days |= around(datetime.date(year, 4, 27), 2, 1) | around(datetime.date(year, 12, 31), 3, 0)
    for feestdag in (day for day in ORACLE if day.year == year):  # Its Sundays, too.
        # Begins beside it, begins a norm 1 that runs over it, and norms 2 and 3 that end on it.
        days |= around(feestdag, 1, 1) | {feestdag - WEEK, feestdag - 6 * WEEK, feestdag - relativedelta(months=3)}
    return days


def starts():
    days = set()
    for year in range(FIRST, LAST + 1):
        days |= edge_days(year)
        if year in WHOLE_YEARS:
            days |= around(datetime.date(year, 1, 1), 0, 365 if calendar.isleap(year) else 364)
    return sorted(day for day in days if FIRST <= day.year <= LAST)


def write(file):
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(deadlines(start) for start in starts())


if __name__ == "__main__":
    write(sys.stdout)
