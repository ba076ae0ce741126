"""A partner's client for the conformance kit, written from the .proto files alone: told by the environment, tells on standard output.

It receives by page, deduplicates, confirms what it has processed, repeats what may have been lost, and gives up what was refused. With
DUBBEL=1 it processes whatever comes, to see that the kit notices.
"""

import os
import pathlib
import sys
import time

import grpc
from google.protobuf import json_format

from client import contract

AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED)
OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


def tell(*words):
    print(*words, flush=True)


def told(name):
    return os.environ[f"KETENHUB_{name}"]


def read(name):
    return pathlib.Path(told(name)).read_bytes()


def receive(hub, exchange):
    last, seen = None, set()
    while True:
        try:
            stream = hub.Subscribe(exchange.SubscribeRequest(na=last))
            for event in stream:
                beat = event.WhichOneof("gebeurtenis") == "hartslag"
                number = event.hartslag.laatste_postvaknummer if beat else event.levering.postvaknummer
                if last is not None and number > last + (0 if beat else 1):
                    break
                if beat or not event.HasField("levering"):
                    continue
                message = event.levering.bericht
                key = (event.levering.afzender_oin, message.bericht_id)
                if message.bericht_id and (key not in seen or "DUBBEL" in os.environ):
                    seen.add(key)
                    tell("VERWERKT", number, message.bericht_id)
                last = max(number, last or 0)
                hub.Acknowledge(exchange.AcknowledgeRequest(tot_en_met=last), timeout=10)
        except grpc.RpcError:
            time.sleep(0.1)


def submit(hub, exchange, bericht):
    for path in sorted(pathlib.Path(told("BERICHTEN")).glob("*.json")):
        message = json_format.Parse(path.read_text(encoding="utf-8"), bericht.Bericht())
        while True:
            try:
                receipt = hub.Submit(exchange.SubmitRequest(bericht=message), timeout=30).receipt
                tell("ONTVANGSTBEWIJS", receipt.bericht_id, receipt.volgnummer)
            except grpc.RpcError as error:
                if error.code() in AGAIN:
                    time.sleep(0.1)
                    continue
                tell("GEWEIGERD", message.bericht_id, error.code().name)
            break


def main():
    bericht, _, exchange, stubs = contract()
    credentials = grpc.ssl_channel_credentials(read("CA"), read("KEY"), read("CERT"))
    with grpc.secure_channel(told("ENDPOINT"), credentials, OPTIONS) as channel:
        hub = stubs.ExchangeServiceStub(channel)
        if told("OPDRACHT") == "VERZEND":
            submit(hub, exchange, bericht)
        else:
            receive(hub, exchange)


if __name__ == "__main__":
    sys.exit(main())
