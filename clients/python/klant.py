"""A whole client of the hub, for every role: it submits, receives, deduplicates, confirms, tries again and verifies.

    klant.py --als rechtbank submit BERICHT.json...           prints the receipt of each
    klant.py --als gi receive INBOX.jsonl [--aantal N]        adds each delivery to the inbox, once; N: end after so many new ones

The certificate says who you are: NAAM.pem and NAAM.key, beside ca.pem in --certs. With --sleutel, the public key of the hub, what it signed
is verified.
"""

import argparse
import json
import os
import pathlib
import sys
import time

import grpc
from google.protobuf import json_format

import bewijs

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "proto"))
contract, services = grpc.protos_and_services("jeugdketen/hub/v1/exchange_service.proto")  # compiled here and now, by grpcio-tools
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


def line(message):
    return json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None)


def submit(hub, options):
    for file in options.files:
        request = contract.SubmitRequest()
        json_format.Parse(pathlib.Path(file).read_text(encoding="utf-8"), request.bericht)
        receipt = hub.Submit(request).receipt  # repeated as service-config.json says; the same id makes that safe
        if options.sleutel:
            bewijs.verify_receipt(receipt, request.bericht, options.sleutel)
        print(line(receipt), flush=True)


def receive(hub, options):
    inbox = open(options.files[0], "a+b")
    inbox.seek(0)
    whole = [entry for entry in inbox if entry.endswith(b"\n")]  # what broke off in a crash was never confirmed
    inbox.truncate(sum(map(len, whole)))
    last = int(json.loads(whole[-1])["postvaknummer"]) if whole else 0
    left, pause = options.aantal, 0.5
    while left != 0:
        try:
            for event in hub.Subscribe(contract.SubscribeRequest()):  # from the last confirmed one onwards
                pause, levering = 0.5, event.levering
                if not event.HasField("levering"):
                    continue  # a heartbeat
                if levering.postvaknummer <= last:
                    print(f"{levering.postvaknummer} was here already", file=sys.stderr, flush=True)
                elif last and levering.postvaknummer > last + 1:
                    raise ValueError(f"the hub left out number {last + 1}")
                else:
                    if options.sleutel and levering.HasField("bewijs"):
                        bewijs.verify_origin(levering, options.sleutel)
                    inbox.write(line(levering).encode() + b"\n")
                    inbox.flush()
                    os.fsync(inbox.fileno())  # first yours, then confirmed: never the other way round
                    last, left = levering.postvaknummer, left - 1
                hub.Acknowledge(contract.AcknowledgeRequest(tot_en_met=last))
                if left == 0:
                    break
        except grpc.RpcError as lost:
            if lost.code() not in PASSING:
                raise
            print(f"{lost.code().name}: again in {pause} s", file=sys.stderr, flush=True)
            time.sleep(pause)
            pause = min(2 * pause, 30)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="127.0.0.1:8443", metavar="HOST:PORT")
    parser.add_argument("--certs", type=pathlib.Path, default=ROOT / "certs-example", metavar="DIR")
    parser.add_argument("--als", required=True, metavar="NAAM")
    parser.add_argument("--sleutel", metavar="HEX")
    parser.add_argument("command", choices=["submit", "receive"])
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--aantal", type=int, default=-1, metavar="N")
    options = parser.parse_args()
    pem = [(options.certs / name).read_bytes() for name in ("ca.pem", f"{options.als}.key", f"{options.als}.pem")]
    config = (ROOT / "clients/service-config.json").read_text(encoding="utf-8")
    settings = [("grpc.service_config", config), ("grpc.keepalive_time_ms", 30_000)]
    with grpc.secure_channel(options.endpoint, grpc.ssl_channel_credentials(*pem), settings) as channel:
        try:
            {"submit": submit, "receive": receive}[options.command](services.ExchangeServiceStub(channel), options)
        except grpc.RpcError as refused:
            sys.exit(f"{refused.code().name}: {refused.details()}")
        except ValueError as wrong:
            sys.exit(f"INVALID: {wrong}")


if __name__ == "__main__":
    main()
