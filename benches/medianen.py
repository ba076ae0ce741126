"""Medians over the rounds of benches/vergelijk: rates, latencies, and the ratios of each round. It measures nothing."""

import json
import pathlib
import statistics
import sys

folder, rounds, out = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
everything = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
if out:
    pathlib.Path(out).write_text(json.dumps(everything, indent=2) + "\n")


def of(round_number, name):
    return everything.get(f"{round_number}-{name}")


def rate(report):
    return report["hub" if "hub" in report else "publish"]["per_second"]


def until(report):
    """Until everybody has it."""
    return report["everybody" if "everybody" in report else "consumed"]


def median(value, *names):
    values = []
    for number in range(1, rounds + 1):
        reports = [of(number, name) for name in names]
        if all(reports):
            values.append(value(*reports))
    return statistics.median(values) if values else None


print(f"{'':<28} {'a second':>10} {'p50 ms':>9} {'p99 ms':>9}   medians of {rounds} rounds")
for name, title in [
    ("unary", "hub, unary, 64 in flight"),
    ("stream", "hub, streams, 256 in flight"),
    ("nats-64", "NATS, 64 in flight"),
    ("nats-256", "NATS, 256 in flight"),
    ("rabbitmq-64", "RabbitMQ, 64 in flight"),
    ("rabbitmq-256", "RabbitMQ, 256 in flight"),
]:
    figures = lambda report: report["hub" if "hub" in report else "publish"]
    p50, p99 = (median(lambda report: figures(report)[key] / 1000, name) for key in ("p50_us", "p99_us"))
    print(f"{title:<28} {median(rate, name):>10.0f} {p50:>9.2f} {p99:>9.2f}")
for name in ["hub-e2e", "nats-e2e", "rabbitmq-e2e"]:
    if of(1, name):
        p50, p99 = (median(lambda report: until(report)[key] / 1000, name) for key in ("p50_us", "p99_us"))
        print(f"{name + ', delivered':<28} {of(1, name)['asked_per_second']:>10.0f} {p50:>9.2f} {p99:>9.2f}")

print("\nratios, medians of those of each round")
for one, other in [
    ("unary", "nats-64"),
    ("unary", "rabbitmq-64"),
    ("stream", "nats-64"),
    ("stream", "nats-256"),
    ("stream", "rabbitmq-64"),
    ("stream", "rabbitmq-256"),
]:
    print(f"{'hub ' + one + ' / ' + other:<40} {median(lambda a, b: rate(a) / rate(b), one, other):>8.2f}")
for other in ["nats-e2e", "rabbitmq-e2e"]:
    for key in ["p50_us", "p99_us"]:
        ratio = median(lambda a, b: until(a)[key] / until(b)[key], "hub-e2e", other)
        if ratio is not None:
            print(f"{'delivered, hub / ' + other + ', ' + key[:3]:<40} {ratio:>8.2f}")

for number in range(1, rounds + 1):
    for name in ["unary", "stream", "hub-e2e"]:
        report = of(number, name)
        for reason in report["machine"]["distrust"] if report else []:
            print(f"do not trust round {number}, {name}: {reason}")
