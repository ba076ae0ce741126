"""A partner's client, written from the .proto files alone: submits, fetches and verifies. It shares no code with the hub.

    client.py --endpoint HOST:PORT --ca CA.pem --cert CERT.pem --key KEY.pem submit BERICHT.json
    client.py --endpoint HOST:PORT --ca CA.pem --cert CERT.pem --key KEY.pem fetch [--na N]
    client.py --endpoint HOST:PORT --ca CA.pem --cert CERT.pem --key KEY.pem onbekend BERICHT.json
    client.py verify RECEIPT.json KEYHEX [--bericht BERICHT.json]
    client.py view LEVERING.json KEYHEX ROL OIN

Prints protobuf JSON with the names of the contract, a line per message. A refused call ends with status 1 and `CODE: text` on stderr.
"""

import argparse
import importlib
import pathlib
import sys
import tempfile

import grpc
import grpc_tools
from google.protobuf import json_format
from grpc_tools import protoc

import receipt
import verbintenis

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
UNKNOWN = b"\xb8\x3e\x01"  # field 999, a number; no message of the contract has it


EXCHANGE = ("bericht_pb2", "receipt_pb2", "exchange_service_pb2", "exchange_service_pb2_grpc")


def contract(*names):
    """Modules of messages and stubs, those of the exchange service unless others are named, from a directory that is gone afterwards."""
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    files = [str(path.relative_to(PROTO)) for path in sorted(PROTO.glob("jeugdketen/**/*.proto"))]
    with tempfile.TemporaryDirectory() as out:
        arguments = ["protoc", f"-I{PROTO}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
        if protoc.main(arguments + files) != 0:
            sys.exit("the contract does not compile")
        sys.path.insert(0, out)
        importlib.invalidate_caches()
        modules = [importlib.import_module(f"jeugdketen.hub.v1.{name}") for name in names or EXCHANGE]
        sys.path.remove(out)
    return modules


def read(path, message):
    return json_format.Parse(pathlib.Path(path).read_text(encoding="utf-8"), message)


def line(message):
    print(json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None), flush=True)


def connect(options):
    pem = [pathlib.Path(path).read_bytes() for path in (options.ca, options.key, options.cert)]
    return grpc.secure_channel(options.endpoint, grpc.ssl_channel_credentials(*pem))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--endpoint", "--ca", "--cert", "--key"):
        parser.add_argument(name)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("submit", "onbekend"):
        commands.add_parser(name).add_argument("file")
    commands.add_parser("fetch").add_argument("--na", type=int)
    verify = commands.add_parser("verify")
    verify.add_argument("receipt")
    verify.add_argument("key", type=bytes.fromhex)
    verify.add_argument("--bericht")
    view = commands.add_parser("view")
    view.add_argument("levering")
    view.add_argument("key", type=bytes.fromhex)
    view.add_argument("rol")
    view.add_argument("oin")
    options = parser.parse_args()

    bericht, receipts, exchange, stubs = contract()
    if options.command == "verify":
        message = read(options.bericht, bericht.Bericht()) if options.bericht else None
        try:
            one = read(options.receipt, receipts.Receipt())
            if message is None:
                receipt.verify(one, options.key)
            else:
                verbintenis.verify_receipt(one, options.key, message)
        except receipt.Invalid as why:
            sys.exit(f"ONGELDIG: {why}")
        return print("geldig")
    if options.command == "view":
        role = verbintenis.options().Rol.Value(f"ROL_{options.rol}")
        try:
            verbintenis.verify_view(read(options.levering, exchange.Levering()), options.key, role, options.oin)
        except receipt.Invalid as why:
            sys.exit(f"ONGELDIG: {why}")
        return print("geldig")

    with connect(options) as channel:
        hub = stubs.ExchangeServiceStub(channel)
        try:
            if options.command == "fetch":
                for levering in hub.Fetch(exchange.FetchRequest(na=options.na), timeout=30).leveringen:
                    line(levering)
                return None
            message = read(options.file, bericht.Bericht())
            if options.command == "onbekend":
                message.MergeFromString(UNKNOWN)  # kept as it is, and written again behind the known fields
            return line(hub.Submit(exchange.SubmitRequest(bericht=message), timeout=30).receipt)
        except grpc.RpcError as refused:
            sys.exit(f"{refused.code().name}: {refused.details()}")


if __name__ == "__main__":
    main()
