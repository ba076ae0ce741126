// The contract, read from its descriptors (there is no generated code), and a connection on which its calls can be made.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, createFileRegistry, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";

export const root = join(import.meta.dirname, "../../..");
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(join(root, "proto/image.binpb"))));

function kind(name: string): DescMessage {
  const found = registry.getMessage(`jeugdketen.hub.v1.${name}`);
  if (!found) throw new Error(`the contract has no ${name}`);
  return found;
}

/** The canonical form of a message, by its name in the contract. */
export const canonical = (name: string, message: Message) => toBinary(kind(name), message, { writeUnknownFields: false });
/** A message as protobuf JSON on one line. */
export const line = (name: string, message: Message) => toJsonString(kind(name), message, { useProtoFieldName: true, registry });
/** A message from protobuf JSON. */
export const read = (name: string, text: string) => fromJsonString(kind(name), text);

const path = (method: string) => `/jeugdketen.hub.v1.ExchangeService/${method}`;
const encode = (name: string) => (message: Message) => Buffer.from(toBinary(kind(name), message));
const decode = (name: string) => (bytes: Buffer) => fromBinary(kind(name), bytes);

/** Mutual TLS: `ca.pem`, and the certificate and key of `als`, in `certs`. Calls are repeated as `service-config.json` says. */
export function connect(endpoint: string, certs: string, als: string): grpc.Client {
  const [ca, key, certificate] = ["ca.pem", `${als}.key`, `${als}.pem`].map((file) => readFileSync(join(certs, file)));
  const config = readFileSync(join(root, "clients/service-config.json"), "utf8");
  const settings = { "grpc.service_config": config, "grpc.keepalive_time_ms": 30_000 };
  return new grpc.Client(endpoint, grpc.credentials.createSsl(ca, key, certificate), settings);
}

/** A call with one answer. */
export function call(hub: grpc.Client, method: string, request: Record<string, unknown>): Promise<Message> {
  const [ask, answer] = [`${method}Request`, `${method}Response`];
  return new Promise((done, fail) => {
    const settle = (error: grpc.ServiceError | null, value?: Message) => (value ? done(value) : fail(error));
    hub.makeUnaryRequest(path(method), encode(ask), decode(answer), create(kind(ask), request), settle);
  });
}

/** A subscription from the last confirmed delivery onwards. */
export function subscribe(hub: grpc.Client) {
  const ask = create(kind("SubscribeRequest"));
  return hub.makeServerStreamRequest(path("Subscribe"), encode("SubscribeRequest"), decode("SubscribeResponse"), ask);
}
