// A whole client of the hub, for every role: it submits, receives, deduplicates, confirms, tries again and verifies.
//
//   node dist/klant.js --als rechtbank submit BERICHT.json...         prints the receipt of each
//   node dist/klant.js --als gi receive INBOX.jsonl [--aantal N]      adds each delivery to the inbox, once; N: end after so many new ones
//
// The certificate says who you are: NAAM.pem and NAAM.key, beside ca.pem in --certs. With the public key of the hub (--sleutel, ask its
// operator) all that it signed is verified.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { type Bericht, type Levering, type Receipt, verifyOrigin, verifyReceipt } from "./bewijs.js";
import { call, canonical, connect, line, read, root, subscribe } from "./contract.js";

type Event = { gebeurtenis: { case: "levering"; value: Levering } | { case: "hartslag" } | { case: undefined } };

const { UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL, UNKNOWN } = grpc.status;
const passing = [UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL, UNKNOWN];

async function submit(hub: grpc.Client, files: string[], sleutel?: string) {
  for (const file of files) {
    const bericht = read("Bericht", readFileSync(file, "utf8")) as Bericht;
    const answer = await call(hub, "Submit", { bericht }); // repeated as service-config.json says; the same id makes that safe
    const { receipt } = answer as unknown as { receipt: Receipt };
    if (sleutel) verifyReceipt(receipt, bericht, sleutel, canonical);
    console.log(line("Receipt", receipt));
  }
}

async function receive(hub: grpc.Client, inbox: string, aantal: number, sleutel?: string) {
  const text = existsSync(inbox) ? readFileSync(inbox) : Buffer.alloc(0);
  const whole = text.subarray(0, text.lastIndexOf("\n") + 1); // what broke off in a crash was never confirmed
  if (whole.length < text.length) truncateSync(inbox, whole.length);
  const file = openSync(inbox, "a");
  const entries = whole.toString().trimEnd().split("\n");
  let last = BigInt(whole.length ? JSON.parse(entries.at(-1) ?? "").postvaknummer : 0);
  for (let [left, pause] = [aantal, 500]; left !== 0; ) {
    const stream = subscribe(hub);
    try {
      for await (const { gebeurtenis } of stream as AsyncIterable<Event>) {
        pause = 500;
        if (gebeurtenis.case !== "levering") continue; // a heartbeat
        const levering = gebeurtenis.value;
        if (levering.postvaknummer <= last) {
          console.error(`${levering.postvaknummer} was here already`);
        } else if (last && levering.postvaknummer > last + 1n) {
          throw new Error(`the hub left out number ${last + 1n}`);
        } else {
          if (sleutel && levering.bewijs) verifyOrigin(levering, sleutel, canonical);
          writeSync(file, line("Levering", levering) + "\n");
          fsyncSync(file); // first yours, then confirmed: never the other way round
          [last, left] = [levering.postvaknummer, left - 1];
        }
        await call(hub, "Acknowledge", { totEnMet: last });
        if (left === 0) break;
      }
    } catch (lost) {
      const code = (lost as grpc.ServiceError).code;
      if (!passing.includes(code)) throw lost;
      console.error(`${grpc.status[code]}: again in ${pause / 1000} s`);
      await sleep(pause);
      pause = Math.min(2 * pause, 30_000);
    } finally {
      stream.cancel();
    }
  }
  closeSync(file);
}

const text = { type: "string" } as const;
const { values, positionals } = parseArgs({ allowPositionals: true, options: { endpoint: text, certs: text, als: text, sleutel: text, aantal: text } });
const [command, ...files] = positionals;
if (!values.als || !files[0] || !["submit", "receive"].includes(command ?? "")) {
  console.error("klant.js --als NAAM [--endpoint HOST:PORT] [--certs DIR] [--sleutel HEX] submit FILE... | receive INBOX [--aantal N]");
  process.exit(2);
}
const hub = connect(values.endpoint ?? "127.0.0.1:8443", values.certs ?? join(root, "certs-example"), values.als);
try {
  if (command === "submit") await submit(hub, files, values.sleutel);
  else await receive(hub, files[0], Number(values.aantal ?? -1), values.sleutel);
} catch (wrong) {
  const { code, details, message } = wrong as grpc.ServiceError;
  console.error(code === undefined ? `INVALID: ${message}` : `${grpc.status[code]}: ${details}`);
  process.exitCode = 1;
} finally {
  hub.close();
}
